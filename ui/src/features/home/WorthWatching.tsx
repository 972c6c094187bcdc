import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useScope } from "@/app/hooks";
import { Avatar, SideMark } from "@/components/basics";
import { Failed, SkeletonLines } from "@/components/states";
import { whoOf } from "@/components/who";
import { replaysOptions } from "@/features/replays/queries";
import { ago, clock, count } from "@/lib/format";
import { useNow } from "@/lib/now";
import { path } from "@/lib/recording/frames";

const ROWS = 6;
const FAILED = "chapter.status:[error,failed]";

/** The sessions in which a request failed, the most telling first. */
export function WorthWatching({ org }: { org: string }) {
  const scope = useScope();
  const now = useNow();
  const list = useQuery(replaysOptions(org, scope, { query: FAILED, sort: "-usefulness", rows: ROWS }));
  return (
    <section className="sec" aria-labelledby="worth">
      <div className="sec-h">
        <h2 id="worth">Failed requests, seen</h2>
        <span className="sub">most useful first</span>
        <span className="sp" />
        <Link className="acc small" to="/organizations/$org/replays/" params={{ org }} search={{ query: FAILED, sort: "-usefulness" }}>
          All
        </Link>
      </div>
      {list.isPending ? (
        <SkeletonLines lines={5} label="Loading sessions" />
      ) : list.isError && !list.data ? (
        <Failed what="the sessions" error={list.error} retry={() => void list.refetch()} />
      ) : list.data?.rows.length === 0 ? (
        <p className="small t3">No recorded session had a request that failed.</p>
      ) : (
        <ol className="worth">
          {list.data?.rows.slice(0, ROWS).map((r) => (
            <li key={r.id}>
              <Link to="/organizations/$org/replays/$replay/" params={{ org, replay: r.id }}>
                <Avatar name={whoOf(r)} />
                <span className="t1 cut">{whoOf(r)}</span>
                <span className="t3 code cut">{r.urls.at(-1) ? path(r.urls.at(-1) ?? "") : ""}</span>
                <span className="sp" />
                <SideMark side="server">{count(r.hindsight.countBackendErrors)}</SideMark>
                <SideMark side="browser">{count(r.hindsight.countFrontendErrors)}</SideMark>
                <span className="code t3">{clock(r.duration * 1000)}</span>
                <span className="t3 num w-ago">{r.started_at ? ago(r.started_at, now) : ""}</span>
              </Link>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
