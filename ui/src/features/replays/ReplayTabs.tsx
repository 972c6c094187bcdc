import { Link } from "@tanstack/react-router";
import { useEffect, useRef, useState, type ReactNode } from "react";
import type { Replay } from "@/api/gen";
import type { ReplayTab } from "@/app/router";
import { cx, SideMark, Status } from "@/components/basics";
import { Icon } from "@/components/Icon";
import type { PlayerStore } from "@/components/player/playerStore";
import { usePlayer } from "@/components/player/Screen";
import { Middle } from "@/components/states";
import { Waterfall } from "@/components/Waterfall";
import { placeOf, type Chapter, type ChapterRequest, type ErrorMark } from "@/lib/chapters";
import { bytes, clock, count, duration } from "@/lib/format";
import { isShort, type Recording } from "@/lib/recording/read";
import type { Trace } from "@/lib/trace";
import { chapterIcon } from "./Timeline";

interface Props {
  org: string;
  tab: ReplayTab;
  onTab: (tab: ReplayTab) => void;
  store: PlayerStore;
  replay: Replay;
  recording: Recording;
  chapters: Chapter[];
  background: ChapterRequest[];
  errors: ErrorMark[];
  trace: Trace | null;
}

export function ReplayTabs(props: Props) {
  const { tab, onTab, recording, chapters, background, errors } = props;
  const log = recording.frames.filter((f) => f.kind === "console");
  const requests = [...chapters.flatMap((c) => c.requests), ...background].sort((a, b) => a.frame.at - b.frame.at);
  const tabs: { value: ReplayTab; label: string; n?: number }[] = [
    { value: "chapters", label: "Chapters", n: chapters.length },
    { value: "console", label: "Console", n: log.length },
    { value: "network", label: "Network", n: requests.length },
    { value: "errors", label: "Errors", n: errors.length },
    { value: "trace", label: "Trace" },
    { value: "memory", label: "Memory" },
  ];
  const move = (by: number) => {
    const i = tabs.findIndex((t) => t.value === tab);
    const next = tabs[(i + by + tabs.length) % tabs.length];
    if (!next) return;
    onTab(next.value);
    document.getElementById(`tab-${next.value}`)?.focus();
  };
  return (
    <>
      <div
        className="tabs"
        role="tablist"
        aria-label="What happened"
        tabIndex={-1}
        onKeyDown={(e) => {
          if (e.key === "ArrowRight" || e.key === "ArrowLeft") {
            e.preventDefault();
            e.stopPropagation();
            move(e.key === "ArrowRight" ? 1 : -1);
          }
        }}
      >
        {tabs.map((t) => (
          <button key={t.value} id={`tab-${t.value}`} type="button" role="tab" aria-selected={t.value === tab} aria-controls="panel" tabIndex={t.value === tab ? 0 : -1} onClick={() => onTab(t.value)}>
            {t.label}
            {t.n ? <span className="n">{count(t.n)}</span> : null}
          </button>
        ))}
      </div>
      <div id="panel" role="tabpanel" tabIndex={0} aria-labelledby={`tab-${tab}`} className="panel scroll-y">
        {tab === "chapters" ? <ChaptersTab {...props} /> : null}
        {tab === "console" ? <ConsoleTab {...props} /> : null}
        {tab === "network" ? <NetworkTab {...props} requests={requests} /> : null}
        {tab === "errors" ? <ErrorsTab {...props} /> : null}
        {tab === "trace" ? <TraceTab {...props} /> : null}
        {tab === "memory" ? <MemoryTab {...props} /> : null}
      </div>
    </>
  );
}

/** The row the playhead stands on: the last that began. -1 before the first. */
function useCurrent(store: PlayerStore, start: number, times: number[]): number {
  return usePlayer(store, (s) => times.findLastIndex((t) => t - start <= s.at + 50));
}

/** A row that comes into view when it becomes the current one, unless someone is reading elsewhere. */
function Follow({ current, className, children }: { current: boolean; className?: string; children: ReactNode }) {
  const row = useRef<HTMLLIElement>(null);
  useEffect(() => {
    const list = row.current?.closest<HTMLElement>(".panel");
    if (!current || !row.current || !list || list.matches(":hover")) return;
    const top = row.current.offsetTop - list.offsetTop;
    if (top < list.scrollTop || top + row.current.offsetHeight > list.scrollTop + list.clientHeight) list.scrollTo({ top: Math.max(0, top - 80) });
  }, [current]);
  return (
    <li ref={row} className={cx(className, current && "cur")} aria-current={current || undefined}>
      {children}
    </li>
  );
}

function ChaptersTab({ org, store, recording, chapters, background }: Props) {
  const current = useCurrent(store, recording.start, chapters.map((c) => c.at));
  const [opened, setOpened] = useState<string | null>(null);
  if (chapters.length === 0) return <Middle icon="click" title="No chapters">Nobody clicked, typed or went anywhere in this recording.</Middle>;
  return (
    <>
      <ol className="cl">
        {chapters.map((c, i) => {
          const open = i === current || opened === c.id;
          const failed = c.requests.filter((r) => (r.frame.request?.status ?? 0) >= 400);
          const length = Math.max(...c.requests.map((r) => r.frame.end - r.frame.at), 0);
          return (
            <Follow key={c.id} current={i === current}>
              <button
                type="button"
                className="ch"
                aria-expanded={open}
                onClick={() => {
                  setOpened(c.id);
                  store.seek(Math.max(0, c.at - recording.start - 1000));
                }}
              >
                <span className="tm">{clock(c.at - recording.start, isShort(recording))}</span>
                <Icon name={chapterIcon(c)} />
                <span className="what">
                  <b className="cut">{c.label}</b>
                  <span className="cut">{placeOf(c)}</span>
                </span>
                <span className="end">
                  {failed.length > 0 ? (
                    <span className="badge red">
                      {failed[0]?.frame.request?.status}
                      {failed.length > 1 ? ` ×${failed.length}` : ""}
                    </span>
                  ) : c.status === "slow" ? (
                    <span className="badge amber">slow</span>
                  ) : null}
                  {c.errors.length > 0 && failed.length === 0 ? <span className="badge red">error</span> : null}
                  {length > 0 ? <span>{duration(length)}</span> : null}
                </span>
              </button>
              {open && (c.requests.length > 0 || c.errors.length > 0) ? <ChapterBody org={org} chapter={c} /> : null}
            </Follow>
          );
        })}
      </ol>
      {background.length > 0 ? <p className="micro t3 below-l">{count(background.length)} background requests are in the Network tab.</p> : null}
    </>
  );
}

function ChapterBody({ org, chapter }: { org: string; chapter: Chapter }) {
  const timed = chapter.requests.flatMap((r) => [r.frame.at, r.frame.end, ...r.spans.flatMap((s) => [s.start, s.end])]);
  const from = Math.min(...timed);
  const span = Math.max(1, Math.max(...timed) - from);
  const bar = (a: number, b: number) => ({ left: `${((a - from) / span) * 100}%`, width: `${((b - a) / span) * 100}%` });
  return (
    <ol className="wf">
      {chapter.requests.map((r, i) => [
        <li key={`r${i}`}>
          <span className="mark fe" />
          <span className="w">
            <span className="vh">Browser: </span>
            <b className="cut">
              {r.frame.title} {r.frame.detail}
            </b>
            <Status status={r.frame.request?.status ?? null} />
          </span>
          <span className="bar">
            <i className={cx("fe", (r.frame.request?.status ?? 0) >= 500 && "x")} style={bar(r.frame.at, r.frame.end)} />
          </span>
          <span className="d">{duration(r.frame.end - r.frame.at)}</span>
        </li>,
        ...r.spans
          .filter((s) => s.isSegment || s.errors.length > 0 || s.end - s.start > 2)
          .slice(0, 12)
          .map((s) => (
            <li key={`${i}-${s.id}`}>
              <span className={s.side === "browser" ? "mark fe" : "mark be"} />
              <span className="w" style={{ paddingLeft: Math.min(s.depth, 5) * 12 }}>
                <span className="vh">{s.side === "browser" ? "Browser: " : "Server: "}</span>
                <b>{s.project}</b>
                <span className="cut">{s.name}</span>
              </span>
              <span className="bar">
                <i className={cx(s.side === "browser" && "fe", s.failed && "x")} style={bar(s.start, s.end)} />
              </span>
              <span className="d">{duration(s.end - s.start)}</span>
            </li>
          )),
      ])}
      {chapter.errors.map((e) => (
        <ErrorRow key={e.id} org={org} error={e} />
      ))}
    </ol>
  );
}

function ErrorRow({ org, error: e }: { org: string; error: ErrorMark }) {
  return (
    <li className="boomrow">
      <span className="mark er" />
      <span className="w">
        <span className="vh">{e.side === "browser" ? "Browser: " : "Server: "}</span>
        <b className="cut">{e.title}</b>
        <span className="cut">{e.project}</span>
      </span>
      {e.issueId ? (
        <Link className="acc med nowrap" to="/organizations/$org/issues/$issue/events/$event/" params={{ org, issue: e.issueId, event: e.id }}>
          {e.shortId || "Open"}
        </Link>
      ) : null}
    </li>
  );
}

function ConsoleTab({ store, recording }: Props) {
  const rows = recording.frames.filter((f) => f.kind === "console");
  const current = useCurrent(store, recording.start, rows.map((f) => f.at));
  if (rows.length === 0) return <Middle icon="console" title="The console stayed silent" />;
  return (
    <ol className="cl con">
      {rows.map((f, i) => (
        <Follow key={i} current={i === current}>
          <button type="button" className="ch" onClick={() => store.seek(f.at - recording.start)}>
            <span className="tm">{clock(f.at - recording.start, isShort(recording))}</span>
            <Icon name={f.level === "error" || f.level === "warning" ? "warn" : "console"} className={f.level === "error" ? "red" : f.level === "warning" ? "amber" : undefined} />
            <span className={cx("msg code", f.level === "error" ? "red" : f.level === "warning" ? "amber" : undefined)}>{f.detail}</span>
          </button>
        </Follow>
      ))}
    </ol>
  );
}

/** What the browser saw beside what the server says. */
function NetworkTab({ store, recording, requests, org }: Props & { requests: ChapterRequest[] }) {
  const current = useCurrent(store, recording.start, requests.map((r) => r.frame.at));
  const [open, setOpen] = useState(-1);
  if (requests.length === 0) return <Middle icon="http" title="No requests">This recording saw no fetch and no XHR.</Middle>;
  return (
    <div className="net">
      <div className="net-r net-h" aria-hidden="true">
        <span>Request</span>
        <span className="side fe">
          Browser
        </span>
        <span className="side be">
          Server
        </span>
      </div>
      <ol aria-label="Requests">
        {requests.map((r, i) => {
          const server = r.spans[0];
          const error = r.spans.flatMap((s) => s.errors)[0];
          const bad = (r.frame.request?.status ?? 0) >= 500;
          return (
            <Follow key={i} current={i === current} className={cx(bad && "hot")}>
              <button
                type="button"
                className="net-r"
                aria-expanded={open === i}
                onClick={() => {
                  setOpen(open === i ? -1 : i);
                  store.seek(r.frame.at - recording.start);
                }}
              >
                <span className={cx("code cut", bad && "t1")}>
                  {r.frame.title} {r.frame.detail}
                </span>
                <span className="two-v">
                  <Status status={r.frame.request?.status ?? null} /> <span className="num">{duration(r.frame.end - r.frame.at)}</span>
                </span>
                <span className="two-v">
                  {server ? (
                    <>
                      <span className="cut">
                        {error || server.failed ? <span className="red med">failed</span> : "ok"} <span className="t3">{(r.spans.find((s) => s.errors.length > 0) ?? server).project}</span>
                      </span>
                      <span className="num">{duration(server.end - server.start)}</span>
                    </>
                  ) : (
                    <span className="t4">no trace here</span>
                  )}
                </span>
              </button>
              {open === i ? <RequestDetail org={org} request={r} /> : null}
            </Follow>
          );
        })}
      </ol>
    </div>
  );
}

function RequestDetail({ request: r }: { org: string; request: ChapterRequest }) {
  const req = r.frame.request;
  if (!req) return null;
  const body = (v: unknown) => (v === undefined || v === null ? null : typeof v === "string" ? v : JSON.stringify(v, null, 2));
  return (
    <div className="net-d">
      <dl className="kv">
        <Pair k="URL" v={req.url} />
        <Pair k="Kind" v={req.kind} />
        {req.requestSize !== null ? <Pair k="Sent" v={bytes(req.requestSize)} /> : null}
        {req.responseSize !== null ? <Pair k="Received" v={bytes(req.responseSize)} /> : null}
        {Object.entries(req.requestHeaders).map(([k, v]) => (
          <Pair key={`q${k}`} k={`> ${k}`} v={v} />
        ))}
        {Object.entries(req.responseHeaders).map(([k, v]) => (
          <Pair key={`p${k}`} k={`< ${k}`} v={v} />
        ))}
      </dl>
      {body(req.requestBody) ? (
        <>
          <h2>Request body</h2>
          <pre className="json">{body(req.requestBody)}</pre>
        </>
      ) : null}
      {body(req.responseBody) ? (
        <>
          <h2>Response body</h2>
          <pre className="json">{body(req.responseBody)}</pre>
        </>
      ) : null}
      {r.spans.length > 0 ? (
        <>
          <h2>On the server</h2>
          <Waterfall spans={r.spans} />
        </>
      ) : null}
    </div>
  );
}

const Pair = ({ k, v }: { k: string; v: string }) => (
  <div className="kv-r">
    <dt className="cut" title={k}>
      {k}
    </dt>
    <dd className="code">{v}</dd>
  </div>
);

function ErrorsTab({ org, store, recording, errors }: Props) {
  const sorted = [...errors].sort((a, b) => a.at - b.at);
  const current = useCurrent(store, recording.start, sorted.map((e) => e.at));
  if (sorted.length === 0) return <Middle icon="check" title="No errors">Neither the browser nor a server reported an error in this session.</Middle>;
  return (
    <ol className="cl">
      {sorted.map((e, i) => {
        const outside = e.at < recording.start - 1000 || e.at > recording.end + 1000;
        return (
          <Follow key={e.id} current={i === current}>
            <div className="ch er">
              <button type="button" className="tm" disabled={outside} onClick={() => store.seek(e.at - recording.start)} title={outside ? "Outside the recording" : "Go to this moment"}>
                {outside ? (e.at > recording.end ? "later" : "before") : clock(e.at - recording.start, isShort(recording))}
              </button>
              <SideMark side={e.side} />
              <Link className="what" to="/organizations/$org/issues/$issue/events/$event/" params={{ org, issue: e.issueId, event: e.id }}>
                <b className="cut">{e.title}</b>
                <span className="cut">{e.project}</span>
              </Link>
              <span className="end acc">{e.shortId}</span>
            </div>
          </Follow>
        );
      })}
    </ol>
  );
}

function TraceTab({ trace, store, recording }: Props) {
  if (!trace || trace.spans.length === 0) {
    return (
      <Middle icon="trace" title="No trace">
        None of this session’s requests reached a service that reports here, or tracing is off.
      </Middle>
    );
  }
  return (
    <div className="tr-pad">
      <Waterfall spans={trace.spans} onPick={(s) => store.seek(s.start - recording.start)} />
    </div>
  );
}

function MemoryTab({ recording, replay, store }: Props) {
  const points = recording.frames.filter((f) => f.kind === "memory");
  const vitals = recording.frames.filter((f) => f.kind === "vital");
  const tags = Object.entries(replay.tags);
  const max = Math.max(1, ...points.map((p) => p.value ?? 0));
  const span = Math.max(1, recording.end - recording.start);
  const xy = points.map((p) => [((p.at - recording.start) / span) * 440, 96 - ((p.value ?? 0) / max) * 88] as const);
  return (
    <div className="mem">
      <h2>JS heap</h2>
      {points.length > 1 ? (
        <>
          <svg viewBox="0 0 440 100" className="heap" role="img" aria-label={`Used heap between ${bytes(Math.min(...points.map((p) => p.value ?? 0)))} and ${bytes(max)}`}>
            <polyline points={xy.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ")} />
            <HeapHead store={store} span={span} />
          </svg>
          <p className="micro t3 num">up to {bytes(max)}</p>
        </>
      ) : (
        <p className="small t3">Only Chromium reports its heap, once per flush.</p>
      )}
      <h2>Web vitals</h2>
      {vitals.length > 0 ? (
        <dl className="kv">
          {vitals.map((v, i) => (
            <div className="kv-r" key={i}>
              <dt>
                {v.title.replaceAll("-", " ")} <span className="t4 num">{clock(v.at - recording.start, isShort(recording))}</span>
              </dt>
              <dd>
                <span className="num">{v.title === "cumulative-layout-shift" ? (v.value ?? 0).toFixed(3) : duration(v.value ?? 0)}</span> {v.rating ? <span className={v.rating === "good" ? "green" : v.rating === "poor" ? "red" : "amber"}>{v.rating}</span> : null}
              </dd>
            </div>
          ))}
        </dl>
      ) : (
        <p className="small t3">None was reported.</p>
      )}
      <h2>Tags</h2>
      {tags.length > 0 ? (
        <dl className="kv">
          {tags.map(([k, v]) => (
            <Pair key={k} k={k} v={v.join(", ")} />
          ))}
        </dl>
      ) : (
        <p className="small t3">None was set.</p>
      )}
      <h2>Session</h2>
      <dl className="kv">
        <Pair k="replay id" v={replay.id} />
        <Pair k="sdk" v={[replay.sdk.name, replay.sdk.version].filter(Boolean).join(" ")} />
        <Pair k="kept because" v={replay.replay_type === "buffer" ? "an error happened" : "the session was sampled"} />
        {replay.environment ? <Pair k="environment" v={replay.environment} /> : null}
        {replay.user.id ? <Pair k="user id" v={replay.user.id} /> : null}
        {replay.user.email ? <Pair k="user e-mail" v={replay.user.email} /> : null}
        {replay.user.ip ? <Pair k="user ip" v={replay.user.ip} /> : null}
      </dl>
    </div>
  );
}

function HeapHead({ store, span }: { store: PlayerStore; span: number }) {
  const at = usePlayer(store, (s) => Math.round((s.at / span) * 440));
  return <line x1={at} x2={at} y1="0" y2="100" />;
}
