import { useMemo, useState } from "react";
import type { ExceptionValue, Frame } from "@/api/gen";
import { cx, Segmented } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { plural } from "@/lib/format";
import { highlight, languageOf } from "@/lib/highlight";
import { unmapped } from "./mapping";

type View = "own" | "all" | "raw";

/** The exceptions of an event, newest first: the one that was raised, then what caused it. */
export function StackTrace({ exceptions }: { exceptions: ExceptionValue[] }) {
  const [view, setView] = useState<View>("own");
  const [minified, setMinified] = useState(false);
  const shown = [...exceptions].reverse();
  const mapped = exceptions.some((e) => e.rawStacktrace !== null);
  const framesOf = (e: ExceptionValue | undefined) => ((minified ? (e?.rawStacktrace ?? e?.stacktrace) : e?.stacktrace)?.frames ?? []);
  const frames = framesOf(shown[0]);
  const own = frames.filter((f) => f.inApp).length;
  return (
    <section className="sec" aria-labelledby="stack">
      <div className="sec-h">
        <h2 id="stack">Stack trace</h2>
        <span className="sub">{frames.length > 0 ? `${own} of ${plural(frames.length, "frame")} ${own === 1 ? "is" : "are"} yours` : "none was sent"}</span>
        <span className="sp" />
        {mapped && view !== "raw" ? (
          <Segmented
            label="Code"
            value={minified ? "ran" : "wrote"}
            onChange={(v) => setMinified(v === "ran")}
            options={[
              { value: "wrote", label: "Source" },
              { value: "ran", label: "Minified" },
            ]}
          />
        ) : null}
        <Segmented
          label="Frames"
          value={view}
          onChange={setView}
          options={[
            { value: "own", label: "Yours" },
            { value: "all", label: "All" },
            { value: "raw", label: "Raw" },
          ]}
        />
      </div>
      {shown.map((e, i) => (
        <div key={i} className="exc">
          {shown.length > 1 ? (
            <p className="exc-h">
              <span className="t3">{i === 0 ? "Raised" : "Caused by"}</span>
              <b className="t1">{e.type}</b>
              <span className="cut">{e.value}</span>
            </p>
          ) : null}
          {view === "raw" ? <Raw exception={e} /> : <Frames key={String(minified)} frames={[...framesOf(e)].reverse()} all={view === "all"} />}
        </div>
      ))}
    </section>
  );
}

/** Library frames in a row become one line that opens in place. */
function groups(frames: Frame[], all: boolean): (Frame | Frame[])[] {
  const out: (Frame | Frame[])[] = [];
  const hasOwn = frames.some((f) => f.inApp);
  for (const f of frames) {
    const prev = out.at(-1);
    if (all || f.inApp || !hasOwn) out.push(f);
    else if (Array.isArray(prev)) prev.push(f);
    else out.push([f]);
  }
  return out;
}

function Frames({ frames, all }: { frames: Frame[]; all: boolean }) {
  if (frames.length === 0) return <p className="small t3">This exception came without a stack trace.</p>;
  const items = groups(frames, all);
  const firstOwn = items.findIndex((x) => !Array.isArray(x) && x.inApp);
  return (
    <div className="frames">
      {items.map((item, i) => (Array.isArray(item) ? <Folded key={i} frames={item} /> : <FrameRow key={i} frame={item} open={i === (firstOwn < 0 ? 0 : firstOwn)} />))}
    </div>
  );
}

function Folded({ frames }: { frames: Frame[] }) {
  const [open, setOpen] = useState(false);
  const packages = [...new Set(frames.map((f) => (f.package ?? f.module ?? f.filename ?? "").split(/[/.]/).filter(Boolean).slice(0, 3).join("/")).filter(Boolean))];
  if (open) return frames.map((f, i) => <FrameRow key={i} frame={f} open={false} />);
  return (
    <div className="frame lib">
      <button type="button" className="fh" aria-expanded={false} onClick={() => setOpen(true)}>
        <Icon name="right" size="s" />
        <span className="cut">
          {plural(frames.length, "frame")}
          {packages.length > 0 ? ` from ${packages.slice(0, 2).join(" and ")}${packages.length > 2 ? " and others" : ""}` : ""}
        </span>
      </button>
    </div>
  );
}

function FrameRow({ frame, open: initially }: { frame: Frame; open: boolean }) {
  const why = unmapped(frame.mapping);
  const hasBody = frame.context.length > 0 || Object.keys(frame.vars ?? {}).length > 0 || why !== undefined;
  const [open, setOpen] = useState(initially && hasBody);
  const code = useMemo(() => (open ? highlight(frame.context.map(([, line]) => line), languageOf(frame.filename ?? frame.absPath, frame.platform)) : []), [open, frame]);
  return (
    <div className={cx("frame", !frame.inApp && "lib")}>
      <button type="button" className="fh" aria-expanded={open} disabled={!hasBody} onClick={() => setOpen(!open)}>
        {hasBody ? <Icon name={open ? "down" : "right"} size="s" /> : <span className="fh-gap" />}
        <span className="cut">
          <b>{place(frame)}</b>
          {frame.lineNo !== null ? `:${frame.lineNo}` : ""}
          {frame.colNo !== null ? <span className="t4">:{frame.colNo}</span> : null}
        </span>
        <span className="cut">{frame.function ? `in ${frame.function}` : ""}</span>
        {why ? (
          <>
            <span className="sp" />
            <span className="badge">not mapped</span>
          </>
        ) : null}
      </button>
      {open && why ? (
        <div className="unmapped">
          <p>
            {why.why} {frame.mapping?.detail ? <span className="code">{frame.mapping.detail}</span> : null}
          </p>
          {why.fix ? <p className="t3">{why.fix}</p> : null}
          {frame.mapping?.debugId ? <p className="t3">Debug id <span className="code">{frame.mapping.debugId}</span></p> : null}
        </div>
      ) : null}
      {open && frame.context.length > 0 ? (
        <div className="src">
          {frame.context.map(([n], i) => (
            <div key={n} className={n === frame.lineNo ? "hit" : undefined}>
              <span>{n}</span>
              <span>
                {code[i]?.map((t, k) =>
                  t.kind ? (
                    <span key={k} className={t.kind}>
                      {t.text}
                    </span>
                  ) : (
                    t.text
                  ),
                )}
              </span>
            </div>
          ))}
        </div>
      ) : null}
      {open && Object.keys(frame.vars ?? {}).length > 0 ? (
        <dl className="kv vars">
          {Object.entries(frame.vars).map(([k, v]) => (
            <div key={k} className="kv-r">
              <dt className="code">{k}</dt>
              <dd className="code">{typeof v === "string" ? v : JSON.stringify(v)}</dd>
            </div>
          ))}
        </dl>
      ) : null}
    </div>
  );
}

export const place = (f: Frame) => f.filename ?? f.absPath ?? f.module ?? "?";

function Raw({ exception }: { exception: ExceptionValue }) {
  const frames = (exception.rawStacktrace ?? exception.stacktrace)?.frames ?? [];
  const lines = [`${exception.type ?? ""}: ${exception.value ?? ""}`, ...[...frames].reverse().map((f) => `    at ${f.function ?? "?"} (${f.absPath ?? place(f)}${f.lineNo !== null ? `:${f.lineNo}` : ""}${f.colNo !== null ? `:${f.colNo}` : ""})`)];
  return <pre className="json">{lines.join("\n")}</pre>;
}
