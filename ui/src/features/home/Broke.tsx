import type { UseQueryResult } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { cx, fromSide, ReplayCount, SideMark, Sparkline } from "@/components/basics";
import { Failed, Middle, SkeletonRows } from "@/components/states";
import { ago, count } from "@/lib/format";
import { useNow } from "@/lib/now";
import type { Broken } from "./headline";

const ROWS = 6;

export function Broke({ org, broken, query }: { org: string; broken: Broken[]; query: Pick<UseQueryResult, "isPending" | "isError" | "error" | "refetch" | "data"> }) {
  const n = (why: Broken["why"]) => broken.filter((b) => b.why === why).length;
  const parts = [n("regressed") > 0 ? `${n("regressed")} came back` : "", n("new") > 0 ? `${n("new")} new` : ""].filter(Boolean);
  return (
    <section className="sec" aria-labelledby="broke">
      <div className="sec-h">
        <h2 id="broke">What broke</h2>
        <span className="sub">{parts.length > 0 ? parts.join(", ") : query.data ? "nothing new" : ""}</span>
        <span className="sp" />
        <Link className="acc small" to="/organizations/$org/issues/" params={{ org }}>
          All issues
        </Link>
      </div>
      {query.isPending ? (
        <SkeletonRows rows={4} label="Loading issues" />
      ) : query.isError && !query.data ? (
        <Failed what="the list" error={query.error} retry={() => void query.refetch()} />
      ) : broken.length === 0 ? (
        <Middle icon="check" title="No issue is open">
          When something breaks it stands here, with the sessions that show how.
        </Middle>
      ) : (
        <ol className="brks">
          {broken.slice(0, ROWS).map((b) => (
            <BrokenRow key={b.issue.id} org={org} {...b} />
          ))}
        </ol>
      )}
    </section>
  );
}

function BrokenRow({ org, issue, why }: Broken & { org: string }) {
  const now = useNow();
  const points = issue.stats?.["14d"] ?? issue.stats?.["24h"] ?? [];
  return (
    <li>
      <span className={cx("lvb", issue.level === "warning" && "w")} />
      <Link to="/organizations/$org/issues/$issue/" params={{ org, issue: issue.id }}>
        <span className="row">
          <b className="cut" dir="auto">{issue.metadata.type || issue.title}</b>
          <span className="cut" dir="auto">{issue.metadata.type ? issue.metadata.value : ""}</span>
          {why === "regressed" ? <span className="badge red">came back</span> : why === "new" ? <span className="badge acc">new</span> : null}
        </span>
        <span className="row t3">
          <SideMark side={fromSide(issue.hindsight.side)}>
            <span className="code">{issue.shortId}</span>
          </SideMark>
          <span className="cut">
            {issue.culprit ? `${issue.culprit} · ` : ""}
            {ago(issue.lastSeen, now)}
          </span>
        </span>
      </Link>
      <Sparkline points={points} width={104} height={24} />
      <span className="u">{count(issue.userCount)} {issue.userCount === 1 ? "user" : "users"}</span>
      <ReplayCount n={issue.hindsight.replayCount} />
    </li>
  );
}
