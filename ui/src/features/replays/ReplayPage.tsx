import { useQueries, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useEffect, useMemo, useRef, useState } from "react";
import { markReplayViewed, type Replay } from "@/api/gen";
import { getReplayOptions, getTraceOptions } from "@/api/gen/@tanstack/react-query.gen";
import { useOrg, useTitle } from "@/app/hooks";
import { Crumb } from "@/app/Shell";
import { Avatar, cx, SideMark } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { toMarks } from "@/components/player/marks";
import type { PlayerStore } from "@/components/player/playerStore";
import { Screen, speeds, usePlayer, usePlayerStore } from "@/components/player/Screen";
import { UrlBar } from "@/components/player/UrlBar";
import { useRecording } from "@/components/player/useRecording";
import { Failed, Middle, SkeletonLines } from "@/components/states";
import { whoOf } from "@/components/who";
import { buildChapters, type Chapter, type ErrorMark } from "@/lib/chapters";
import { useCopy } from "@/lib/copy";
import { clock, dateTime, plural } from "@/lib/format";
import { useKeys } from "@/lib/keys";
import { setPreference } from "@/lib/preferences";
import type { Recording } from "@/lib/recording/read";
import { readTrace, type Trace } from "@/lib/trace";
import { ReplayTabs } from "./ReplayTabs";
import { replayLinksOptions } from "./queries";
import { Timeline } from "./Timeline";
import "./replay.css";

const MAX_TRACES = 8;

/** Several traces of one session as one list. */
function joinTraces(traces: Trace[]): Trace {
  return {
    spans: traces.flatMap((t) => t.spans),
    errors: traces.flatMap((t) => t.errors),
    start: Math.min(...traces.map((t) => t.start)),
    end: Math.max(...traces.map((t) => t.end)),
  };
}

export function ReplayPage() {
  const org = useOrg();
  const { replay: id } = useParams({ from: "/organizations/$org/replays/$replay" });
  const replay = useQuery({
    ...getReplayOptions({ path: { org, replay: id } }),
    // A session that still goes on grows.
    refetchInterval: (q) => (q.state.data?.data.hindsight.state === "pending" ? 5000 : false),
  });
  const r = replay.data?.data;
  const project = r?.project_id ?? null;
  const recording = useRecording({ org, project: r?.hindsight.plays ? project : null, replay: id });
  const links = useQuery(replayLinksOptions(org, id));
  const errors = useMemo(() => toMarks(links.data ?? []), [links.data]);
  const traceIds = useMemo(() => {
    const failed = (links.data ?? []).flatMap((l) => (l.traceId ? [l.traceId] : []));
    return [...new Set([...failed, ...(r?.trace_ids ?? [])])].slice(0, MAX_TRACES);
  }, [links.data, r?.trace_ids]);
  const traces = useQueries({ queries: traceIds.map((trace) => ({ ...getTraceOptions({ path: { org, trace } }), staleTime: 60_000 })), combine: (all) => all.map((q) => q.data) });
  const trace = useMemo(() => {
    const read = traces.flatMap((t) => (t ? [readTrace(t)] : []));
    return read.length > 0 ? joinTraces(read) : null;
  }, [traces]);
  const chapters = useMemo(() => (recording.data ? buildChapters(recording.data.frames, trace, errors) : null), [recording.data, trace, errors]);
  const who = r ? whoOf(r) : "";
  useTitle(who ? `Replay of ${who}` : "Replay");
  useEffect(() => {
    if (project) void markReplayViewed({ path: { org, project, replay: id } });
  }, [org, project, id]);
  return (
    <div className="flush">
      <h1 className="vh">{who ? `Replay of ${who}` : "Replay"}</h1>
      <Crumb>
        <Link to="/organizations/$org/replays/" params={{ org }}>
          Replays
        </Link>
        <Icon name="right" size="xs" />
        {r ? (
          <>
            <Avatar name={who} />
            <b className="cut">{who}</b>
          </>
        ) : null}
      </Crumb>
      {replay.isError && !r ? (
        <Failed what="this replay" error={replay.error} retry={() => void replay.refetch()} />
      ) : !r || recording.isLoading ? (
        <div className="pad">
          <SkeletonLines lines={12} label="Loading the replay" />
        </div>
      ) : recording.isError ? (
        <Failed what="the recording" error={recording.error} retry={() => void recording.refetch()} />
      ) : !recording.data || !chapters ? (
        <Absent replay={r} />
      ) : (
        <Loaded org={org} replay={r} recording={recording.data} chapters={chapters.chapters} background={chapters.background} errors={errors} trace={trace} />
      )}
    </div>
  );
}

function Absent({ replay }: { replay: Replay }) {
  const { state, unplayableSegments } = replay.hindsight;
  if (state === "deleted") return <Middle icon="x" title="This replay was deleted">Its errors and traces stay.</Middle>;
  if (unplayableSegments > 0) return <Middle icon="error" tone="red" title="This recording does not play">{plural(unplayableSegments, "piece")} came in and cannot be read. They are kept as they came.</Middle>;
  return (
    <Middle icon="gap" title="Nothing recorded yet">
      An event named this replay, but no piece of it has come in. This page turns into the player by itself when one does.
    </Middle>
  );
}

interface LoadedProps {
  org: string;
  replay: Replay;
  recording: Recording;
  chapters: Chapter[];
  background: ReturnType<typeof buildChapters>["background"];
  errors: ErrorMark[];
  trace: Trace | null;
}

function Loaded({ org, replay, recording, chapters, background, errors, trace }: LoadedProps) {
  const { t, event_t: eventTime, tab = "chapters" } = useSearch({ from: "/organizations/$org/replays/$replay" });
  const navigate = useNavigate();
  const store = usePlayerStore();
  const place = useRef<HTMLDivElement>(null);
  const length = recording.end - recording.start;
  const [at] = useState(() => startAt(t, eventTime, recording)); // later changes of the address are ours
  useEffect(() => {
    const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    store.load(recording.dom, { at, play: !still });
  }, [store, recording, at]);
  const jump = (times: number[], by: 1 | -1) => {
    const now = store.state.at + recording.start;
    const to = by > 0 ? times.find((x) => x > now + 200) : [...times].reverse().find((x) => x < now - 1200);
    if (to !== undefined) store.seek(Math.max(0, to - recording.start - 500));
  };
  const errorTimes = errors.map((e) => e.at).sort((a, b) => a - b);
  const chapterTimes = chapters.map((c) => c.at);
  const speed = (by: 1 | -1) => {
    const next = speeds[Math.max(0, Math.min(speeds.length - 1, speeds.indexOf(store.state.speed) + by))] ?? 1;
    store.setSpeed(next);
    setPreference("speed", next);
  };
  const full = () => void (document.fullscreenElement ? document.exitFullscreen() : place.current?.requestFullscreen());
  useKeys({
    " ": store.toggle,
    ArrowLeft: () => store.seek(store.state.at - 5000),
    ArrowRight: () => store.seek(store.state.at + 5000),
    n: () => jump(errorTimes, 1),
    p: () => jump(errorTimes, -1),
    "<": () => speed(-1),
    ">": () => speed(1),
    f: full,
  });
  const serverTimes = useMemo(() => (trace?.spans ?? []).filter((s) => s.side === "server" && s.isSegment).map((s) => s.start), [trace]);
  return (
    <>
      <ReplayHead replay={replay} store={store} recording={recording} />
      <div className="desk">
        <section className="left" aria-label="Player">
          <div className="player" ref={place}>
            <CurrentUrl store={store} recording={recording} chapters={chapters} />
            <Screen store={store} label={`Replay of ${whoOf(replay)}`} />
            <Timeline store={store} recording={recording} chapters={chapters} errors={errors} serverTimes={serverTimes} />
            <Controls store={store} length={length} hasErrors={errors.length > 0} onChapter={(by) => jump(chapterTimes, by)} onError={(by) => jump(errorTimes, by)} onFull={full} />
          </div>
          {recording.truncated ? <p className="note amber below">{recording.truncated}</p> : null}
          {recording.broken > 0 ? <p className="note amber below">{plural(recording.broken, "piece")} of this recording could not be read and {recording.broken === 1 ? "is" : "are"} left out.</p> : null}
          {!replay.hindsight.hasFirstSegment ? <p className="note below">The first piece is missing: the recording starts at the first whole page that came in.</p> : null}
        </section>
        <section className="right" aria-label="What happened">
          <ReplayTabs
            org={org}
            tab={tab}
            onTab={(next) => void navigate({ to: "/organizations/$org/replays/$replay/", params: { org, replay: replay.id }, search: (s: object) => ({ ...s, tab: next === "chapters" ? undefined : next }), replace: true, resetScroll: false } as never)}
            store={store}
            replay={replay}
            recording={recording}
            chapters={chapters}
            background={background}
            errors={errors}
            trace={trace}
          />
        </section>
      </div>
    </>
  );
}

/** ?t= is seconds from the start; ?event_t= a moment, in ISO, seconds or milliseconds. */
function startAt(t: number | undefined, eventTime: string | undefined, recording: Recording): number {
  const length = recording.end - recording.start;
  if (t !== undefined) return Math.min(Math.max(0, length - 1), t * 1000);
  if (!eventTime) return 0;
  const n = Number(eventTime);
  const at = Number.isFinite(n) ? (n > 9_999_999_999 ? n : n * 1000) : Date.parse(eventTime);
  const from = at - recording.start;
  return Number.isFinite(from) && from > 0 ? Math.min(from, Math.max(0, length - 1)) : 0;
}

function ReplayHead({ replay: r, store, recording }: { replay: Replay; store: PlayerStore; recording: Recording }) {
  const second = usePlayer(store, (s) => Math.floor(s.at / 1000));
  const { copied, copy } = useCopy();
  const view = recording.views[0];
  const fact = (p: { name: string | null; version: string | null }) => [p.name, p.version?.split(".")[0]].filter(Boolean).join(" ");
  return (
    <div className="rhead">
      <span className="f">
        <b>{r.started_at ? dateTime(r.started_at) : "–"}</b>
      </span>
      <span className="f">
        <b className="num">{clock(recording.end - recording.start)}</b> long
      </span>
      <span className="f hide-s">{[fact(r.browser), fact(r.os), view && view.width > 0 ? `${view.width} × ${view.height}` : ""].filter(Boolean).join(" · ")}</span>
      {r.releases[0] ? <span className="f code hide-s cut">{r.releases[0]}</span> : null}
      <span className="f">
        <SideMark side="server">
          <b>{r.hindsight.countBackendErrors}</b>
        </SideMark>
        {r.hindsight.countBackendErrors === 1 ? "server error" : "server errors"}
      </span>
      <span className="f">
        <SideMark side="browser">
          <b>{r.hindsight.countFrontendErrors}</b>
        </SideMark>
        {r.hindsight.countFrontendErrors === 1 ? "browser error" : "browser errors"}
      </span>
      {r.count_rage_clicks > 0 ? (
        <span className="f">
          <Icon name="rage" size="s" />
          <b>{r.count_rage_clicks}</b> {r.count_rage_clicks === 1 ? "rage click" : "rage clicks"}
        </span>
      ) : null}
      <span className="sp" />
      <button
        type="button"
        className="btn"
        onClick={() => {
          const url = new URL(window.location.href);
          url.searchParams.delete("event_t");
          url.searchParams.set("t", String(second));
          copy(url.toString());
        }}
      >
        <Icon name={copied ? "check" : "link"} size="s" />
        {copied ? "Copied" : `Copy link at ${clock(second * 1000)}`}
      </button>
    </div>
  );
}

function CurrentUrl({ store, recording, chapters }: { store: PlayerStore; recording: Recording; chapters: Chapter[] }) {
  const half = usePlayer(store, (s) => Math.floor(s.at / 250) * 250);
  const at = recording.start + half;
  const i = chapters.findLastIndex((c) => c.at <= at + 250);
  return (
    <UrlBar recording={recording} at={at + 250}>
      {i >= 0 ? (
        <span className="t3 cut url-end">
          Chapter {i + 1} of {chapters.length} · {chapters[i]?.label}
        </span>
      ) : undefined}
    </UrlBar>
  );
}

function Controls({ store, length, hasErrors, onChapter, onError, onFull }: { store: PlayerStore; length: number; hasErrors: boolean; onChapter: (by: 1 | -1) => void; onError: (by: 1 | -1) => void; onFull: () => void }) {
  const playing = usePlayer(store, (s) => s.playing);
  const skipping = usePlayer(store, (s) => s.skipping);
  const second = usePlayer(store, (s) => Math.floor(s.at / 1000));
  const speed = usePlayer(store, (s) => s.speed);
  const skipIdle = usePlayer(store, (s) => s.skipIdle);
  return (
    <div className="ctl">
      <button type="button" className="pb" aria-label="Back 5 seconds" onClick={() => store.seek(store.state.at - 5000)}>
        <Icon name="back5" />
      </button>
      <button type="button" className="pb go" aria-label={playing ? "Pause (space)" : "Play (space)"} onClick={store.toggle}>
        <Icon name={playing ? "pause" : "play"} size="s" />
      </button>
      <span className="clock">
        <b>{clock(second * 1000)}</b> / {clock(length)}
      </span>
      {skipping ? <span className="badge">skipping idle time</span> : null}
      <span className="sp" />
      <span className="step">
        <button type="button" className="pb" aria-label="Previous chapter" onClick={() => onChapter(-1)}>
          <Icon name="prev" size="s" />
        </button>
        <span className="hide-s">Chapter</span>
        <button type="button" className="pb" aria-label="Next chapter" onClick={() => onChapter(1)}>
          <Icon name="next" size="s" />
        </button>
      </span>
      {hasErrors ? (
        <span className="step">
          <button type="button" className="pb" aria-label="Previous error (p)" onClick={() => onError(-1)}>
            <Icon name="prev" size="s" />
          </button>
          <span className="hide-s">Error</span>
          <button type="button" className="pb" aria-label="Next error (n)" onClick={() => onError(1)}>
            <Icon name="next" size="s" />
          </button>
        </span>
      ) : null}
      <span className="sp" />
      <span className="seg speeds hide-s" role="group" aria-label="Speed">
        {speeds.map((s) => (
          <button
            key={s}
            type="button"
            aria-pressed={s === speed}
            onClick={() => {
              store.setSpeed(s);
              setPreference("speed", s);
            }}
          >
            {s}×
          </button>
        ))}
      </span>
      <button
        type="button"
        className={cx("btn bare", skipIdle && "on")}
        aria-pressed={skipIdle}
        aria-label="Skip idle time"
        onClick={() => {
          store.setSkipIdle(!skipIdle);
          setPreference("skipIdle", !skipIdle);
        }}
      >
        <Icon name="skip" size="s" />
        <span className="hide-s">Skip idle</span>
      </button>
      <button type="button" className="pb" aria-label="Full screen (f)" onClick={onFull}>
        <Icon name="full" />
      </button>
    </div>
  );
}
