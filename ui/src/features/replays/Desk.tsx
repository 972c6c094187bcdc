import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Replay, ReplayLink } from "@/api/gen";
import type { PlayerStore } from "@/components/player/playerStore";
import { Screen, speeds, usePlayer, usePlayerStore } from "@/components/player/Screen";
import { UrlBar } from "@/components/player/UrlBar";
import { useFollow } from "@/components/player/useFollow";
import { domOf, type useRecording } from "@/components/player/useRecording";
import { Failed, SkeletonLines } from "@/components/states";
import { whoOf } from "@/components/who";
import type { ErrorMark } from "@/lib/chapters";
import { plural } from "@/lib/format";
import { useKeys } from "@/lib/keys";
import { isShort, type Recording } from "@/lib/recording/read";
import { recordingEnd } from "@/components/player/recordingEnd";
import { Controls, setSpeed } from "./Controls";
import { canPreview, Preview } from "./Preview";
import { ReplayHead } from "./ReplayHead";
import { ReplayTabs } from "./ReplayTabs";
import { startAt } from "./startAt";
import { Timeline } from "./Timeline";
import type { Session } from "./useSession";

interface Props {
  org: string;
  replay: Replay;
  recording: ReturnType<typeof useRecording>;
  session: Session | null;
  sessionError: { error: unknown; retry: () => void } | null;
  links: ReplayLink[];
}

const none: ErrorMark[] = [];

/** The player large at the left, what happened at the right. Each part appears as soon as its own data is there. */
export function Desk({ org, replay, recording, session, sessionError, links }: Props) {
  const { tab = "chapters" } = useSearch({ from: "/organizations/$org/replays/$replay" });
  const navigate = useNavigate();
  const store = usePlayerStore();
  const place = useRef<HTMLDivElement>(null);
  const [track, setTrack] = useState(0);
  const shown = track === 0 ? recording.head : (recording.tracks[track - 1] ?? recording.head);
  const start = (track === 0 ? recording.start : shown?.start) ?? session?.start ?? 0;
  const end = recordingEnd(recording, shown, session?.end ?? start);
  usePlayback(store, shown, recording, track, start);
  const times = useMemo(() => ({ errors: (session?.errors ?? []).map((e) => e.at), chapters: (session?.chapters ?? []).map((c) => c.at) }), [session]);
  const jump = (of: number[], by: 1 | -1) => {
    const now = store.state.at + start;
    const to = by > 0 ? of.find((x) => x > now + 700) : of.findLast((x) => x < now - 1200);
    if (to !== undefined) store.seek(Math.max(0, to - start - 500));
  };
  const full = () => void (document.fullscreenElement ? document.exitFullscreen() : place.current?.requestFullscreen());
  const faster = (by: 1 | -1) => setSpeed(store, speeds[Math.max(0, Math.min(speeds.length - 1, speeds.indexOf(store.state.speed) + by))] ?? 1);
  useKeys({
    " ": store.toggle,
    ArrowLeft: () => store.seek(store.state.at - 5000),
    ArrowRight: () => store.seek(store.state.at + 5000),
    n: () => jump(times.errors, 1),
    p: () => jump(times.errors, -1),
    "}": () => jump(times.chapters, 1),
    "{": () => jump(times.chapters, -1),
    "<": () => faster(-1),
    ">": () => faster(1),
    f: full,
  });
  const preview = usePreview(recording, track, shown);
  return (
    <>
      <ReplayHead org={org} replay={replay} store={store} length={end - start} view={session?.views[0]} errors={session?.errors ?? (sessionError ? none : null)} start={start} />
      <div className="desk">
        <section className="left" aria-label="Player">
          {recording.tracks.length > 0 ? <Tracks n={recording.tracks.length + 1} track={track} onTrack={setTrack} /> : null}
          <div className="player" ref={place}>
            <CurrentUrl store={store} session={session} start={start} />
            <Screen store={store} label={`Replay of ${whoOf(replay)}`}>
              <Cover store={store} recording={recording} shown={shown} track={track} />
            </Screen>
            {session ? <Timeline store={store} start={start} end={end} session={session} lost={recording.lost} preview={preview} /> : <div className="tl tl-sk" />}
            <Controls store={store} length={end - start} hasErrors={times.errors.length > 0} onChapter={(by) => jump(times.chapters, by)} onError={(by) => jump(times.errors, by)} onFull={full} />
          </div>
          <Notes replay={replay} recording={recording} session={session} />
        </section>
        <section className="right" aria-label="What happened">
          {session ? (
            <ReplayTabs
              tab={tab}
              onTab={(next) => void navigate({ to: "/organizations/$org/replays/$replay/", params: { org, replay: replay.id }, search: (s: object) => ({ ...s, tab: next === "chapters" ? undefined : next }), replace: true, resetScroll: false } as never)}
              props={{ org, store, replay, session, links, start, short: isShort({ start, end }) }}
            />
          ) : sessionError ? (
            <Failed what="what happened" error={sessionError.error} retry={sessionError.retry} />
          ) : (
            <div className="pad">
              <SkeletonLines lines={12} label="Loading what happened" />
            </div>
          )}
        </section>
      </div>
    </>
  );
}

/** Loads what is to be played, from where the address says, and adds the rest when it comes. */
function usePlayback(store: PlayerStore, shown: Recording | null, recording: Props["recording"], track: number, start: number) {
  const { t, event_t: eventTime } = useSearch({ from: "/organizations/$org/replays/$replay" });
  const [from] = useState({ t, eventTime }); // later changes of the address are ours
  const begun = useRef(false);
  const appended = useRef(0);
  const more = useRef(false);
  useEffect(() => {
    more.current = track === 0 && !recording.followed;
  });
  const known = start > 0;
  useEffect(() => {
    if (!shown || !known || shown.dom.length < 2) return;
    const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    // Another track goes on where the one before stood.
    const at = begun.current ? store.state.at : startAt(from.t, from.eventTime, start);
    store.load(shown.dom, { at, play: begun.current ? store.state.playing : !still, more: more.current, base: Math.max(0, shown.start - start) });
    appended.current = 0;
    begun.current = true;
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the start is told more exactly later; what plays is not loaded again for that
  }, [store, shown, known, from]);
  useFollow(store, track === 0 ? shown : null, recording, appended);
}

function usePreview(recording: Props["recording"], track: number, shown: Recording | null) {
  const { complete, before, head, after } = recording;
  const dom = useMemo(() => (!complete ? null : track === 0 ? domOf({ before, head, after }) : (shown?.dom ?? null)), [complete, before, head, after, track, shown]);
  const heaviest = Math.max(shown?.heaviest ?? 0, ...after.map((r) => r.heaviest), before?.heaviest ?? 0);
  return useCallback((at: number) => (dom && canPreview(dom, heaviest) ? <Preview dom={dom} at={at} /> : null), [dom, heaviest]);
}

/** What lies over the screen when there is nothing to see on it. */
function Cover({ store, recording, shown, track }: { store: PlayerStore; recording: Props["recording"]; shown: Recording | null; track: number }) {
  const stopped = usePlayer(store, (s) => s.stopped);
  if (recording.isError) {
    return (
      <div className="screen-over">
        <Failed what="the recording" error={recording.error} retry={recording.refetch} />
      </div>
    );
  }
  if (stopped && shown) {
    return (
      <div className="screen-over">
        <p>Stopped. Everything beside and below goes on without the picture.</p>
        <button type="button" className="btn" onClick={() => store.load(track === 0 ? domOf(recording) : shown.dom, { at: store.state.at, play: false })}>
          Draw again
        </button>
      </div>
    );
  }
  if (shown && shown.dom.length < 2 && recording.followed && recording.after.length === 0) {
    return (
      <div className="screen-over">
        <p>These pieces hold no page to show. What was recorded beside it is at the right.</p>
      </div>
    );
  }
  return null;
}

function Tracks({ n, track, onTrack }: { n: number; track: number; onTrack: (track: number) => void }) {
  return (
    <div className="row tracks">
      <span className="seg" role="group" aria-label="Browser tab">
        {Array.from({ length: n }, (_, i) => (
          <button key={i} type="button" aria-pressed={i === track} onClick={() => onTrack(i)}>
            Tab {i + 1}
          </button>
        ))}
      </span>
      <span className="small t3">The tab was duplicated: both recorded under one id.</span>
    </div>
  );
}

function CurrentUrl({ store, session, start }: { store: PlayerStore; session: Session | null; start: number }) {
  const half = usePlayer(store, (s) => Math.floor(s.at / 250) * 250);
  if (!session) return <div className="urlbar" />;
  const at = start + half + 250;
  const i = session.chapters.findLastIndex((c) => c.at <= at);
  return (
    <UrlBar views={session.views} frames={session.frames} at={at}>
      {i >= 0 ? (
        <span className="t3 cut url-end">
          Chapter {i + 1} of {session.chapters.length} · {session.chapters[i]?.label}
        </span>
      ) : undefined}
    </UrlBar>
  );
}

/** What a viewer should know of a recording that is not whole. */
function Notes({ replay, recording, session }: { replay: Replay; recording: Props["recording"]; session: Session | null }) {
  const lost = recording.lost.reduce((n, l) => n + l.segments, 0);
  const notes = [
    recording.truncated,
    session?.truncated ? "This session has more frames than are shown here." : null,
    recording.broken > 0 ? `${plural(recording.broken, "piece")} of this recording could not be read and ${recording.broken === 1 ? "is" : "are"} left out.` : null,
    lost > 0 ? `${plural(lost, "piece")} never came in: the grey stretches of the time line.` : null,
    replay.hindsight.hasFirstSegment ? null : "The first piece is missing: the recording starts at the first whole page that came in.",
  ];
  return notes.map((n) =>
    n ? (
      <p className="note amber below" key={n}>
        {n}
      </p>
    ) : null,
  );
}
