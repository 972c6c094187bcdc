import { useEffect, useRef } from "react";
import { cx } from "@/components/basics";
import { Icon } from "@/components/Icon";
import type { PlayerStore } from "@/components/player/playerStore";
import { Screen, speeds, usePlayer } from "@/components/player/Screen";
import { UrlBar } from "@/components/player/UrlBar";
import { useFollow } from "@/components/player/useFollow";
import type { useRecording } from "@/components/player/useRecording";
import type { Session } from "@/features/replays/useSession";
import { clock, duration } from "@/lib/format";
import { setPreference } from "@/lib/preferences";
import "./clip.css";

export const CLIP_MS = 5000;

/**
 * The clip around an error, ms since the recording's start: from five seconds before to five after. Of an error
 * outside the recording it is the end that is nearest.
 */
export function clipOf(error: number, start: number, end: number): { from: number; to: number } {
  const at = Math.max(start, Math.min(end, error));
  return { from: Math.max(0, at - CLIP_MS - start), to: Math.max(0, Math.min(end, at + CLIP_MS) - start) };
}

function whereIs(ms: number, what: string): string {
  const s = Math.round(ms / 1000);
  if (s === 0) return `at ${what}`;
  return `${Math.abs(s) < 60 ? `${Math.abs(s)} s` : duration(Math.abs(ms))} ${s < 0 ? "before" : "after"} ${what}`;
}

interface Props {
  store: PlayerStore;
  recording: ReturnType<typeof useRecording>;
  session: Session | null;
  /** When the error happened, and the recording begins and ends: ms since the epoch. */
  error: number;
  start: number;
  end: number;
  marks: ClipMark[];
  label: string;
  /** What the moment is of, as one says it. */
  what?: string;
}

export interface ClipMark {
  at: number;
  kind: "act" | "error";
  label: string;
}

/** The clip: from five seconds before the error to five after it, playing on opening. */
export function ReplayClip({ store, recording, session, error, marks, start, end, label, what = "the error" }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const { from, to } = clipOf(error, start, end);
  const playing = usePlayer(store, (s) => s.playing);
  const at = usePlayer(store, (s) => s.at);
  const speed = usePlayer(store, (s) => s.speed);
  const head = recording.head;
  const appended = useRef(0);
  const more = useRef(false);
  useEffect(() => {
    more.current = !recording.followed;
  });
  useEffect(() => {
    if (!head) return;
    const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    store.load(head.dom, { at: still ? Math.min(Math.max(from, error - start), to) : from, play: !still, until: Math.max(to, from + 500), more: more.current, base: Math.max(0, head.start - start) });
    appended.current = 0;
  }, [store, head, from, to, error, start]);
  useFollow(store, head, recording, appended);
  const inClip = Math.max(0, Math.min(1, (at - from) / Math.max(1, to - from)));
  const where = whereIs(at - (error - start), what);
  const jump = (by: 1 | -1) => {
    const stops = [from, ...marks.map((m) => m.at - start), to].sort((a, b) => a - b);
    const next = by > 0 ? stops.find((m) => m > at + 60) : [...stops].reverse().find((m) => m < at - 60);
    if (next !== undefined) store.seek(Math.min(next, to - 1));
  };
  const percent = (t: number) => `${((t - start - from) / Math.max(1, to - from)) * 100}%`;
  const onKey = (e: React.KeyboardEvent) => {
    const by = e.key === "ArrowRight" ? 1000 : e.key === "ArrowLeft" ? -1000 : 0;
    if (by === 0) return;
    e.preventDefault();
    store.seek(Math.max(from, Math.min(to, at + by)));
  };
  return (
    <div className="player" ref={place}>
      <UrlBar views={session?.views ?? []} frames={session?.frames ?? []} at={start + at} />
      <Screen store={store} label={label} />
      <div
        className="clip"
        role="slider"
        tabIndex={0}
        aria-label={`Clip, five seconds either side of ${what}`}
        aria-valuemin={0}
        aria-valuemax={Math.round((to - from) / 1000)}
        aria-valuenow={Math.round((at - from) / 1000)}
        aria-valuetext={where}
        onKeyDown={onKey}
        onPointerDown={(e) => {
          const box = e.currentTarget.getBoundingClientRect();
          store.seek(from + ((e.clientX - box.left) / box.width) * (to - from));
        }}
      >
        <span className="trk" />
        <span className="done" style={{ width: `${inClip * 100}%` }} />
        {marks
          .filter((m) => m.at - start >= from && m.at - start <= to)
          .map((m, i) => (
            <span key={i} className={cx("mk", m.kind === "error" ? "x" : "u")} style={{ left: percent(m.at) }} title={m.label} />
          ))}
        <span className="hd" style={{ left: `${inClip * 100}%` }} />
      </div>
      <div className="ctl">
        <button type="button" className="pb go" aria-label={playing ? "Pause (space)" : "Play (space)"} onClick={store.toggle}>
          <Icon name={playing ? "pause" : "play"} size="s" />
        </button>
        <span className="clock">
          <b>{clock(at)}</b>
          <span className="hide-s"> · {where}</span>
        </span>
        <span className="sp" />
        <button type="button" className="pb" aria-label="Previous moment" onClick={() => jump(-1)}>
          <Icon name="prev" size="s" />
        </button>
        <button type="button" className="pb" aria-label="Next moment" onClick={() => jump(1)}>
          <Icon name="next" size="s" />
        </button>
        <button
          type="button"
          className="pb txt"
          aria-label={`Speed ${speed}`}
          onClick={() => {
            const next = speeds[(speeds.indexOf(speed) + 1) % speeds.length] ?? 1;
            store.setSpeed(next);
            setPreference("speed", next);
          }}
        >
          {speed}×
        </button>
        <button type="button" className="pb" aria-label="Full screen" onClick={() => void place.current?.requestFullscreen()}>
          <Icon name="full" size="s" />
        </button>
      </div>
    </div>
  );
}
