import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import type { Event, IssueDetail } from "@/api/gen";
import { getReplayOptions, getTraceOptions } from "@/api/gen/@tanstack/react-query.gen";
import { usePlayer, usePlayerStore } from "@/components/player/Screen";
import { useRecording } from "@/components/player/useRecording";
import { TraceBars } from "@/components/TraceBars";
import { useSession } from "@/features/replays/useSession";
import type { Chapter } from "@/lib/chapters";
import { shortHex } from "@/lib/format";
import { useKeys } from "@/lib/keys";
import { readTrace } from "@/lib/trace";
import { Folds, RequestSection, TagsSection } from "./EventDetails";
import { EventNavigator } from "./EventNavigator";
import { entryOf, exceptionsOf, toStoryEvent } from "./event";
import { GroupingInfo } from "./GroupingInfo";
import { linksOptions } from "./queries";
import { ReplayPanel } from "./ReplayPanel";
import { SuspectCommits } from "./SuspectCommits";
import { StackTrace } from "./StackTrace";
import { Story } from "./Story";

const none: Chapter[] = [];

/** One event: its Story and code at the left, its replay at the right, the rest below. */
export function EventView({ org, issueId, issue, event, which }: { org: string; issueId: string; issue: IssueDetail | undefined; event: Event; which: string }) {
  const story = useMemo(() => toStoryEvent(event), [event]);
  const { replayId, replayPlays, traceId } = event.hindsight;
  const links = useQuery(linksOptions(org, { event: event.eventID }));
  const replay = useQuery({ ...getReplayOptions({ path: { org, replay: replayId ?? "" } }), enabled: replayId !== null, retry: false });
  const traceAnswer = useQuery({ ...getTraceOptions({ path: { org, trace: traceId ?? "" } }), enabled: traceId !== null });
  const trace = useMemo(() => (traceAnswer.data ? readTrace(traceAnswer.data) : null), [traceAnswer.data]);
  const r = replay.data?.data;
  const plays = replayPlays && r?.project_id != null;
  const recording = useRecording({ org, replay: replayId ?? "", at: story.at, enabled: replayPlays, count: plays ? r.count_segments : 0 });
  const { session } = useSession(org, r, trace, recording.names);
  const store = usePlayerStore();
  useKeys({ " ": store.toggle }, replayPlays);
  const crumbs = (entryOf(event, "breadcrumbs")?.values ?? []).map((c) => ({ at: c.timestamp ? Date.parse(c.timestamp) : 0, category: c.category ?? c.type, message: c.message ?? "", level: c.level }));
  const start = recording.start ?? session?.start ?? null;
  return (
    <>
      <EventNavigator org={org} issueId={issueId} event={event} which={which} />
      <div className="two">
        <div className="main-col">
          <StoryAtPlayhead
            store={store}
            start={start}
            props={{
              org,
              event: story,
              chapters: session?.chapters ?? none,
              without: [trace, crumbs, story],
              who: nameOf(event),
              start,
              onSeek: (at) => {
                if (start !== null) store.seek(at - start);
              },
            }}
          />
          <StackTrace exceptions={exceptionsOf(event)} />
          {issue && event.release ? <SuspectCommits org={org} project={issue.project.slug} event={event.eventID} /> : null}
          <RequestSection event={event} />
        </div>
        <ReplayPanel org={org} issueId={issueId} issue={issue} event={event} story={story} store={store} replay={r} recording={recording} session={session} start={start} trace={trace} links={links.data ?? []} />
      </div>
      <div className="two">
        <TagsSection org={org} issue={issueId} event={event} />
        {trace && trace.spans.length > 0 && traceId ? (
          <section className="sec" aria-labelledby="trace">
            <div className="sec-h">
              <h2 id="trace">Trace</h2>
              <span className="sub code">{shortHex(traceId)}</span>
              <span className="sp" />
              <Link className="acc small" to="/organizations/$org/traces/$trace/" params={{ org, trace: traceId }}>
                Open
              </Link>
            </div>
            <TraceBars trace={trace} />
          </section>
        ) : null}
      </div>
      {issue ? <GroupingInfo org={org} project={issue.project.slug} event={event.eventID} /> : null}
      <Folds org={org} event={event} />
    </>
  );
}

/** Whose session it was, as one would say it: "Ivan" of ivan@example.com. */
function nameOf({ user }: Event): string | null {
  return user?.name ?? user?.username ?? (user?.email ? user.email.replace(/@.*/, "").replace(/^./, (c) => c.toUpperCase()) : null);
}

/** Drawn again as the player moves, so that the rest of the page is not. */
function StoryAtPlayhead({ store, start, props }: { store: ReturnType<typeof usePlayerStore>; start: number | null; props: Omit<Parameters<typeof Story>[0], "playhead"> }) {
  const at = usePlayer(store, (s) => (s.playing ? Math.round(s.at / 100) * 100 : null));
  return <Story {...props} playhead={at === null || start === null ? null : start + at} />;
}
