import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import type { Event, IssueDetail } from "@/api/gen";
import { getIssueOptions, getReplayOptions, getTraceOptions } from "@/api/gen/@tanstack/react-query.gen";
import { useOrg, useScope, useTitle } from "@/app/hooks";
import { Crumb } from "@/app/Shell";
import { Avatar, CopyButton, fromSide, Level, ReplayCount, SideMark, Sparkline } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { Menu } from "@/components/Menu";
import { usePlayer, usePlayerStore } from "@/components/player/Screen";
import { useRecording } from "@/components/player/useRecording";
import { Failed, SkeletonLines } from "@/components/states";
import { TraceBars } from "@/components/TraceBars";
import { buildChapters, describeAct, type ErrorMark } from "@/lib/chapters";
import { ago, clock, count, dateTime, day, shortHex } from "@/lib/format";
import { useKeys } from "@/lib/keys";
import { whoOf } from "@/components/who";
import { useNow } from "@/lib/now";
import { readTrace } from "@/lib/trace";
import { toMarks } from "@/components/player/marks";
import { Folds, RequestSection, TagsSection } from "./EventDetails";
import { entryOf, exceptionsOf, toStoryEvent } from "./event";
import { splitTitle } from "./IssueList";
import { ActivityTab, EventsTab, ReplaysTab } from "./IssueTabs";
import { issueEventOptions, linksOptions, useUpdateIssues } from "./queries";
import { NoReplayPanel, OtherReplays, PanelFailed, PanelSkeleton, ReplayClip, WhyLinked, CLIP_MS, type ClipMark } from "./ReplayPanel";
import { useIssueReplays } from "./useIssueReplays";
import { StackTrace } from "./StackTrace";
import { Story } from "./Story";
import "./issue.css";

export function IssuePage() {
  const org = useOrg();
  const { issue: id, event: which = "recommended" } = useParams({ strict: false });
  const { tab } = useSearch({ strict: false }) as { tab?: string };
  const scope = useScope();
  const issueId = id ?? "";
  const issue = useQuery(getIssueOptions({ path: { org, issue: issueId } }));
  const event = useQuery({ ...issueEventOptions(org, issueId, which, scope.environment), enabled: tab === undefined });
  useTitle(issue.data ? `${issue.data.shortId} ${issue.data.title}` : "Issue");
  if (issue.isError && !issue.data) return <Failed what="this issue" error={issue.error} retry={() => void issue.refetch()} />;
  return (
    <>
      <Crumb>
        <Link to="/organizations/$org/issues/" params={{ org }}>
          Issues
        </Link>
        <Icon name="right" size="xs" />
        <b className="mono">{issue.data?.shortId ?? issueId}</b>
        {issue.data ? <CopyButton text={issue.data.shortId} label="Copy short id" className="pb small-pb" /> : null}
      </Crumb>
      {issue.data ? <Header org={org} issue={issue.data} /> : <SkeletonLines lines={3} label="Loading the issue" />}
      <IssueTabs org={org} issueId={issueId} issue={issue.data} />
      {tab === "events" ? (
        <EventsTab org={org} issue={issueId} />
      ) : tab === "replays" ? (
        <ReplaysTab org={org} issue={issueId} />
      ) : tab === "activity" ? (
        <ActivityTab issue={issue.data} />
      ) : event.data ? (
        <EventView org={org} issueId={issueId} issue={issue.data} event={event.data} which={which} />
      ) : event.isError ? (
        <Failed what="this event" error={event.error} retry={() => void event.refetch()} />
      ) : (
        <SkeletonLines lines={12} label="Loading the event" />
      )}
    </>
  );
}

function Header({ org, issue }: { org: string; issue: IssueDetail }) {
  const update = useUpdateIssues(org);
  const set = (status: "resolved" | "ignored" | "unresolved", more: object = {}) => update.mutate({ ids: [issue.id], change: { status, ...more } });
  const open = issue.status === "unresolved";
  useKeys({ e: () => set(open ? "resolved" : "unresolved"), i: () => set("ignored") });
  const { type, value } = splitTitle(issue);
  const points = issue.stats?.["14d"] ?? issue.stats?.["30d"]?.slice(-14) ?? issue.stats?.["24h"] ?? [];
  return (
    <div className="ih">
      <div className="ih-t">
        <div className="row ih-b">
          <Level level={issue.level} />
          {issue.substatus === "regressed" ? <span className="badge red">Regressed{issue.lastRelease ? ` in ${issue.lastRelease.version}` : ""}</span> : null}
          {issue.status === "resolved" ? <span className="badge green">Resolved</span> : issue.status === "ignored" ? <span className="badge">Ignored</span> : null}
          {issue.isUnhandled ? <span className="badge hide-s">Unhandled</span> : null}
          <SideMark side={fromSide(issue.hindsight.side)} className="small t3">
            {issue.project.slug}
          </SideMark>
        </div>
        <h1>
          <span className="type">{type}</span> {value}
        </h1>
        {issue.culprit ? <p className="code cut t3">{issue.culprit}</p> : null}
      </div>
      <div className="ih-e">
        <div className="row acts">
          <Menu
            items={[
              { label: "Ignore", icon: "eyeoff", onSelect: () => set("ignored") },
              { label: "Ignore for a day", onSelect: () => set("ignored", { statusDetails: { ignoreDuration: 1440 } }) },
              { label: "Ignore for a week", onSelect: () => set("ignored", { statusDetails: { ignoreDuration: 10_080 } }) },
            ]}
            trigger={
              <button type="button" className="btn" disabled={update.isPending || issue.status === "ignored"}>
                Ignore
                <Icon name="down" size="s" />
              </button>
            }
          />
          {open ? (
            <span className="split">
              <button type="button" className="btn pri" disabled={update.isPending} onClick={() => set("resolved")}>
                <Icon name="check" size="s" />
                Resolve
              </button>
              <Menu
                items={[
                  { label: "Resolve now", icon: "check", onSelect: () => set("resolved") },
                  { label: "Resolve in the next release", icon: "release", onSelect: () => set("resolved", { statusDetails: { inNextRelease: true } }) },
                ]}
                trigger={
                  <button type="button" className="btn pri" aria-label="Resolve in another way">
                    <Icon name="down" size="s" />
                  </button>
                }
              />
            </span>
          ) : (
            <button type="button" className="btn" disabled={update.isPending} onClick={() => set("unresolved")}>
              Reopen
            </button>
          )}
        </div>
        {update.isError ? <p className="small red" role="alert">Not saved: {update.error.message}</p> : null}
        <dl className="stats">
          <div>
            <dt>Events</dt>
            <dd>{count(issue.count)}</dd>
          </div>
          <div>
            <dt>Users</dt>
            <dd>{count(issue.userCount)}</dd>
          </div>
          <div>
            <dt>Replays</dt>
            <dd>
              <ReplayCount n={issue.hindsight.replayCount} />
            </dd>
          </div>
          <div>
            <dt className="hide-s">First seen {day(issue.firstSeen)}</dt>
            <dd>
              <Sparkline points={points} width={182} height={24} label="Events by day" />
            </dd>
          </div>
        </dl>
      </div>
    </div>
  );
}

function IssueTabs({ org, issueId, issue }: { org: string; issueId: string; issue: IssueDetail | undefined }) {
  const { tab } = useSearch({ strict: false }) as { tab?: string };
  const tabs = [
    { value: undefined, label: "Details", n: null },
    { value: "events" as const, label: "Events", n: issue ? count(issue.count) : null },
    { value: "replays" as const, label: "Replays", n: issue ? count(issue.hindsight.replayCount) : null },
    { value: "activity" as const, label: "Activity", n: issue && issue.activity.length > 0 ? count(issue.activity.length) : null },
  ];
  return (
    <nav className="tabs" aria-label="Issue">
      {tabs.map((t) => (
        <Link key={t.label} to="/organizations/$org/issues/$issue/" params={{ org, issue: issueId }} search={{ tab: t.value }} aria-current={tab === t.value ? "page" : undefined} activeOptions={{ exact: true, includeSearch: true, explicitUndefined: true }}>
          {t.label}
          {t.n !== null ? <span className="n">{t.n}</span> : null}
        </Link>
      ))}
    </nav>
  );
}

function EventNavigator({ org, issueId, event, which }: { org: string; issueId: string; event: Event; which: string }) {
  const navigate = useNavigate();
  const now = useNow();
  const links = useQuery(linksOptions(org, { issue: issueId }));
  const go = (to: string | null | undefined) => {
    if (!to) return;
    void (to === "recommended"
      ? navigate({ to: "/organizations/$org/issues/$issue/", params: { org, issue: issueId }, resetScroll: false })
      : navigate({ to: "/organizations/$org/issues/$issue/events/$event/", params: { org, issue: issueId, event: to }, resetScroll: false }));
  };
  const played = links.data?.find((l) => l.plays && l.itemKind === "event" && l.tier <= 4);
  useKeys({ "[": () => go(event.previousEventID), "]": () => go(event.nextEventID) });
  const user = event.user?.email ?? event.user?.username ?? event.user?.name ?? event.user?.id ?? null;
  const browser = nameAndVersion(event.contexts.browser);
  const os = nameAndVersion(event.contexts.os);
  return (
    <div className="evnav">
      <span className="seg" role="group" aria-label="Which event">
        {(["recommended", "latest", "oldest"] as const).map((w) => (
          <button key={w} type="button" aria-pressed={which === w} onClick={() => go(w)}>
            {w.charAt(0).toUpperCase() + w.slice(1)}
          </button>
        ))}
        <button type="button" aria-pressed={played !== undefined && which === played.itemId} disabled={!played} onClick={() => go(played?.itemId)}>
          <Icon name="replay" size="s" />
          With replay
        </button>
      </span>
      <span className="split plain">
        <button type="button" className="btn ico" aria-label="Previous event ([)" disabled={!event.previousEventID} onClick={() => go(event.previousEventID)}>
          <Icon name="left" size="s" />
        </button>
        <button type="button" className="btn ico" aria-label="Next event (])" disabled={!event.nextEventID} onClick={() => go(event.nextEventID)}>
          <Icon name="right" size="s" />
        </button>
      </span>
      <span className="row small nowrap">
        <CopyButton text={event.eventID} label="Copy event id" className="code t1 copy-id">
          {shortHex(event.eventID)}
        </CopyButton>
        <span className="t3">
          {dateTime(event.dateCreated, { ms: true })} · {ago(event.dateCreated, now)}
        </span>
      </span>
      <span className="sp" />
      <span className="row small nowrap t3 hide-s">
        {user ? (
          <>
            <Avatar name={user} />
            <span className="t1 cut">{user}</span>
          </>
        ) : null}
        {[browser, os].filter(Boolean).map((x) => (
          <span key={x}>· {x}</span>
        ))}
        {event.release ? <span className="code cut">{event.release.version}</span> : null}
      </span>
    </div>
  );
}

const nameAndVersion = (c: Record<string, unknown> | undefined) => (c && typeof c.name === "string" ? `${c.name} ${typeof c.version === "string" ? c.version.split(".")[0] : ""}`.trim() : "");

function EventView({ org, issueId, issue, event, which }: { org: string; issueId: string; issue: IssueDetail | undefined; event: Event; which: string }) {
  const story = useMemo(() => toStoryEvent(event), [event]);
  const { replayId, replayPlays, expectsReplay, traceId } = event.hindsight;
  const links = useQuery(linksOptions(org, { event: event.eventID }));
  const link = links.data?.find((l) => l.replayId === replayId) ?? links.data?.[0];
  const replay = useQuery({ ...getReplayOptions({ path: { org, replay: replayId ?? "" } }), enabled: replayId !== null, retry: false });
  const project = replay.data?.data.project_id ?? null;
  const recording = useRecording({ org, project: replayPlays ? project : null, replay: replayPlays ? replayId : null, version: replay.data?.data.count_segments });
  const traceAnswer = useQuery({ ...getTraceOptions({ path: { org, trace: traceId ?? "" } }), enabled: traceId !== null });
  const trace = useMemo(() => (traceAnswer.data ? readTrace(traceAnswer.data) : null), [traceAnswer.data]);
  const replayLinks = useQuery({ ...linksOptions(org, { replay: replayId ?? "" }), enabled: replayId !== null });
  const others = useIssueReplays(org, issueId, replayId);
  const errors: ErrorMark[] = useMemo(() => {
    const marks = toMarks(replayLinks.data ?? []);
    const own: ErrorMark = { id: event.eventID, at: story.at, side: story.side, title: event.title, project: event.projectSlug, issueId, shortId: issue?.shortId ?? "", level: "error", spanId: story.spanId };
    return [...marks.filter((m) => m.id !== own.id), own];
  }, [replayLinks.data, event, story, issueId, issue?.shortId]);
  const told = useMemo(() => (recording.data ? buildChapters(recording.data.frames, trace, errors).chapters : []), [recording.data, trace, errors]);
  const store = usePlayerStore();
  const crumbs = (entryOf(event, "breadcrumbs")?.values ?? []).map((c) => ({ at: c.timestamp ? Date.parse(c.timestamp) : 0, category: c.category ?? c.type, message: c.message ?? "", level: c.level }));
  const start = recording.data?.start ?? null;
  const clipMarks: ClipMark[] = useMemo(
    () => [
      ...(recording.data?.frames ?? []).filter((f) => ["click", "rage", "dead", "slow", "input", "navigation"].includes(f.kind)).map((f): ClipMark => ({ at: f.at, kind: "act", label: describeAct(f) })),
      ...errors.map((e): ClipMark => ({ at: e.at, kind: "error", label: e.title })),
    ],
    [recording.data, errors],
  );
  useKeys({ " ": store.toggle }, recording.data !== undefined);
  const who = event.user?.name ?? event.user?.username ?? (event.user?.email ? event.user.email.replace(/@.*/, "").replace(/^./, (c) => c.toUpperCase()) : null);
  const from = start === null ? 0 : Math.max(0, story.at - CLIP_MS - start);
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
              chapters: told,
              without: [trace, crumbs, story],
              who,
              start,
              onSeek: (at) => {
                if (start !== null) store.seek(at - start);
              },
            }}
          />
          <StackTrace exceptions={exceptionsOf(event)} />
          <RequestSection event={event} />
        </div>
        <aside className="rpanel" aria-label="Replay">
          {recording.data && start !== null ? (
            recording.data.dom.length > 1 ? (
              <ReplayClip store={store} recording={recording.data} start={start} error={story.at} marks={clipMarks} label={`Replay of ${replay.data ? whoOf(replay.data.data) : "the session"}`} />
            ) : (
              <NoReplayPanel side={story.side} received={Date.parse(event.dateReceived)} replayId={replayId} state="available" reason={null} expectsReplay={false} unplayable={1} hasTrace />
            )
          ) : recording.isError ? (
            <PanelFailed error={recording.error} retry={() => void recording.refetch()} />
          ) : replayPlays ? (
            <PanelSkeleton />
          ) : (
            <NoReplayPanel
              side={story.side}
              received={Date.parse(event.dateReceived)}
              replayId={replayId}
              state={link?.state ?? null}
              reason={link?.stateReason ?? null}
              expectsReplay={expectsReplay}
              unplayable={replay.data?.data.hindsight.unplayableSegments ?? 0}
              hasTrace={traceId !== null}
            />
          )}
          {recording.data?.truncated ? <p className="note amber">{recording.data.truncated}</p> : null}
          {link && replayPlays ? <WhyLinked link={link} /> : null}
          {replayPlays && replayId ? (
            <Link className="btn full" to="/organizations/$org/replays/$replay/" params={{ org, replay: replayId }} search={{ t: Math.floor(from / 1000) }}>
              <Icon name="replay" size="s" />
              Open full replay at {clock(from)}
              {recording.data ? <span className="t3 reg">of {clock(recording.data.end - recording.data.start)}</span> : null}
            </Link>
          ) : null}
          <OtherReplays org={org} replays={others.replays} links={others.links} total={issue?.hindsight.replayCount ?? others.replays.length} issue={issueId} />
        </aside>
      </div>
      <div className="two">
        <TagsSection event={event} />
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
      <Folds event={event} />
    </>
  );
}

/** Drawn again as the player moves, so that the rest of the page is not. */
function StoryAtPlayhead({ store, start, props }: { store: ReturnType<typeof usePlayerStore>; start: number | null; props: Omit<Parameters<typeof Story>[0], "playhead"> }) {
  const at = usePlayer(store, (s) => (s.playing ? Math.round(s.at / 100) * 100 : null));
  return <Story {...props} playhead={at === null || start === null ? null : start + at} />;
}

