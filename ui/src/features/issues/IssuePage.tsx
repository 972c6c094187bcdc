import { useQuery } from "@tanstack/react-query";
import { Link, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { ApiError } from "@/api/client";
import type { IssueDetail, IssueUpdate } from "@/api/gen";
import { getIssueOptions } from "@/api/gen/@tanstack/react-query.gen";
import { useOrg, useScope, useTitle } from "@/app/hooks";
import { Crumb } from "@/app/Shell";
import { CopyButton, fromSide, Level, ReplayCount, SideMark, Sparkline } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { Menu } from "@/components/Menu";
import { Failed, Middle, SkeletonLines } from "@/components/states";
import { count, dateTime, day } from "@/lib/format";
import { useKeys } from "@/lib/keys";
import { EventView } from "./EventView";
import { statusWords } from "./activity";
import { splitTitle } from "./IssueRow";
import { archiveItems, IssueMarks, resolveItems, ShareIssue } from "./Actions";
import { ActivityTab } from "./ActivityTab";
import { EventsTab, ReplaysTab } from "./IssueTabs";
import { TagsTab } from "./TagsTab";
import { MergedTab } from "./MergedTab";
import { RemoveIssue, type Removal } from "./RemoveIssue";
import { issueEventOptions, useUpdateIssues } from "./queries";
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
      ) : tab === "tags" ? (
        <TagsTab org={org} issue={issueId} />
      ) : tab === "merged" ? (
        <MergedTab org={org} issue={issueId} />
      ) : tab === "activity" ? (
        <ActivityTab org={org} issue={issue.data} />
      ) : event.data ? (
        <EventView org={org} issueId={issueId} issue={issue.data} event={event.data} which={which} />
      ) : event.isError && isGone(event.error) && newest.has(which) ? (
        <NoEvent org={org} issueId={issueId} issue={issue.data} narrowed={scope.environment !== undefined} />
      ) : event.isError ? (
        <Failed what="this event" error={event.error} retry={() => void event.refetch()} />
      ) : (
        <SkeletonLines lines={12} label="Loading the event" />
      )}
    </>
  );
}

/** Events that are asked for by their place: there is none when an issue has none left. */
const newest = new Set(["recommended", "latest", "oldest"]);

const isGone = (error: unknown) => error instanceof ApiError && error.status === 404;

/** An issue outlives its events while a recording of one is kept, and when it was imported without them. */
function NoEvent({ org, issueId, issue, narrowed }: { org: string; issueId: string; issue: IssueDetail | undefined; narrowed: boolean }) {
  if (narrowed) return <Middle icon="search" title="No event of this issue in this environment">Its events of other environments may still be kept.</Middle>;
  return (
    <Middle
      icon="info"
      title="Its events are no longer kept"
      actions={
        <Link className="btn" to="/organizations/$org/issues/$issue/" params={{ org, issue: issueId }} search={{ tab: "replays" }}>
          Recordings of this issue
        </Link>
      }
    >
      The latest was {issue ? dateTime(issue.lastSeen) : "long ago"}: longer ago than this project keeps events. How often it was seen, its history and its recordings are still here.
    </Middle>
  );
}

function Header({ org, issue }: { org: string; issue: IssueDetail }) {
  const update = useUpdateIssues(org);
  const change = (to: IssueUpdate) => update.mutate({ ids: [issue.id], change: to });
  const set = (status: "resolved" | "ignored" | "unresolved") => change({ status });
  const open = issue.status === "unresolved";
  const [asking, setAsking] = useState<Removal | null>(null);
  useKeys({ e: () => set(open ? "resolved" : "unresolved"), i: () => set("ignored") });
  const { type, value } = splitTitle(issue);
  const points = issue.stats?.["14d"] ?? issue.stats?.["30d"]?.slice(-14) ?? issue.stats?.["24h"] ?? [];
  return (
    <div className="ih">
      {asking ? <RemoveIssue org={org} issue={issue} how={asking} onClose={() => setAsking(null)} /> : null}
      <div className="ih-t">
        <div className="row ih-b">
          <Level level={issue.level} />
          {issue.substatus === "regressed" ? <span className="badge red">Regressed{issue.lastRelease ? ` in ${issue.lastRelease.version}` : ""}</span> : null}
          {issue.substatus === "escalating" ? <span className="badge red">Escalating</span> : null}
          {issue.status !== "unresolved" ? <span className={issue.status === "resolved" ? "badge green" : "badge"}>{statusWords(issue)}</span> : null}
          {issue.inbox ? (
            <button type="button" className="badge acc" disabled={update.isPending} title="Mark as reviewed" onClick={() => change({ inbox: false })}>
              For review
            </button>
          ) : null}
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
          <IssueMarks org={org} issue={issue} set={change} />
          <ShareIssue org={org} issue={issue} />
          <Menu
            heading="Archive"
            items={[...archiveItems(change), "rule", { label: "Delete…", icon: "x", onSelect: () => setAsking("delete") }, { label: "Delete and discard…", onSelect: () => setAsking("discard") }]}
            trigger={
              <button type="button" className="btn" disabled={update.isPending || issue.status === "ignored"}>
                Archive
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
                items={resolveItems(change, issue.lastRelease?.version)}
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
    { value: "tags" as const, label: "Tags", n: null },
    { value: "activity" as const, label: "Activity", n: issue && issue.activity.length > 0 ? count(issue.activity.length) : null },
    { value: "merged" as const, label: "Merged", n: null },
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
