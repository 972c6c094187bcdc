import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import type { Event, IssueDetail, Replay, ReplayLink } from "@/api/gen";
import { CopyButton, Tier } from "@/components/basics";
import { Icon } from "@/components/Icon";
import type { PlayerStore } from "@/components/player/playerStore";
import { recordingEnd } from "@/components/player/recordingEnd";
import type { useRecording } from "@/components/player/useRecording";
import { Failed } from "@/components/states";
import { whoOf } from "@/components/who";
import type { Session } from "@/features/replays/useSession";
import { evidenceUrl } from "@/lib/evidence";
import { describeAct, isAct } from "@/lib/chapters";
import { clock, plural } from "@/lib/format";
import type { Trace } from "@/lib/trace";
import { entryOf } from "./event";
import { linkWords } from "./linkWords";
import { NoReplayPanel } from "./NoReplayPanel";
import { OtherReplays } from "./OtherReplays";
import { clipOf, ReplayClip, type ClipMark } from "./ReplayClip";
import type { StoryEvent } from "./story";
import { useIssueReplays } from "./useIssueReplays";

interface Props {
  org: string;
  issueId: string;
  issue: IssueDetail | undefined;
  event: Event;
  story: StoryEvent;
  store: PlayerStore;
  replay: Replay | undefined;
  recording: ReturnType<typeof useRecording>;
  session: Session | null;
  /** Where the player's time begins, ms since the epoch; null before that is known. */
  start: number | null;
  trace: Trace | null;
  /** Of this event, the best first. */
  links: ReplayLink[];
}

/** The session this error happened in: it plays around the error, says why it is the one, and leads on. */
export function ReplayPanel(props: Props) {
  const { org, issueId, issue, event, story, replay, session, start, links } = props;
  const { replayId, replayPlays } = event.hindsight;
  const others = useIssueReplays(org, issueId, replayId);
  const link = links.find((l) => l.replayId === replayId) ?? links[0];
  const possible = links.filter((l) => l.tier === 5 && l.plays && l.replayId !== replayId);
  const elsewhere = new Set(links.filter((l) => l.tier <= 4 && l.plays && l.replayId !== replayId).map((l) => l.replayId));
  const end = endOf(props);
  const from = start === null ? 0 : clipOf(story.at, start, end).from;
  return (
    <aside className="rpanel" aria-label="Replay">
      <Picture {...props} link={link} end={end} />
      {props.recording.truncated ? <p className="note amber">{props.recording.truncated}</p> : null}
      {link && replayPlays ? <WhyLinked link={link} length={session ? session.end - session.start : null} /> : null}
      {elsewhere.size > 0 ? <p className="small t3 also">Also seen in {plural(elsewhere.size, "other replay")}.</p> : null}
      {replayPlays && replayId ? (
        <Link className="btn full" to="/organizations/$org/replays/$replay/" params={{ org, replay: replayId }} search={{ t: Math.floor(from / 1000) }}>
          <Icon name="replay" size="s" />
          Open full replay at {clock(from)}
          {replay ? <span className="t3 reg">of {clock(start === null ? replay.duration * 1000 : end - start)}</span> : null}
        </Link>
      ) : null}
      {replayPlays && replayId ? <Share org={org} event={event} replayId={replayId} from={from} /> : null}
      {!replayPlays ? possible.slice(0, 3).map((l) => <Possible key={l.replayId} org={org} link={l} />) : null}
      <OtherReplays org={org} replays={others.replays} links={others.links} total={issue?.hindsight.replayCount ?? others.replays.length} issue={issueId} />
    </aside>
  );
}

const endOf = ({ recording, session, start }: Props) => Math.max(start ?? 0, recordingEnd(recording, recording.head, session?.end ?? 0));

function Picture({ org, event, story, store, replay, recording, session, start, trace, link, end }: Props & { link: ReplayLink | undefined; end: number }) {
  const { replayId, replayPlays, expectsReplay, traceId } = event.hindsight;
  const marks = useMemo(
    () => [
      ...(session?.frames ?? []).filter(isAct).map((f): ClipMark => ({ at: f.at, kind: "act", label: describeAct(f) })),
      ...(session?.errors ?? []).filter((e) => e.id !== story.id).map((e): ClipMark => ({ at: e.at, kind: "error", label: e.title })),
      { at: story.at, kind: "error" as const, label: story.type },
    ],
    [session, story],
  );
  if (recording.isError) {
    return (
      <div className="player">
        <Failed what="the recording" error={recording.error} retry={recording.refetch} />
      </div>
    );
  }
  const unplayable = recording.head !== null && recording.followed && recording.after.length === 0 && recording.head.dom.length < 2;
  if (recording.head && start !== null && !unplayable) {
    return <ReplayClip store={store} recording={recording} session={session} start={start} end={end} error={story.at} marks={marks} label={`Replay of ${replay ? whoOf(replay) : "the session"}`} />;
  }
  if (replayPlays && !unplayable) return <PanelSkeleton />;
  const headers = entryOf(event, "request")?.headers;
  return (
    <NoReplayPanel
      org={org}
      project={event.projectSlug}
      side={story.side}
      received={Date.parse(event.dateReceived)}
      replayId={replayId}
      state={unplayable ? "available" : (link?.state ?? null)}
      reason={link?.stateReason ?? null}
      expectsReplay={expectsReplay}
      unplayable={unplayable ? 1 : (replay?.hindsight.unplayableSegments ?? 0)}
      hasTrace={traceId !== null}
      headers={headers ? Object.fromEntries(headers.map(([k, v]) => [k.toLowerCase(), v])) : null}
      browserInTrace={trace?.spans.some((s) => s.side === "browser") ?? false}
    />
  );
}

/** Ways to show this to somebody: a link to this moment, or one file for people without an account. */
function Share({ org, event, replayId, from }: { org: string; event: Event; replayId: string; from: number }) {
  const path = `/organizations/${org}/replays/${replayId}/?t=${Math.floor(from / 1000)}`;
  return (
    <div className="row shares">
      <CopyButton text={`${window.location.origin}${path}`} label="Copy a link to this moment" className="btn bare">
        Copy link at {clock(from)}
      </CopyButton>
      <a className="btn bare" href={evidenceUrl(org, event.projectSlug, event.eventID, replayId)} download title="One HTML file with the error and the masked recording around it: it opens without an account and loads nothing">
        <Icon name="share" size="s" />
        Evidence file
      </a>
    </div>
  );
}

/** How sure the link is: rising steps, then the reason in words. */
export function WhyLinked({ link, length }: { link: ReplayLink; length: number | null }) {
  const { title, details } = linkWords(link, length);
  return (
    <div className="why">
      <span className="why-t">
        <Tier tier={link.tier} />
      </span>
      <span className="t1 med">{title}</span>
      <span />
      <span className="t3">{details.join(" ")}</span>
    </div>
  );
}

/** A session that may be it: never counted, dashed, and only looked at when asked for. */
function Possible({ org, link }: { org: string; link: ReplayLink }) {
  const { details } = linkWords(link, null);
  return (
    <article className="noreplay possible">
      <h3>
        <Tier tier={5} />
        Possible, not counted
      </h3>
      <p>{details.join(" ")}</p>
      <div className="row">
        <Link className="btn" to="/organizations/$org/replays/$replay/" params={{ org, replay: link.replayId }} search={link.offsetMs !== null ? { t: Math.max(0, Math.floor(link.offsetMs / 1000) - 5) } : {}}>
          <Icon name="play" size="s" />
          Look anyway
        </Link>
        <span className="badge dashed">{link.reason}</span>
      </div>
    </article>
  );
}

function PanelSkeleton() {
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
