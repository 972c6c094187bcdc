import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import type { Issue } from "@/api/gen";
import { getReleaseOptions, listDeploysOptions, listIssuesOptions, listReleaseCommitsOptions, listReleaseResolvedOptions } from "@/api/gen/@tanstack/react-query.gen";
import { useOrg, useTitle } from "@/app/hooks";
import { Crumb } from "@/app/Shell";
import { CopyButton, ReplayCount, Section } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { Failed, SkeletonLines } from "@/components/states";
import { ago, count, dateTime, plural } from "@/lib/format";
import { useNow } from "@/lib/now";
import { Facts, healthOf } from "./health";
import s from "./releases.module.css";

/** A release: the issues, commits and deploys that came with it. */
export function ReleasePage() {
  const org = useOrg();
  const { version } = useParams({ from: "/organizations/$org/releases/$version" });
  const now = useNow();
  useTitle(version);
  const release = useQuery(getReleaseOptions({ path: { org, version }, query: { health: "1" } }));
  const issues = useQuery(listIssuesOptions({ path: { org }, query: { query: `firstRelease:"${version}"`, statsPeriod: "90d", limit: 25 } }));
  const resolved = useQuery(listReleaseResolvedOptions({ path: { org, version }, query: { per_page: 25 } }));
  const commits = useQuery(listReleaseCommitsOptions({ path: { org, version }, query: { per_page: 50 } }));
  const deploys = useQuery(listDeploysOptions({ path: { org, version }, query: { per_page: 25 } }));
  if (release.isError && !release.data) return <Failed what="this release" error={release.error} retry={() => void release.refetch()} />;
  const r = release.data;
  return (
    <>
      <Crumb>
        <Link to="/organizations/$org/releases/" params={{ org }}>
          Releases
        </Link>
        <Icon name="right" size="xs" />
        <b className="mono cut">{r?.shortVersion ?? version}</b>
        <CopyButton text={version} label="Copy version" className="pb small-pb" />
      </Crumb>
      {r ? (
        <>
          <h1 className={s.title} title={version}>
            {r.versionInfo.package ? <span className="t3">{r.versionInfo.package} </span> : null}
            {r.shortVersion}
          </h1>
          <p className="small t3">
            {[r.projects.map((p) => p.slug).join(", "), `${r.dateReleased ? "released" : "first seen"} ${dateTime(r.dateReleased ?? r.dateCreated)}`, plural(r.commitCount, "commit"), plural(r.newGroups, "new issue")].filter(Boolean).join(" · ")}
          </p>
          <p className={`row small ${s.near}`}>
            {r.currentProjectMeta.prevReleaseVersion ? (
              <Link className="acc row" to="/organizations/$org/releases/$version/" params={{ org, version: r.currentProjectMeta.prevReleaseVersion }}>
                <Icon name="left" size="xs" />
                <span className="vh">The one before: </span>
                <span className="code acc cut">{r.currentProjectMeta.prevReleaseVersion}</span>
              </Link>
            ) : null}
            {r.currentProjectMeta.nextReleaseVersion ? (
              <Link className="acc row" to="/organizations/$org/releases/$version/" params={{ org, version: r.currentProjectMeta.nextReleaseVersion }}>
                <span className="vh">The one after: </span>
                <span className="code acc cut">{r.currentProjectMeta.nextReleaseVersion}</span>
                <Icon name="right" size="xs" />
              </Link>
            ) : null}
          </p>
        </>
      ) : (
        <SkeletonLines lines={3} label="Loading the release" />
      )}
      <Section id="health" title="Health" sub="of the last 14 days">
        {r?.projects.some((p) => p.hasHealthData) ? <Facts health={healthOf(r)} /> : r ? <p className="small t3">No session of this release was told of. SDKs send them unless autoSessionTracking is off.</p> : null}
      </Section>
      <Section id="new-issues" title="New issues" sub="first seen in this release">
        {issues.isError ? <Failed what="the issues" error={issues.error} retry={() => void issues.refetch()} /> : null}
        {issues.data?.length === 0 ? <p className="small t3">No issue was first seen in this release.</p> : null}
        <Issues org={org} rows={issues.data ?? []} />
      </Section>
      <Section id="resolved" title="Resolved" sub="by hand, or by “Fixes SHOP-1” in a commit">
        {resolved.isError ? <Failed what="the issues it resolved" error={resolved.error} retry={() => void resolved.refetch()} /> : null}
        {resolved.data?.length === 0 ? <p className="small t3">No issue was resolved in this release.</p> : null}
        <Issues org={org} rows={resolved.data ?? []} />
      </Section>
      <Section id="deploys" title="Deploys">
        {deploys.data?.length === 0 ? <p className="small t3">None were noted. A deploy is noted by <span className="code">sentry-cli deploys new</span>.</p> : null}
        <table className={`tbl ${s.first}`}>
          <tbody>
            {(deploys.data ?? []).map((d) => (
              <tr key={d.id}>
                <td>{d.environment}</td>
                <td>{d.name}</td>
                <td className="r">{ago(d.dateFinished, now)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Section>
      <Section id="commits" title="Commits">
        {commits.data?.length === 0 ? <p className="small t3">None were uploaded. Commits come with <span className="code">sentry-cli releases set-commits</span>.</p> : null}
        <table className={`tbl ${s.first}`}>
          <tbody>
            {(commits.data ?? []).map((c) => (
              <tr key={c.repository.id + c.id}>
                <td className="code">{c.id.slice(0, 12)}</td>
                <td className="cut-cell">{c.message.split("\n")[0]}</td>
                <td className="hide-s">{c.author?.name ?? c.author?.email ?? ""}</td>
                <td className="r">{ago(c.dateCreated, now)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Section>
    </>
  );
}

function Issues({ org, rows }: { org: string; rows: Issue[] }) {
  if (rows.length === 0) return null;
  return (
    <table className={`tbl ${s.issues}`}>
      <tbody>
        {rows.map((i) => (
          <tr key={i.id}>
            <td className="cut-cell">
              <Link to="/organizations/$org/issues/$issue/" params={{ org, issue: i.id }}>
                <span className="code t3">{i.shortId}</span> <span className="t1">{i.title}</span>
              </Link>
            </td>
            <td className="r num nowrap">
              {count(i.count)} <span className="t3">{i.count === "1" ? "event" : "events"}</span>
            </td>
            <td className="r">
              <ReplayCount n={i.hindsight.replayCount} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
