import { Link } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import type { Replay, ReplayLink } from "@/api/gen";
import { cx, Tier } from "@/components/basics";
import { Icon } from "@/components/Icon";
import type { PlayerStore } from "@/components/player/playerStore";
import { Screen, speeds, usePlayer } from "@/components/player/Screen";
import { UrlBar } from "@/components/player/UrlBar";
import { Failed } from "@/components/states";
import { whoOf } from "@/components/who";
import { ago, clock, plural } from "@/lib/format";
import { useNow } from "@/lib/now";
import type { Recording } from "@/lib/recording/read";
import { setPreference } from "@/lib/preferences";
import { whyNoReplay } from "./noReplay";

export const CLIP_MS = 5000;

export interface ClipMark {
  at: number;
  kind: "act" | "error";
  label: string;
}

/** The clip: from five seconds before the error to five after it, playing on opening. */
export function ReplayClip({ store, recording, error, marks, start, label }: { store: PlayerStore; recording: Recording; error: number; marks: ClipMark[]; start: number; label: string }) {
  const place = useRef<HTMLDivElement>(null);
  const from = Math.max(0, error - CLIP_MS - start);
  const to = Math.min(recording.end - start, error + CLIP_MS - start);
  const playing = usePlayer(store, (s) => s.playing);
  const at = usePlayer(store, (s) => s.at);
  const speed = usePlayer(store, (s) => s.speed);
  useEffect(() => {
    const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    store.load(recording.dom, { at: still ? Math.min(Math.max(from, error - start), to) : from, play: !still, until: Math.max(to, from + 500) });
  }, [store, recording, from, to, error, start]);
  const inClip = Math.max(0, Math.min(1, (at - from) / Math.max(1, to - from)));
  const distance = Math.round((at - (error - start)) / 1000);
  const where = distance === 0 ? "at the error" : `${Math.abs(distance)} s ${distance < 0 ? "before" : "after"} the error`;
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
      <UrlBar recording={recording} at={start + at} />
      <Screen store={store} label={label} />
      <div
        className="clip"
        role="slider"
        tabIndex={0}
        aria-label="Clip, five seconds either side of the error"
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

const signalWords: Record<string, string> = {
  dsc: "the id in the trace header",
  baggage: "the id in the request’s baggage",
  event_context: "the id in the event",
  event_tag: "the id in a tag of the event",
  error_ids: "the recording names the error",
  recorded_header: "the same request in the recording",
  trace_ids: "the same trace in the recording",
  trace_bridge: "another item of the trace names the replay",
};

const tierWords = ["", "Linked", "Linked", "Linked", "Matched by request", "Possible"];

/** How sure the link is: rising steps, then the reason in words. */
export function WhyLinked({ link }: { link: ReplayLink }) {
  const words = link.signals.map((x) => signalWords[x] ?? x.replaceAll("_", " "));
  const reason = link.reason.charAt(0).toLowerCase() + link.reason.slice(1);
  return (
    <div className="why">
      <span className="why-t">
        <Tier tier={link.tier} />
      </span>
      <span className="t1 med">{/^(linked|matched|possible)/i.test(link.reason) ? link.reason : `${tierWords[link.tier] ?? "Linked"}: ${reason}`}</span>
      <span />
      <span className="t3">
        {words.length > 1 ? `${plural(words.length, "signal")} agree: ${words.join("; ")}.` : words[0] ? `Known by ${words[0]}.` : null}
        {link.flags.includes("after_session") ? " The error came after the session had ended." : null}
        {link.flags.includes("before_session") ? " The error came before the recording began, in the same page load." : null}
        {link.tier === 5 ? " Not counted." : null}
      </span>
    </div>
  );
}

/** Stands where the player would: the fact, then the one line that changes it. */
export function NoReplayPanel(props: Omit<Parameters<typeof whyNoReplay>[0], "now">) {
  const now = useNow();
  const why = whyNoReplay({ ...props, now });
  return (
    <article className="noreplay">
      <h3>
        <Icon name={why.icon} />
        {why.title}
      </h3>
      <p>{why.text}</p>
      {why.progress !== undefined ? (
        <div className="prog" role="progressbar" aria-valuenow={Math.round(why.progress * 100)} aria-label="Waiting for the recording">
          <i style={{ width: `${why.progress * 100}%` }} />
        </div>
      ) : null}
      {why.add ? (
        <div className="src">
          <div className="add">
            <span>+</span>
            <span>{why.add}</span>
          </div>
        </div>
      ) : null}
      {why.note ? <span className="t3">{why.note}</span> : null}
    </article>
  );
}

export function PanelSkeleton() {
  return (
    <div className="player" role="status" aria-label="Loading the replay">
      <div className="urlbar">
        <i className="sk w1" />
      </div>
      <div className="screen sk-screen" />
      <div className="clip">
        <span className="trk" />
      </div>
      <div className="ctl" />
    </div>
  );
}

export function PanelFailed({ error, retry }: { error: unknown; retry: () => void }) {
  return (
    <div className="player">
      <Failed what="the recording" error={error} retry={retry} />
    </div>
  );
}

/** Other sessions in which the same thing happened: who, how long ago, how long. */
export function OtherReplays({ org, replays, links, total, issue }: { org: string; replays: Replay[]; links: ReplayLink[]; total: number; issue: string }) {
  const now = useNow();
  if (replays.length === 0) return null;
  return (
    <section aria-labelledby="others">
      <div className="sec-h others-h">
        <h3 id="others">Other replays of this issue</h3>
        <span className="sp" />
        <Link className="acc small" to="/organizations/$org/issues/$issue/" params={{ org, issue }} search={{ tab: "replays" }}>
          All {total}
        </Link>
      </div>
      <ul className="others">
        {replays.slice(0, 4).map((r) => {
          const link = links.find((l) => l.replayId === r.id);
          const t = link?.offsetMs != null ? Math.max(0, Math.floor((link.offsetMs - CLIP_MS) / 1000)) : undefined;
          return (
            <li key={r.id}>
              <Link to="/organizations/$org/replays/$replay/" params={{ org, replay: r.id }} search={t === undefined ? {} : { t }}>
                <span className="rp" aria-hidden="true" />
                <span className="t1 cut">{whoOf(r)}</span>
                <span className="t3 cut">{[r.browser.name, r.os.name].filter(Boolean).join(" · ")}</span>
                <span className="sp" />
                <span className="t3 num">{r.started_at ? ago(r.started_at, now) : ""}</span>
                <span className="code">{clock(r.duration * 1000)}</span>
              </Link>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
