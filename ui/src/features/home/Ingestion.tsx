import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Icon } from "@/components/Icon";
import { Failed, SkeletonLines } from "@/components/states";
import { count, dateTime, percent } from "@/lib/format";
import { kinds, readOutcomes, type Kind, type Outcomes } from "./outcomes";
import { outcomesOptions } from "./queries";

const words: Record<Kind, string> = { accepted: "Accepted", filtered: "Filtered", rate_limited: "Rate-limited", invalid: "Invalid", client_discard: "Dropped by SDKs" };
const HEIGHT = 56;

/** What became of everything that was sent in a day. */
export function Ingestion({ org }: { org: string }) {
  const stats = useQuery(outcomesOptions(org, { statsPeriod: "24h", interval: "30m" }));
  const data = stats.data ? readOutcomes(stats.data) : null;
  return (
    <section className="sec ing" aria-labelledby="ing">
      <div className="sec-h">
        <h2 id="ing">Ingestion</h2>
        <span className="sub">24 hours, 30 min each; every item in has an outcome</span>
        <span className="sp" />
        {data && data.of.rate_limited.n + data.of.invalid.n === 0 ? (
          <span className="small green row">
            <Icon name="check" size="s" />
            nothing refused
          </span>
        ) : null}
      </div>
      {stats.isPending ? <SkeletonLines lines={3} label="Loading outcomes" /> : stats.isError && !data ? <Failed what="the outcomes" error={stats.error} retry={() => void stats.refetch()} /> : data ? <Picture org={org} data={data} /> : null}
    </section>
  );
}

function Picture({ org, data }: { org: string; data: Outcomes }) {
  const most = data.bars.reduce((n, b) => Math.max(n, kinds.reduce((m, k) => m + b.of[k], 0)), 1);
  const width = 100 / Math.max(1, data.bars.length);
  return (
    <>
      <svg viewBox={`0 0 100 ${HEIGHT}`} preserveAspectRatio="none" className="ing-b" role="img" aria-label="Items per half hour by outcome, last 24 hours">
        {data.bars.map((b, i) => {
          let below = 0;
          return (
            <g key={b.at}>
              <title>{`${dateTime(b.at)}: ${kinds.filter((k) => b.of[k] > 0).map((k) => `${count(b.of[k])} ${words[k].toLowerCase()}`).join(", ") || "nothing"}`}</title>
              {kinds.map((k) => {
                const h = b.of[k] === 0 ? 0 : Math.max(1, (b.of[k] / most) * HEIGHT);
                below += h;
                return h > 0 ? <rect key={k} className={k} x={i * width} y={Math.max(0, HEIGHT - below)} width={width * 0.84} height={h} /> : null;
              })}
            </g>
          );
        })}
      </svg>
      <dl className="out">
        <div>
          <dt>In</dt>
          <dd>{count(data.total)}</dd>
        </div>
        {kinds.map((k) => (
          <div key={k}>
            <dt>
              <i className={k} />
              {words[k]}
            </dt>
            <dd>
              {count(data.of[k].n)} <small>{k === "accepted" ? percent(data.of[k].n, data.total) : data.of[k].n > 0 ? data.of[k].why : ""}</small>
              {k === "invalid" && data.of[k].n > 0 ? (
                <small>
                  {" "}
                  <Link className="acc" to="/organizations/$org/settings/dead-letters/" params={{ org }}>
                    dead letters
                  </Link>
                </small>
              ) : null}
            </dd>
          </div>
        ))}
      </dl>
    </>
  );
}
