import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import type { Monitor } from "@/api/gen";
import { listMonitorsOptions, listMonitorsStatsOptions, listWaitingMonitorsOptions } from "@/api/gen/@tanstack/react-query.gen";
import { useOrg, useScope, useTitle } from "@/app/hooks";
import { Crumb } from "@/app/Shell";
import { Icon } from "@/components/Icon";
import { Failed, Middle, SkeletonRows } from "@/components/states";
import { ago, plural } from "@/lib/format";
import { useNow } from "@/lib/now";
import "./crons.css";
import { say, schedule, sum, tone, type Bucket } from "./timeline";

const day = 86_400;

/** The state of a monitor in words: the worst of its environments. */
export function MonitorBadge({ monitor }: { monitor: Monitor }) {
  if (monitor.status === "disabled") return <span className="badge line">Off</span>;
  const states = monitor.environments.map((e) => e.status);
  if (states.includes("error")) return <span className="badge red">Failed</span>;
  if (states.includes("timeout")) return <span className="badge red">Took too long</span>;
  if (states.includes("missed_checkin")) return <span className="badge amber">Missed</span>;
  if (states.includes("ok")) return <span className="badge green">Well</span>;
  return <span className="badge line">Waiting for the first</span>;
}

/** Check-ins over time, one bar a stretch. */
export function Line({ buckets, label, big }: { buckets: Bucket[]; label: string; big?: boolean }) {
  const bad = buckets.filter((b) => tone(b) === "bad" || tone(b) === "missed").length;
  return (
    <div className={big ? "cr-line cr-big" : "cr-line"} role="img" aria-label={`${label}: ${bad} of ${buckets.length} stretches with failed or missed runs`}>
      {buckets.map((b) => (
        <i key={b.ts} className={tone(b)} title={say(b)} />
      ))}
    </div>
  );
}

export function Key() {
  return (
    <div className="cr-key" aria-hidden="true">
      <span>
        <i className="ok" />
        well
      </span>
      <span>
        <i className="missed" />
        missed
      </span>
      <span>
        <i className="bad" />
        failed, or took too long
      </span>
      <span>
        <i className="run" />
        running
      </span>
      <span>
        <i className="unk" />
        not known: this server was away
      </span>
    </div>
  );
}

/** Jobs that report and that nobody has described: their check-ins wait for a day. */
function Waiting() {
  const org = useOrg();
  const now = useNow();
  const list = useQuery({ ...listWaitingMonitorsOptions({ path: { org } }), refetchInterval: 15_000 });
  if (!list.data?.length) return null;
  return (
    <section className="sec" aria-labelledby="waiting">
      <div className="sec-h">
        <h2 id="waiting">Jobs that nobody described</h2>
      </div>
      <p className="small t3">They report, but not when they are to run. Their check-ins are kept for a day; a monitor of the same slug takes them along.</p>
      <ul className="cr-list">
        {list.data.map((w) => (
          <li key={`${w.project.slug}/${w.slug}`} className="cr-row cr-wait">
            <div className="cr-n">
              <b className="code">{w.slug}</b>
              <span className="small t3">
                {w.project.slug} · {plural(w.checkIns, "check-in")}, the last {ago(w.lastSeen, now)}
              </span>
            </div>
            <Link className="btn" to="/organizations/$org/crons/new/" params={{ org }} search={{ slug: w.slug, of: w.project.slug }}>
              Describe it
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function CronList() {
  useTitle("Crons");
  const org = useOrg();
  const scope = useScope();
  const now = useNow();
  const environment = scope.environment ? [scope.environment] : [];
  const list = useQuery({ ...listMonitorsOptions({ path: { org }, query: { per_page: 100, environment } }), refetchInterval: 15_000 });
  const until = Math.ceil(now / 1000 / 1800) * 1800;
  const ids = (list.data ?? []).map((m) => m.id);
  const stats = useQuery({ ...listMonitorsStatsOptions({ path: { org }, query: { monitor: ids, since: until - day, until, resolution: "30m", environment } }), enabled: ids.length > 0 });
  const series = useMemo(() => Object.fromEntries(Object.entries(stats.data ?? {}).map(([id, s]) => [id, sum(s as [number, Record<string, Record<string, number>>][])])), [stats.data]);
  const make = (
    <Link className="btn pri" to="/organizations/$org/crons/new/" params={{ org }}>
      <Icon name="plus" size="s" />
      New monitor
    </Link>
  );
  return (
    <div className="cr">
      <Crumb>
        <b>Crons</b>
      </Crumb>
      <div className="cr-h">
        <h1>Crons</h1>
        <span className="small t3 hide-s">the last 24 hours</span>
        <span className="sp" />
        {list.data?.length ? make : null}
      </div>
      {list.isPending ? (
        <SkeletonRows rows={5} label="Loading monitors" />
      ) : list.isError ? (
        <Failed what="the list" error={list.error} retry={() => void list.refetch()} />
      ) : list.data.length === 0 ? (
        <Middle icon="cron" title="No scheduled jobs yet" actions={make}>
          A job that reports when it begins and ends is missed when it does not. Make a monitor here, or let the SDK describe it.
        </Middle>
      ) : (
        <>
          <div className="cr-axis" aria-hidden="true">
            <span>24 hours ago</span>
            <span>12 hours</span>
            <span>now</span>
          </div>
          <ul className="cr-list">
            {list.data.map((m) => (
              <li key={m.id} className="cr-row">
                <div className="cr-n">
                  <Link to="/organizations/$org/crons/$project/$monitor/" params={{ org, project: m.project.slug, monitor: m.slug }}>
                    <b>{m.name}</b>
                  </Link>
                  <span className="small t3">
                    {m.project.slug} · {schedule(m.config)}
                  </span>
                </div>
                <Line buckets={series[m.id] ?? []} label={m.name} />
                <span className="cr-end">
                  <MonitorBadge monitor={m} />
                </span>
              </li>
            ))}
          </ul>
          <Key />
        </>
      )}
      <Waiting />
    </div>
  );
}
