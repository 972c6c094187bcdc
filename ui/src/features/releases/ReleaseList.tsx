import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { listReleases } from "@/api/gen";
import { listReleasesQueryKey } from "@/api/gen/@tanstack/react-query.gen";
import { toPage } from "@/api/client";
import { useOrg, useScope, useTitle } from "@/app/hooks";
import { Crumb } from "@/app/Shell";
import { Segmented } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { Failed, Middle, SkeletonRows } from "@/components/states";
import { ago, count, dateTime } from "@/lib/format";
import { useNow } from "@/lib/now";
import { CrashFree, healthOf, rate } from "./health";
import s from "./releases.module.css";

/** The releases of an organisation: what came with each, and where it runs. */
export function ReleaseList() {
  useTitle("Releases");
  const org = useOrg();
  const scope = useScope();
  const search = useSearch({ from: "/organizations/$org/releases" });
  const navigate = useNavigate();
  const now = useNow();
  const sort = search.sort ?? "date";
  const options = {
    path: { org },
    query: { sort, per_page: 25, health: "1", ...(scope.environment ? { environment: [scope.environment] } : {}), ...(search.query ? { query: search.query } : {}), ...(search.cursor ? { cursor: search.cursor } : {}) },
  };
  const list = useQuery({
    queryKey: listReleasesQueryKey(options),
    queryFn: async ({ signal }) => toPage(await listReleases({ ...options, signal, throwOnError: true })),
    placeholderData: keepPreviousData,
  });
  const go = (change: Partial<typeof search>) => void navigate({ to: "/organizations/$org/releases/", params: { org }, search: { ...search, cursor: undefined, ...change } });
  const rows = list.data?.rows ?? [];
  return (
    <>
      <Crumb>
        <b>Releases</b>
      </Crumb>
      <h1 className="vh">Releases</h1>
      <div className={s.search}>
        <form
          className="field"
          role="search"
          onSubmit={(e) => {
            e.preventDefault();
            const text = new FormData(e.currentTarget).get("query");
            go({ query: typeof text === "string" && text.trim() ? text.trim() : undefined });
          }}
        >
          <Icon name="search" size="s" className="t4" />
          <input key={search.query} name="query" aria-label="Search releases" placeholder="A part of the version" defaultValue={search.query ?? ""} />
        </form>
        <Segmented label="Sort by" value={sort} options={[{ value: "date", label: "Date" }, { value: "semver", label: "Version" }, { value: "crash_free_sessions", label: "Crashes" }, { value: "adoption", label: "Adoption" }]} onChange={(value) => go({ sort: value === "date" ? undefined : value })} />
      </div>
      {list.isPending ? (
        <SkeletonRows rows={8} label="Loading releases" />
      ) : list.isError && !list.data ? (
        <Failed what="the releases" error={list.error} retry={() => void list.refetch()} />
      ) : rows.length === 0 ? (
        <Middle icon="release" title={search.query ? "No release matches" : sort === "adoption" || sort === "crash_free_sessions" ? "No release had sessions" : "No releases yet"}>
          {search.query ? "No version has these characters in this environment." : "Set release in your SDK, or run sentry-cli releases new: each version then shows what came with it."}
        </Middle>
      ) : (
        <div className="scroll-x">
          <table className={`tbl ${s.list}`}>
            <thead>
              <tr>
                <th>Release</th>
                <th className="hide-s">Projects</th>
                <th className="r">Crash-free</th>
                <th className="r hide-s">Adoption</th>
                <th className="r">New issues</th>
                <th className="r hide-s">Commits</th>
                <th className={`hide-s ${s.after}`}>Last deploy</th>
                <th className="r hide-s">Last event</th>
                <th className="r">Since</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((r) => ({ r, health: healthOf(r) })).map(({ r, health }) => (
                <tr key={r.id}>
                  <td className="cut-cell">
                    <Link className={`code t1 ${s.version}`} to="/organizations/$org/releases/$version/" params={{ org, version: r.version }} title={r.version}>
                      {r.shortVersion}
                    </Link>
                    {r.versionInfo.package ? <span className="t3"> {r.versionInfo.package}</span> : null}
                  </td>
                  <td className="hide-s cut-cell">{r.projects.map((p) => p.slug).join(", ")}</td>
                  <td className="r nowrap">
                    <CrashFree percent={health.crashFree} />
                  </td>
                  <td className="r num hide-s nowrap">{health.adoption === null || health.sessions === 0 ? <span className="t4">–</span> : rate(health.adoption)}</td>
                  <td className="r num">
                    {r.newGroups > 0 ? (
                      <Link className="acc" to="/organizations/$org/issues/" params={{ org }} search={{ query: `firstRelease:"${r.version}"` }}>
                        {count(r.newGroups)}
                      </Link>
                    ) : (
                      <span className="t4">0</span>
                    )}
                  </td>
                  <td className="r num hide-s">{r.commitCount > 0 ? count(r.commitCount) : <span className="t4">–</span>}</td>
                  <td className={`hide-s ${s.after}`}>{r.lastDeploy ? `${r.lastDeploy.environment}, ${ago(r.lastDeploy.dateFinished, now)}` : <span className="t4">–</span>}</td>
                  <td className="r hide-s">{r.lastEvent ? ago(r.lastEvent, now) : <span className="t4">–</span>}</td>
                  <td className="r nowrap" title={dateTime(r.dateReleased ?? r.dateCreated)}>
                    {ago(r.dateReleased ?? r.dateCreated, now)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
          {list.data?.previous || list.data?.next ? (
            <div className="pager">
              <button type="button" className="btn ico" aria-label="Previous page" disabled={!list.data?.previous} onClick={() => go({ cursor: list.data?.previous ?? undefined })}>
                <Icon name="left" size="s" />
              </button>
              <button type="button" className="btn ico" aria-label="Next page" disabled={!list.data?.next} onClick={() => go({ cursor: list.data?.next ?? undefined })}>
                <Icon name="right" size="s" />
              </button>
            </div>
          ) : null}
        </div>
      )}
    </>
  );
}
