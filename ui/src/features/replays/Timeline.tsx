import { useState } from "react";
import { cx } from "@/components/basics";
import { Icon, type IconName } from "@/components/Icon";
import type { PlayerStore } from "@/components/player/playerStore";
import { usePlayer } from "@/components/player/Screen";
import type { Chapter, ErrorMark } from "@/lib/chapters";
import { clock, duration } from "@/lib/format";
import { isShort, type Recording } from "@/lib/recording/read";
import { axisTicks, findGaps, layoutChapters, mergeErrors } from "@/lib/timeline";

export const chapterIcon = (c: Chapter): IconName => (c.kind === "pageload" || c.kind === "navigation" ? "nav" : c.kind === "rage" ? "rage" : c.kind === "input" || c.kind === "key" ? "input" : "click");

const share = (x: number) => `${x * 100}%`;

/** Chapters as segments, then three lanes: what was done, what the browser and what the servers say. */
export function Timeline({ store, recording, chapters, errors, serverTimes }: { store: PlayerStore; recording: Recording; chapters: Chapter[]; errors: ErrorMark[]; serverTimes: number[] }) {
  const { start, end } = recording;
  const span = Math.max(1, end - start);
  const x = (at: number) => share(Math.max(0, Math.min(1, (at - start) / span)));
  const [peek, setPeek] = useState<number | null>(null);
  const acts = recording.frames.filter((f) => ["click", "input", "key", "slow", "dead"].includes(f.kind));
  const rage = recording.frames.filter((f) => f.kind === "rage");
  const navigations = recording.frames.filter((f) => f.kind === "navigation");
  const gaps = findGaps([...recording.frames.map((f) => f.at), ...errors.map((e) => e.at)], start, end, Math.max(20_000, span * 0.12));
  const own = errors.filter((e) => e.at >= start - 60_000 && e.at <= end + 60_000);
  const browser = mergeErrors(own.filter((e) => e.side === "browser"), start, end, 0.012);
  const server = mergeErrors(own.filter((e) => e.side === "server"), start, end, 0.012);
  const seekTo = (e: React.PointerEvent<HTMLElement>) => {
    const box = e.currentTarget.getBoundingClientRect();
    store.seek(Math.max(0, Math.min(1, (e.clientX - box.left) / box.width)) * span);
  };
  const hover = (e: React.PointerEvent<HTMLElement>) => {
    const box = e.currentTarget.getBoundingClientRect();
    setPeek(Math.max(0, Math.min(1, (e.clientX - box.left) / box.width)) * span);
    if (e.buttons === 1) seekTo(e);
  };
  const under = peek === null ? null : [...chapters].reverse().find((c) => c.at - start <= peek);
  return (
    <div className="tl">
      <div className="lab l0">
        <span>Chapters</span>
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
      <Slider store={store} span={span} chapters={chapters} start={start} onPointerDown={seekTo} onPointerMove={hover} onPointerLeave={() => setPeek(null)}>
        <div className="chs">
          {gaps.map((g) => (
            <span className="gap" key={g.left} style={{ left: share(g.left), width: share(g.width) }}>
              {g.width > 0.14 ? <span>idle {duration(g.ms)}</span> : null}
            </span>
          ))}
          {layoutChapters(chapters, start, end).map(({ chapter, left, width }) => (
            <span
              key={chapter.id}
              className={cx("seg-c", chapter.status === "failed" && "bad", chapter.status === "slow" && "slow", width < 0.1 && "ic")}
              style={{ left: share(left), width: share(width) }}
              title={`${chapter.label} · ${chapter.path}`}
            >
              {width < 0.03 ? null : width < 0.1 ? <Icon name={chapterIcon(chapter)} /> : chapter.label}
            </span>
          ))}
        </div>
        <div className="lane n1">
          {acts.map((f, i) => (
            <i className="bk" key={i} style={{ left: x(f.at) }} />
          ))}
          {rage.map((f, i) => (
            <i className="rg" key={i} style={{ left: x(f.at) }} title={`Rage click on ${f.title}`} />
          ))}
        </div>
        <div className="lane n2">
          {navigations.map((f, i) => (
            <i className="c" key={i} style={{ left: x(f.at) }} title={f.title} />
          ))}
          {browser.map((m) => (
            <i className={cx("x", m.errors.length > 1 && "n")} key={m.left} style={{ left: share(m.left) }} title={m.errors.map((e) => e.title).join("\n")}>
              {m.errors.length > 1 ? m.errors.length : null}
            </i>
          ))}
        </div>
        <div className="lane n3">
          {serverTimes.map((at, i) => (
            <i className="vi" key={i} style={{ left: x(at) }} />
          ))}
          {server.map((m) => (
            <i className={cx("x", m.errors.length > 1 && "n")} key={m.left} style={{ left: share(m.left) }} title={m.errors.map((e) => e.title).join("\n")}>
              {m.errors.length > 1 ? m.errors.length : null}
            </i>
          ))}
        </div>
        {peek !== null ? (
          <span className={cx("peek pop", peek / span > 0.75 && "left", peek / span < 0.25 && "right")} style={{ left: share(peek / span) }}>
            <b className="num">{clock(peek, isShort(recording))}</b>
            <span className="cut">{under?.label ?? ""}</span>
          </span>
        ) : null}
        <Head store={store} span={span} tenths={isShort(recording)} />
      </Slider>
      <div className="axis" aria-hidden="true">
        {axisTicks(span, 6).map((t) => (
          <span key={t} style={{ left: share(t / span) }}>
            {clock(t, isShort(recording) && t % 1000 > 0)}
          </span>
        ))}
      </div>
    </div>
  );
}

function Slider({ store, span, chapters, start, children, ...events }: { store: PlayerStore; span: number; chapters: Chapter[]; start: number; children: React.ReactNode } & React.DOMAttributes<HTMLDivElement>) {
  const second = usePlayer(store, (s) => Math.floor(s.at / 1000));
  const chapter = [...chapters].reverse().find((c) => c.at - start <= second * 1000 + 999);
  return (
    <div
      className="area"
      role="slider"
      tabIndex={0}
      aria-label="Position"
      aria-valuemin={0}
      aria-valuemax={Math.round(span / 1000)}
      aria-valuenow={second}
      aria-valuetext={`${clock(second * 1000)} of ${clock(span)}${chapter ? `, ${chapter.label}` : ""}`}
      {...events}
    >
      {children}
    </div>
  );
}

function Head({ store, span, tenths }: { store: PlayerStore; span: number; tenths: boolean }) {
  const at = usePlayer(store, (s) => s.at);
  const x = Math.min(1, at / span);
  return (
    <span className={cx("head", x > 0.95 && "end", x < 0.03 && "begin")} style={{ left: share(x) }}>
      <b>{clock(at, tenths)}</b>
    </span>
  );
}
