import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { errorMessage } from "@/api/client";
import { listIssueHashesOptions, unmergeIssueMutation } from "@/api/gen/@tanstack/react-query.gen";
import { Icon } from "@/components/Icon";
import { Failed, Middle, SkeletonRows } from "@/components/states";
import { dateTime, shortHex } from "@/lib/format";
import g from "./grouping.module.css";

/** The hashes whose events make up an issue, each with its newest event; chosen ones are taken out into an issue of their own. */
export function MergedTab({ org, issue }: { org: string; issue: string }) {
  const queries = useQueryClient();
  const [chosen, setChosen] = useState<string[]>([]);
  const list = useQuery(listIssueHashesOptions({ path: { org, issue } }));
  const unmerge = useMutation({
    ...unmergeIssueMutation(),
    onSuccess: () => setChosen([]),
    onSettled: () => queries.invalidateQueries(),
  });
  if (list.isPending) return <SkeletonRows rows={5} label="Loading the hashes" />;
  if (list.isError) return <Failed what="the hashes" error={list.error} retry={() => void list.refetch()} />;
  if (list.data.length === 0) return <Middle icon="filter" title="No hash is known">The events of this issue are from an older version.</Middle>;
  const alone = list.data.length === 1;
  const toggle = (id: string) => setChosen((c) => (c.includes(id) ? c.filter((x) => x !== id) : [...c, id]));
  return (
    <>
      <div className={g.acts}>
        <button type="button" className="btn" disabled={chosen.length === 0 || chosen.length === list.data.length || unmerge.isPending} onClick={() => unmerge.mutate({ path: { org, issue }, query: { id: chosen } })}>
          {unmerge.isPending ? "Taking out…" : chosen.length > 0 ? `Take ${chosen.length} out` : "Take out"}
        </button>
        <span className="small t3">
          {alone ? "All events of this issue came by one hash: there is nothing to take apart." : chosen.length === list.data.length ? "At least one has to stay." : "What is taken out becomes an issue of its own, and new events follow it."}
        </span>
        {unmerge.isError ? (
          <span className="small red" role="alert">
            {errorMessage(unmerge.error)}
          </span>
        ) : unmerge.data ? (
          <span className="small" role="status">
            <Icon name="check" size="s" className="green" /> Now in{" "}
            <Link className="acc" to="/organizations/$org/issues/$issue/" params={{ org, issue: unmerge.data.id }}>
              {unmerge.data.shortId}
            </Link>
          </span>
        ) : null}
      </div>
      <div className="scroll-x">
        <table className="tbl">
          <thead>
            <tr>
              <th aria-label="Choose" />
              <th>Newest event</th>
              <th>When</th>
              <th>Title</th>
              <th className="hide-s">Hash</th>
            </tr>
          </thead>
          <tbody>
            {list.data.map((h) => (
              <tr key={h.id}>
                <td>
                  <input type="checkbox" className="chk" aria-label={`Choose hash ${h.id}`} disabled={alone} checked={chosen.includes(h.id)} onChange={() => toggle(h.id)} />
                </td>
                <td>
                  {h.latestEvent ? (
                    <Link className="code acc" to="/organizations/$org/issues/$issue/events/$event/" params={{ org, issue, event: h.latestEvent.eventID }}>
                      {shortHex(h.latestEvent.eventID)}
                    </Link>
                  ) : (
                    <span className="t4">gone</span>
                  )}
                </td>
                <td className="nowrap">{h.latestEvent ? dateTime(h.latestEvent.dateCreated) : "–"}</td>
                <td className="cut-cell">{h.latestEvent?.title ?? ""}</td>
                <td className="code t3 hide-s">
                  {shortHex(h.id)} <span className="t4">{h.algorithm}</span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
