import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { errorMessage } from "@/api/client";
import type { Monitor } from "@/api/gen";
import { deleteProjectMonitorMutation, getMonitorStatsOptions, getProjectMonitorOptions, listProjectCheckInsOptions, updateProjectMonitorMutation } from "@/api/gen/@tanstack/react-query.gen";
import { useOrg, useTitle } from "@/app/hooks";
import { Crumb } from "@/app/Shell";
import { Ask } from "@/components/Ask";
import { Section } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { Failed, SkeletonLines, SkeletonRows } from "@/components/states";
import { ago } from "@/lib/format";
import { useNow } from "@/lib/now";
import { Key, Line, MonitorBadge } from "./CronList";
import "./crons.css";
import { Snippet } from "./Snippet";
import { schedule } from "./timeline";

const tones: Record<string, string> = { ok: "badge green", error: "badge red", timeout: "badge red", missed: "badge amber", in_progress: "badge blue", unknown: "badge line" };
const words: Record<string, string> = { ok: "Well", error: "Failed", timeout: "Took too long", missed: "Missed", in_progress: "Running", unknown: "Not known" };

export function CronPage() {
  const org = useOrg();
  const { project, monitor } = useParams({ from: "/organizations/$org/crons/$project/$monitor" });
  useTitle(monitor);
  const path = { org, project, monitor };
  const one = useQuery({ ...getProjectMonitorOptions({ path }), refetchInterval: 15_000 });
  if (one.isPending) return <SkeletonLines lines={8} label="Loading the monitor" />;
  if (one.isError) return <Failed what="this monitor" error={one.error} retry={() => void one.refetch()} />;
  return <Page monitor={one.data} path={path} />;
}

function Page({ monitor: m, path }: { monitor: Monitor; path: { org: string; project: string; monitor: string } }) {
  const { org } = path;
  const now = useNow();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const until = Math.ceil(now / 1000 / 3600) * 3600;
  const stats = useQuery(getMonitorStatsOptions({ path: { org, monitor: m.id }, query: { since: until - 3 * 86_400, until, resolution: "1h" } }));
  const runs = useQuery({ ...listProjectCheckInsOptions({ path, query: { per_page: 50, expand: ["groups"] } }), refetchInterval: 15_000 });
  const update = useMutation({ ...updateProjectMonitorMutation(), onSuccess: () => queries.invalidateQueries() });
  const remove = useMutation({
    ...deleteProjectMonitorMutation(),
    onSuccess: () => {
      void queries.invalidateQueries();
      void navigate({ to: "/organizations/$org/crons/", params: { org } });
    },
  });
  const [asking, setAsking] = useState(false);
  const failed = update.error;
  return (
    <div className="cr">
      <Crumb>
        <Link to="/organizations/$org/crons/" params={{ org }}>
          Crons
        </Link>
        <Icon name="right" size="xs" />
        <b>{m.name}</b>
      </Crumb>
      <div className="cr-h">
        <h1>{m.name}</h1>
        <MonitorBadge monitor={m} />
        {m.isMuted ? <span className="badge">Muted</span> : null}
        <span className="sp" />
        <button type="button" className="btn" disabled={update.isPending} onClick={() => update.mutate({ path, body: { isMuted: !m.isMuted } })}>
          {m.isMuted ? "Unmute" : "Mute"}
        </button>
        <button type="button" className="btn" disabled={update.isPending} onClick={() => update.mutate({ path, body: { status: m.status === "active" ? "disabled" : "active" } })}>
          {m.status === "active" ? "Turn off" : "Turn on"}
        </button>
        <button type="button" className="btn danger" disabled={remove.isPending} onClick={() => setAsking(true)}>
          Delete…
        </button>
      </div>
      {failed ? <p className="note red" role="alert">{errorMessage(failed)}</p> : null}
      {asking ? (
        <Ask title={`Delete ${m.name}?`} action="Delete" busy={remove.isPending} error={remove.error} onYes={() => remove.mutate({ path })} onClose={() => setAsking(false)}>
          Its check-ins are deleted with it, and nobody is told when the job fails or is missed. Check-ins that still come wait until a monitor of this slug is made again.
        </Ask>
      ) : null}
      <Line buckets={stats.data ?? []} label={m.name} big />
      <div className="row small t3">
        <span>3 days ago</span>
        <span className="sp" />
        <span>now</span>
      </div>
      <Key />
      <div className="cr-two">
        <Section id="runs" title="Check-ins">
          {runs.isPending ? (
            <SkeletonRows rows={5} label="Loading check-ins" />
          ) : runs.isError ? (
            <Failed what="the check-ins" error={runs.error} retry={() => void runs.refetch()} />
          ) : runs.data.length === 0 ? (
            <Snippet slug={m.slug} project={path.project} />
          ) : (
            <table className="tbl" style={{ width: "100%" }}>
              <thead>
                <tr>
                  <th>State</th>
                  <th>Environment</th>
                  <th className="r">Took</th>
                  <th>Issue</th>
                  <th className="r">When</th>
                </tr>
              </thead>
              <tbody>
                {runs.data.map((r) => (
                  <tr key={r.id}>
                    <td>
                      <span className={tones[r.status] ?? "badge"}>{words[r.status] ?? r.status}</span>
                    </td>
                    <td>{r.environment}</td>
                    <td className="r">{r.duration === null ? "" : r.duration < 10_000 ? `${r.duration} ms` : `${Math.round(r.duration / 1000)} s`}</td>
                    <td>
                      {(r.groups ?? []).map((g) => (
                        <Link key={g.id} to="/organizations/$org/issues/$issue/" params={{ org, issue: String(g.id) }}>
                          {g.shortId}
                        </Link>
                      ))}
                    </td>
                    <td className="r" title={r.dateCreated}>
                      {ago(r.dateCreated, now)}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </Section>
        <Section id="about" title="What is expected">
          <dl className="kv">
            <dt>Schedule</dt>
            <dd>{schedule(m.config)}</dd>
            <dt>May be late</dt>
            <dd>{m.config.checkin_margin} min</dd>
            <dt>May take</dt>
            <dd>{m.config.max_runtime} min</dd>
            <dt>An issue after</dt>
            <dd>{m.config.failure_issue_threshold} failed in a row</dd>
            <dt>Well after</dt>
            <dd>{m.config.recovery_threshold} good in a row</dd>
            {m.environments.map((e) => (
              <Environment key={e.name} name={e.name} next={e.nextCheckIn} last={e.lastCheckIn} />
            ))}
          </dl>
        </Section>
      </div>
    </div>
  );
}

function Environment({ name, next, last }: { name: string; next: string | null; last: string | null }) {
  const now = useNow();
  return (
    <>
      <dt>{name}</dt>
      <dd>
        {next ? <div title={next}>next {new Date(next).toLocaleString(undefined, { dateStyle: "short", timeStyle: "short" })}</div> : "nothing expected"}
        {last ? (
          <div className="t3" title={last}>
            last {ago(last, now)}
          </div>
        ) : null}
      </dd>
    </>
  );
}
