import { useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useScope } from "@/app/hooks";
import { Tier } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { Failed, Middle, SkeletonRows } from "@/components/states";
import { ago, clock, dateTime, shortHex } from "@/lib/format";
import { whoOf } from "@/components/who";
import { useNow } from "@/lib/now";
import { issueEventsOptions, linksOptions } from "./queries";
import { CLIP_MS } from "./ReplayClip";
import { useIssueReplays } from "./useIssueReplays";

export function EventsTab({ org, issue }: { org: string; issue: string }) {
  const scope = useScope();
  const [cursor, setCursor] = useState<string | undefined>();
  const { query } = useSearch({ strict: false }) as { query?: string };
  const list = useQuery(issueEventsOptions(org, issue, scope, cursor, query));
  const filter = query ? (
    <p className="row events-of">
      <span className="tok">{query}</span>
      <Link className="small acc" to="/organizations/$org/issues/$issue/" params={{ org, issue }} search={{ tab: "events" }}>
        All events
      </Link>
    </p>
  ) : null;
  if (list.isPending) return <SkeletonRows rows={8} label="Loading events" />;
  if (list.isError && !list.data) return <Failed what="the events" error={list.error} retry={() => void list.refetch()} />;
  const rows = list.data?.rows ?? [];
  if (rows.length === 0)
    return (
      <>
        {filter}
        <Middle icon="filter" title={query ? "No events match" : "No events in this environment"} />
      </>
    );
  return (
    <div className="scroll-x">
      {filter}
      <table className="tbl">
        <thead>
          <tr>
            <th>Event</th>
            <th>When</th>
            <th className="hide-s">Title</th>
            <th>User</th>
            <th className="hide-s">Release</th>
            <th>Replay</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((e) => (
            <tr key={e.eventID}>
              <td>
                <Link className="code acc" to="/organizations/$org/issues/$issue/events/$event/" params={{ org, issue, event: e.eventID }}>
                  {shortHex(e.eventID)}
                </Link>
              </td>
              <td className="nowrap">{dateTime(e.dateCreated)}</td>
              <td className="cut-cell hide-s">{e.title}</td>
              <td>{e.user?.email ?? e.user?.username ?? e.user?.id ?? <span className="t4">–</span>}</td>
              <td className="code hide-s">{e.tags.find((t) => t.key === "release")?.value ?? "–"}</td>
              <td>{e.hindsight.replayPlays ? <span className="rp">yes</span> : <span className="rp zero">0</span>}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <div className="pager">
        <button type="button" className="btn ico" aria-label="Previous page" disabled={!list.data?.previous} onClick={() => setCursor(list.data?.previous ?? undefined)}>
          <Icon name="left" size="s" />
        </button>
        <button type="button" className="btn ico" aria-label="Next page" disabled={!list.data?.next} onClick={() => setCursor(list.data?.next ?? undefined)}>
          <Icon name="right" size="s" />
        </button>
      </div>
    </div>
  );
}

export function ReplaysTab({ org, issue }: { org: string; issue: string }) {
  const now = useNow();
  const links = useQuery(linksOptions(org, { issue }));
  const { replays } = useIssueReplays(org, issue, null, 50);
  if (links.isPending) return <SkeletonRows rows={6} label="Loading replays" />;
  if (links.isError) return <Failed what="the replays" error={links.error} retry={() => void links.refetch()} />;
  const lost = new Set(links.data.filter((l) => (l.state === "pending" || l.state === "missing")).map((l) => l.replayId)).size;
  if (replays.length === 0) {
    return (
      <Middle icon="replay" title="No replay of this issue">
        {lost > 0 ? `${lost} were expected; no piece of them has come in.` : "No event of this issue is linked to a recorded session."}
      </Middle>
    );
  }
  return (
    <div className="scroll-x">
      <table className="tbl">
        <thead>
          <tr>
            <th>User</th>
            <th className="hide-s">Browser</th>
            <th className="hide-s">Link</th>
            <th className="r">Length</th>
            <th className="r">At</th>
            <th className="r">Started</th>
          </tr>
        </thead>
        <tbody>
          {replays.map((r) => {
            const link = links.data.find((l) => l.replayId === r.id);
            return (
              <tr key={r.id}>
                <td>
                  <Link className="t1 row" to="/organizations/$org/replays/$replay/" params={{ org, replay: r.id }} search={link?.offsetMs != null ? { t: Math.max(0, Math.floor((link.offsetMs - CLIP_MS) / 1000)) } : {}}>
                    <span className="rp" aria-hidden="true" />
                    {whoOf(r)}
                  </Link>
                </td>
                <td className="hide-s">{[r.browser.name, r.os.name].filter(Boolean).join(" · ")}</td>
                <td className="hide-s">
                  {link ? (
                    <span className="row">
                      <Tier tier={link.tier} />
                      <span className="cut">{link.reason}</span>
                    </span>
                  ) : null}
                </td>
                <td className="r code">{clock(r.duration * 1000)}</td>
                <td className="r code">{link?.offsetMs != null ? clock(link.offsetMs) : "–"}</td>
                <td className="r">{r.started_at ? ago(r.started_at, now) : "–"}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {lost > 0 ? <p className="micro t3">{lost} more were expected and have not come in.</p> : null}
    </div>
  );
}
