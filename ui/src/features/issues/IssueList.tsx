import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { ApiError } from "@/api/client";
import type { Issue, IssueUpdate } from "@/api/gen";
import { listMembersOptions } from "@/api/gen/@tanstack/react-query.gen";
import { useOrg, useProjects, useScope, useTitle } from "@/app/hooks";
import { Crumb } from "@/app/Shell";
import { cx } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { Menu } from "@/components/Menu";
import { SearchBar } from "@/components/SearchBar";
import { tokens } from "@/components/searchSuggest";
import { Failed, Middle, SkeletonRows } from "@/components/states";
import { count, plural } from "@/lib/format";
import { useKeys } from "@/lib/keys";
import { useNow } from "@/lib/now";
import { BulkBar } from "./BulkBar";
import { EmptyList } from "./EmptyList";
import { IssueRow } from "./IssueRow";
import { issuesOptions, tabCountsOptions, useUpdateIssues } from "./queries";
import { issueTabs, tabOf, withTab } from "./query";
import { SavedSearches } from "./SavedSearches";
import { issueFields } from "./searchFields";
import { pick } from "./selection";
import s from "./issueList.module.css";

const sorts = { date: "Last seen", new: "First seen", freq: "Events", user: "Users" } as const;
const DEFAULT_QUERY = "is:unresolved";

export function IssueList() {
  useTitle("Issues");
  const org = useOrg();
  const scope = useScope();
  const search = useSearch({ from: "/organizations/$org/issues" });
  const navigate = useNavigate();
  const query = search.query ?? DEFAULT_QUERY;
  const sort = search.sort ?? "date";
  const list = useQuery(issuesOptions(org, scope, { query, sort, cursor: search.cursor, project: search.project }));
  const rest = tokens(query).filter((t) => !t.startsWith("is:")).join(" ");
  const tabQueries = issueTabs.filter((t) => t.query !== "").map((t) => [t.query, rest].filter(Boolean).join(" "));
  const counts = useQuery(tabCountsOptions(org, scope, tabQueries, search.project));
  const update = useUpdateIssues(org);
  const { projects } = useProjects();
  const members = useQuery({ ...listMembersOptions({ path: { org } }), staleTime: 60_000 });
  const now = useNow();
  const rows = list.data?.rows ?? [];
  const [picked, setPicked] = useState<Set<string>>(new Set());
  const [cursorRow, setCursorRow] = useState(-1);
  const [assigning, setAssigning] = useState(false);
  const chosen = rows.filter((r) => picked.has(r.id));
  const tab = tabOf(query);

  const go = (change: Partial<typeof search>) => {
    setPicked(new Set());
    setCursorRow(-1);
    void navigate({ to: "/organizations/$org/issues/", params: { org }, search: { ...search, cursor: undefined, ...change } });
  };
  const open = (issue: Issue | undefined) => issue && void navigate({ to: "/organizations/$org/issues/$issue/", params: { org, issue: issue.id } });
  const order = rows.map((r) => r.id);
  const last = useRef<string | null>(null);
  const toggle = (id: string, range = false) => {
    const from = last.current;
    last.current = id;
    setPicked((old) => pick(old, order, id, from, range));
  };
  const change = (ids: string[], to: IssueUpdate) => {
    if (ids.length === 0) return;
    update.mutate({ ids, change: to }, { onSuccess: () => setPicked(new Set()) });
  };
  const targets = () => (chosen.length > 0 ? chosen.map((r) => r.id) : rows[cursorRow] ? [rows[cursorRow].id] : []);
  const box = useRef<HTMLInputElement>(null);
  const move = (by: number) => setCursorRow((at) => Math.max(0, Math.min(rows.length - 1, at + by)));
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    Enter: () => open(rows[cursorRow]),
    o: () => open(rows[cursorRow]),
    x: () => rows[cursorRow] && toggle(rows[cursorRow].id),
    e: () => change(targets(), { status: "resolved" }),
    i: () => change(targets(), { status: "ignored" }),
    u: () => change(targets(), { status: "unresolved" }),
    a: () => {
      const ids = targets();
      setPicked(new Set(ids));
      setAssigning(ids.length > 0);
    },
    "/": () => box.current?.focus(),
    Escape: () => setPicked(new Set()),
  });
  const bulk = { org, chosen, busy: update.isPending, onChange: (to: IssueUpdate) => change(chosen.map((r) => r.id), to), onClear: () => setPicked(new Set()) };
  const misread = list.error instanceof ApiError && list.error.status === 400 ? list.error.message : null;
  const fresh = useFresh(tab === null ? undefined : counts.data?.[[issueTabs.find((t) => t.value === tab)?.query, rest].filter(Boolean).join(" ")], list.dataUpdatedAt);

  return (
    <>
      <Crumb>
        <b>Issues</b>
      </Crumb>
      <h1 className="vh">Issues</h1>
      <div className={s.search}>
        <SavedSearches org={org} query={query} sort={sort} onPick={(q, by) => go({ query: q === DEFAULT_QUERY ? undefined : q, sort: by === "date" || !(by in sorts) ? undefined : (by as keyof typeof sorts) })} />
        <SearchBar
          org={org}
          label="Search issues"
          placeholder="Search by words, or level:error, has:replay …"
          value={query}
          known={issueFields({ projects: projects.map((p) => p.slug), people: (members.data ?? []).flatMap((m) => (m.user ? [m.user] : [])) })}
          project={search.project}
          invalid={misread !== null}
          box={box}
          onSubmit={(q) => go({ query: q === DEFAULT_QUERY ? undefined : q })}
        />
        <Menu
          heading="Project"
          items={[
            { label: "All projects", checked: !search.project, onSelect: () => go({ project: undefined }) },
            ...projects.map((p) => ({ label: p.slug, checked: p.slug === search.project, onSelect: () => go({ project: p.slug }) })),
          ]}
          trigger={
            <button type="button" className="btn tall">
              <Icon name="filter" size="s" />
              {search.project ?? "All projects"}
              <Icon name="down" size="s" />
            </button>
          }
        />
        <Menu
          heading="Sort by"
          items={Object.entries(sorts).map(([value, label]) => ({ label, checked: value === sort, onSelect: () => go({ sort: value === "date" ? undefined : (value as keyof typeof sorts) }) }))}
          trigger={
            <button type="button" className="btn tall">
              <Icon name="sort" size="s" />
              {sorts[sort]}
              <Icon name="down" size="s" />
            </button>
          }
        />
      </div>
      <nav className="tabs" aria-label="Status">
        {issueTabs.map((t) => (
          <Link
            key={t.value}
            to="/organizations/$org/issues/"
            params={{ org }}
            search={{ ...search, cursor: undefined, query: t.value === "unresolved" && !rest ? undefined : withTab(query, t.value) }}
            aria-current={tab === t.value ? "page" : undefined}
            activeOptions={{ includeSearch: true, explicitUndefined: true }}
          >
            {t.label}
            {t.query ? <span className="n">{counts.data ? count(counts.data[[t.query, rest].filter(Boolean).join(" ")] ?? 0) : ""}</span> : null}
          </Link>
        ))}
        {fresh > 0 ? (
          <button type="button" className={s.live} onClick={() => void list.refetch()}>
            <span className={s.dot} />
            {fresh} new. Show
          </button>
        ) : null}
      </nav>
      {list.isPending ? (
        <SkeletonRows rows={10} label="Loading issues" />
      ) : misread !== null ? (
        <Middle
          icon="search"
          title="This search is not understood"
          actions={
            <button type="button" className="btn" onClick={() => go({ query: undefined, project: undefined })}>
              Drop the filters
            </button>
          }
        >
          {misread}
        </Middle>
      ) : list.isError && !list.data ? (
        <Failed what="the list" error={list.error} retry={() => void list.refetch()} />
      ) : rows.length === 0 ? (
        <EmptyList query={query} tab={tab} filtered={rest !== "" || Boolean(search.project) || Boolean(scope.environment)} onClear={() => go({ query: undefined, project: undefined })} />
      ) : (
        <>
          <table className={cx("tbl", s.list, list.isPlaceholderData && s.stale)}>
            <colgroup>
              <col className={s.c0} />
              <col />
              <col className={s.c2} />
              <col className={s.c3} />
              <col className={s.c4} />
              <col className={s.c5} />
              <col className={s.c6} />
              <col className={s.c7} />
            </colgroup>
            <thead>
              <tr>
                <th className={s.lvb}>
                  <input
                    type="checkbox"
                    className="chk"
                    aria-label="Select all"
                    checked={chosen.length === rows.length}
                    ref={(el) => {
                      if (el) el.indeterminate = chosen.length > 0 && chosen.length < rows.length;
                    }}
                    onChange={(e) => setPicked(new Set(e.target.checked ? rows.map((r) => r.id) : []))}
                  />
                </th>
                {chosen.length > 0 ? (
                  <th colSpan={7} className={s.bulk}>
                    <BulkBar {...bulk} assigning={assigning} onAssigning={setAssigning} />
                  </th>
                ) : (
                  <>
                    <th className={s.th1}>Issue</th>
                    <th>14 days</th>
                    <th className="r">Events</th>
                    <th className="r">Users</th>
                    <th className="r">Replays</th>
                    <th className={cx("r", s.when)}>Seen / age</th>
                    <th>
                      <span className="vh">Assigned to</span>
                    </th>
                  </>
                )}
              </tr>
            </thead>
            <tbody>
              {rows.map((issue, i) => (
                <IssueRow
                  key={issue.id}
                  org={org}
                  issue={issue}
                  now={now}
                  picked={picked.has(issue.id)}
                  current={i === cursorRow}
                  onPick={(range) => toggle(issue.id, range)}
                  onChange={(to) => change([issue.id], to)}
                />
              ))}
            </tbody>
          </table>
          <div className={s.foot}>
            <span className="num">{list.data?.hits != null ? `${plural(rows.length, "issue")} of ${count(list.data.hits)}` : plural(rows.length, "issue")}</span>
            <span className={cx("sp", "hide-s", s.hint)}>
              <kbd>j</kbd> <kbd>k</kbd> move <kbd>x</kbd> select <kbd>e</kbd> resolve <kbd>i</kbd> archive <kbd>a</kbd> assign <kbd>?</kbd> all keys
            </span>
            <span className="split plain">
              <button type="button" className="btn ico" aria-label="Previous page" disabled={!list.data?.previous} onClick={() => go({ cursor: list.data?.previous ?? undefined })}>
                <Icon name="left" size="s" />
              </button>
              <button type="button" className="btn ico" aria-label="Next page" disabled={!list.data?.next} onClick={() => go({ cursor: list.data?.next ?? undefined })}>
                <Icon name="right" size="s" />
              </button>
            </span>
          </div>
          {chosen.length > 0 ? (
            <div className={s.phoneBulk}>
              <BulkBar {...bulk} />
            </div>
          ) : null}
        </>
      )}
      {update.isError ? (
        <p className="note red" role="alert">
          <Icon name="error" size="s" />
          The change was not saved: {update.error.message}
        </p>
      ) : null}
    </>
  );
}

/** How many more there are than when the list was drawn: they announce themselves, they do not jump in. */
function useFresh(total: number | undefined, drawnAt: number): number {
  const [base, setBase] = useState<{ at: number; n: number } | null>(null);
  // The count at the time the rows were drawn is what "new" is measured from.
  if (total !== undefined && base?.at !== drawnAt) setBase({ at: drawnAt, n: total });
  return base && total !== undefined ? Math.max(0, total - base.n) : 0;
}
