import { useMemo, useRef, useState, type PointerEvent, type ReactNode } from "react";
import { cx } from "@/components/basics";
import { Icon, type IconName } from "@/components/Icon";
import type { PlayerStore } from "@/components/player/playerStore";
import { usePlayer } from "@/components/player/Screen";
import type { Chapter } from "@/lib/chapters";
import { clock, duration, plural } from "@/lib/format";
import type { Lost } from "@/lib/recording/lost";
import { axisTicks, findGaps, layoutChapters, mergeErrors, mergeMoments, zoomBy, zoomTo, type Marker, type Stretch } from "@/lib/timeline";
import type { Side } from "@/lib/trace";
import { itemIcon, itemWord, mergeItems, worstOf, type ItemGroup, type ItemMark } from "./items";
import type { Session } from "./useSession";

export const chapterIcon = (c: Chapter): IconName => (c.kind === "pageload" || c.kind === "navigation" ? "nav" : c.kind === "rage" ? "rage" : c.kind === "input" ? "input" : "click");

const share = (x: number) => `${x * 100}%`;
const NEAR = 0.012; // of the width: 8 px of 700
const FAR = 0.045; // so far apart that each can carry a number of three digits
const ICON = 0.022; // of the width: 15 px of 700, what an icon takes
const MANY = 60;

const errorsOf = (session: Session, side: Side, from: number, to: number): Marker[] => {
  const errors = session.errors.filter((e) => e.side === side);
  return mergeErrors(errors, from, to, errors.length > MANY ? FAR : NEAR);
};
/** What a lane shows beside its errors: work that failed with an error is told by that. */
const itemsOf = (session: Session, side: Side, from: number, to: number): ItemGroup[] => {
  const errors = session.errors.filter((e) => e.side === side);
  const near = ICON * (to - from);
  const shown = session.items.filter((i) => i.kind !== "feedback" && i.side === side && !(i.kind === "work" && i.level === "error" && errors.some((e) => Math.abs(e.at - i.at) < near)));
  return mergeItems(shown, from, to, ICON);
};
const DRAG_PX = 6;

/** Chapters as segments, then three lanes: what was done, what the browser and what the servers say. Drag to zoom. */
export function Timeline({ store, start, end, session, lost, preview }: { store: PlayerStore; start: number; end: number; session: Session; lost: Lost[]; preview?: (at: number) => ReactNode }) {
  const whole = { from: start, to: Math.max(end, start + 1) };
  const [zoom, setZoom] = useState<Stretch | null>(null);
  const view = zoom ?? whole;
  const span = view.to - view.from;
  const [peek, setPeek] = useState<number | null>(null);
  const [drag, setDrag] = useState<{ a: number; b: number } | null>(null);
  const pressed = useRef<{ x: number; at: number; mark: number | null } | null>(null);
  const at = (e: PointerEvent<HTMLElement>) => {
    const box = e.currentTarget.getBoundingClientRect();
    return view.from + Math.max(0, Math.min(1, (e.clientX - box.left) / box.width)) * span;
  };
  const onDown = (e: PointerEvent<HTMLElement>) => {
    if (e.button !== 0) return;
    e.currentTarget.setPointerCapture(e.pointerId);
    const mark = e.target instanceof Element ? e.target.closest<HTMLElement>("[data-at]") : null;
    pressed.current = { x: e.clientX, at: at(e), mark: mark ? Number(mark.dataset.at) : null };
  };
  const onMove = (e: PointerEvent<HTMLElement>) => {
    setPeek(at(e));
    const p = pressed.current;
    if (p && Math.abs(e.clientX - p.x) > DRAG_PX) setDrag({ a: p.at, b: at(e) });
  };
  const onUp = (e: PointerEvent<HTMLElement>) => {
    const p = pressed.current;
    pressed.current = null;
    setDrag(null);
    if (!p) return;
    if (Math.abs(e.clientX - p.x) <= DRAG_PX) return store.seek(Math.max(0, (p.mark ?? at(e)) - start));
    const next = zoomTo(p.at, at(e), whole);
    if (next) setZoom(next);
  };
  const around = (factor: number) => {
    const next = zoomBy(factor, Math.max(view.from, Math.min(view.to, start + store.state.at)), view, whole);
    setZoom(next.from === whole.from && next.to === whole.to ? null : next);
  };
  const onKey = (e: React.KeyboardEvent) => {
    if (e.key === "+" || e.key === "=") around(0.5);
    else if (e.key === "-") around(2);
    else if (e.key === "0") setZoom(null);
    else if (e.key === "Home") store.seek(0);
    else if (e.key === "End") store.seek(end - start - 1);
    else return;
    e.preventDefault();
  };
  const under = peek === null ? null : session.chapters.findLast((c) => c.at <= peek);
  return (
    <div className="tl">
      <Labels zoomed={zoom !== null} onReset={() => setZoom(null)} />
      <Slider
        store={store}
        length={end - start}
        chapters={session.chapters}
        start={start}
        onPointerDown={onDown}
        onPointerMove={onMove}
        onPointerUp={onUp}
        onPointerLeave={() => setPeek(null)}
        onPointerCancel={() => ((pressed.current = null), setDrag(null))}
        onDoubleClick={() => setZoom(null)}
        onKeyDown={onKey}
      >
        <Lanes session={session} lost={lost} from={view.from} to={view.to} />
        {drag ? <span className="zoom" style={{ left: share((Math.min(drag.a, drag.b) - view.from) / span), width: share(Math.abs(drag.b - drag.a) / span) }} /> : null}
        {peek !== null && !drag ? (
          <span className={cx("peek pop", (peek - view.from) / span > 0.75 && "left", (peek - view.from) / span < 0.25 && "right")} style={{ left: share((peek - view.from) / span) }}>
            {preview?.(peek - start)}
            <span className="peek-t">
              <b className="num">{clock(peek - start, span < 60_000)}</b>
              <span className="cut">{under?.label ?? ""}</span>
            </span>
          </span>
        ) : null}
        <Head store={store} start={start} view={view} />
      </Slider>
      <div className="axis" aria-hidden="true">
        {axisTicks(span, 6).map((t) => (
          <span key={t} className={t / span > 0.96 ? "last" : undefined} style={{ left: share(t / span) }}>
            {clock(view.from - start + t, span < 60_000)}
          </span>
        ))}
      </div>
    </div>
  );
}

function Labels({ zoomed, onReset }: { zoomed: boolean; onReset: () => void }) {
  return (
    <>
      <div className="lab l0">
        {zoomed ? (
          <button type="button" className="acc micro" onClick={onReset} title="Show the whole session (0, or double click)">
            Zoom out
          </button>
        ) : (
          <span>Chapters</span>
        )}
      </div>
      <div className="lab l1">
        <Icon name="click" size="s" />
        <span>Actions</span>
      </div>
      <div className="lab side fe l2">
        <span>Browser</span>
      </div>
      <div className="lab side be l3">
        <span>Server</span>
      </div>
    </>
  );
}

/** What does not move with the playhead: drawn once per view. */
function Lanes({ session, lost, from, to }: { session: Session; lost: Lost[]; from: number; to: number }) {
  const drawn = useMemo(() => {
    const times = (kinds: string[]) => session.frames.filter((f) => kinds.includes(f.kind)).map((f) => f.at);
    const requests = [...session.chapters.flatMap((c) => c.requests), ...session.background];
    const active = [...session.frames.filter((f) => f.kind !== "memory" && f.kind !== "vital").map((f) => f.at), ...session.errors.map((e) => e.at)];
    const gone = lost.filter((l) => l.to > from && l.from < to).map((l) => ({ left: Math.max(0, (l.from - from) / (to - from)), width: (Math.min(to, l.to) - Math.max(from, l.from)) / (to - from), ms: l.to - l.from }));
    return {
      chapters: layoutChapters(session.chapters, from, to),
      gaps: findGaps(active, from, to, Math.max(20_000, (to - from) * 0.12)),
      gone,
      acts: mergeMoments(times(["click", "input", "key", "slow"]), from, to, NEAR / 4),
      dead: mergeMoments(times(["dead"]), from, to, NEAR),
      rage: mergeMoments(times(["rage"]), from, to, NEAR),
      navigations: mergeMoments(times(["navigation"]), from, to, NEAR),
      work: mergeMoments(requests.flatMap((r) => (r.spans[0] ? [r.spans[0].start] : [])), from, to, NEAR / 4),
      browser: errorsOf(session, "browser", from, to),
      server: errorsOf(session, "server", from, to),
      said: mergeItems(session.items.filter((i) => i.kind === "feedback"), from, to, ICON),
      ofBrowser: itemsOf(session, "browser", from, to),
      ofServer: itemsOf(session, "server", from, to),
    };
  }, [session, lost, from, to]);
  return (
    <>
      <div className="chs">
        {drawn.gaps.map((g) => (
          <span className="gap" key={g.left} style={{ left: share(g.left), width: share(g.width) }}>
            {g.width > 0.14 ? <span>idle {duration(g.ms)}</span> : null}
          </span>
        ))}
        {drawn.gone.map((g) => (
          <span className="gap lost" key={g.left} style={{ left: share(g.left), width: share(g.width) }} title={`${duration(g.ms)} of the recording never came in`}>
            {g.width > 0.1 ? <span>lost {duration(g.ms)}</span> : null}
          </span>
        ))}
        {drawn.chapters.map(({ chapter, left, width }) => (
          <span
            key={chapter.id}
            className={cx("seg-c", (chapter.status === "failed" || chapter.status === "error") && "bad", chapter.status === "slow" && "slow", width < 0.1 && "ic")}
            style={{ left: share(left), width: share(width) }}
            title={`${chapter.label} · ${chapter.path}`}
          >
            {width < 0.03 ? null : width < 0.1 ? <Icon name={chapterIcon(chapter)} /> : chapter.label}
          </span>
        ))}
      </div>
      <div className="lane n1">
        {drawn.acts.map((m) => (
          <i className="bk" key={m.left} style={{ left: share(m.left) }} />
        ))}
        {drawn.dead.map((m) => (
          <i className="rg dd" key={m.left} style={{ left: share(m.left) }} title={plural(m.n, "dead click")} />
        ))}
        {drawn.rage.map((m) => (
          <i className="rg" key={m.left} style={{ left: share(m.left) }} title={plural(m.n, "rage click")} />
        ))}
        <Items groups={drawn.said} />
      </div>
      <div className="lane n2">
        {drawn.navigations.map((m) => (
          <i className="c" key={m.left} style={{ left: share(m.left) }} title={m.n > 1 ? `${m.n} pages` : "Another page"} />
        ))}
        <Items groups={drawn.ofBrowser} />
        <Errors marks={drawn.browser} />
      </div>
      <div className="lane n3">
        {drawn.work.map((m) => (
          <i className="vi" key={m.left} style={{ left: share(m.left) }} />
        ))}
        <Items groups={drawn.ofServer} />
        <Errors marks={drawn.server} />
      </div>
    </>
  );
}

/** Each with the icon of its kind, in the colour of how bad it is. */
const Items = ({ groups }: { groups: ItemGroup[] }) =>
  groups.map(({ left, items }) => {
    const worst = worstOf(items);
    if (!worst) return null;
    const named = items.slice(0, 5).map((i) => `${itemWord(i)}: ${i.title}`);
    return (
      <i className={cx("it", tone(worst))} key={left} style={{ left: share(left) }} data-at={worst.at} title={[...named, ...(items.length > 5 ? [`and ${items.length - 5} more`] : [])].join("\n")}>
        <Icon name={itemIcon[worst.kind]} />
      </i>
    );
  });

const tone = (i: ItemMark): string | false => (i.level === "error" ? "red" : i.level === "warning" ? "amber" : i.kind === "feedback" ? "acc" : false);

const Errors = ({ marks }: { marks: Marker[] }) =>
  marks.map((m) => {
    const n = m.errors.length;
    const named = m.errors.slice(0, 5).map((e) => e.title);
    return (
      <i className={cx("x", n > 1 && "n")} key={m.left} style={{ left: share(m.left) }} title={[...named, ...(n > 5 ? [`and ${n - 5} more`] : [])].join("\n")}>
        {n > 1 ? (n > 999 ? "999+" : n) : null}
      </i>
    );
  });

function Slider({ store, length, chapters, start, children, ...events }: { store: PlayerStore; length: number; chapters: Chapter[]; start: number; children: ReactNode } & React.DOMAttributes<HTMLDivElement>) {
  const second = usePlayer(store, (s) => Math.floor(s.at / 1000));
  const chapter = chapters.findLast((c) => c.at - start <= second * 1000 + 999);
  return (
    <div
      className="area"
      role="slider"
      tabIndex={0}
      aria-label="Position"
      aria-valuemin={0}
      aria-valuemax={Math.round(length / 1000)}
      aria-valuenow={Math.min(second, Math.round(length / 1000))}
      aria-valuetext={`${clock(second * 1000)} of ${clock(length)}${chapter ? `, ${chapter.label}` : ""}`}
      {...events}
    >
      {children}
    </div>
  );
}

function Head({ store, start, view }: { store: PlayerStore; start: number; view: Stretch }) {
  const at = usePlayer(store, (s) => s.at);
  const x = (start + at - view.from) / (view.to - view.from);
  if (x < -0.001 || x > 1.2) return null;
  const shown = Math.max(0, Math.min(1, x));
  return (
    <span className={cx("head", shown > 0.95 && "end", shown < 0.03 && "begin")} style={{ left: share(shown) }}>
      <b>{clock(at, view.to - view.from < 60_000)}</b>
    </span>
  );
}
