import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useRef, useState, type FormEvent } from "react";
import type { Issue } from "@/api/gen";
import { useOrg, useProjects, useScope, useTitle } from "@/app/hooks";
import { Crumb } from "@/app/Shell";
import { cx, fromSide, ReplayCount, SideMark, Sparkline } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { Menu } from "@/components/Menu";
import { Failed, Middle, SkeletonRows } from "@/components/states";
import { age, count, plural } from "@/lib/format";
import { useKeys } from "@/lib/keys";
import { useNow } from "@/lib/now";
import { issuesOptions, tabCountsOptions, useUpdateIssues } from "./queries";
import { issueTabs, tabOf, tokens, withTab } from "./query";
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
  const now = useNow();
  const rows = list.data?.rows ?? [];
  const [picked, setPicked] = useState<Set<string>>(new Set());
  const [cursorRow, setCursorRow] = useState(-1);
  const chosen = rows.filter((r) => picked.has(r.id));
  const tab = tabOf(query);

  const go = (change: Partial<typeof search>) => {
    setPicked(new Set());
    setCursorRow(-1);
    void navigate({ to: "/organizations/$org/issues/", params: { org }, search: { ...search, cursor: undefined, ...change } });
  };
  const open = (issue: Issue | undefined) => issue && void navigate({ to: "/organizations/$org/issues/$issue/", params: { org, issue: issue.id } });
  const toggle = (id: string) =>
    setPicked((old) => {
      const next = new Set(old);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  const change = (status: "resolved" | "ignored" | "unresolved", ids: string[]) => {
    if (ids.length === 0) return;
    update.mutate({ ids, change: { status } }, { onSuccess: () => setPicked(new Set()) });
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
    e: () => change("resolved", targets()),
    i: () => change("ignored", targets()),
    u: () => change("unresolved", targets()),
    "/": () => box.current?.focus(),
    Escape: () => setPicked(new Set()),
  });
  const fresh = useFresh(tab === null ? undefined : counts.data?.[[issueTabs.find((t) => t.value === tab)?.query, rest].filter(Boolean).join(" ")], list.dataUpdatedAt);

  return (
    <>
      <Crumb>
        <b>Issues</b>
      </Crumb>
      <h1 className="vh">Issues</h1>
      <div className={s.search}>
        <SearchBox key={query} ref_={box} value={query} onSubmit={(q) => go({ query: q === DEFAULT_QUERY ? undefined : q })} />
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
      ) : list.isError && !list.data ? (
        <Failed what="the list" error={list.error} retry={() => void list.refetch()} />
      ) : rows.length === 0 ? (
        <Empty query={query} tab={tab} filtered={rest !== "" || Boolean(search.project) || Boolean(scope.environment)} onClear={() => go({ query: undefined, project: undefined })} />
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
                  <th colSpan={2} className={s.bulk}>
                    <Bulk n={chosen.length} onChange={(status) => change(status, chosen.map((r) => r.id))} onClear={() => setPicked(new Set())} />
                  </th>
                ) : (
                  <>
                    <th className={s.th1}>Issue</th>
                    <th>14 days</th>
                  </>
                )}
                <th className="r">Events</th>
                <th className="r">Users</th>
                <th className="r">Replays</th>
                <th className={cx("r", s.when)}>Seen / age</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((issue, i) => (
                <Row key={issue.id} org={org} issue={issue} now={now} picked={picked.has(issue.id)} current={i === cursorRow} onPick={() => toggle(issue.id)} />
              ))}
            </tbody>
          </table>
          <div className={s.foot}>
            <span className="num">{list.data?.hits != null ? `${plural(rows.length, "issue")} of ${count(list.data.hits)}` : plural(rows.length, "issue")}</span>
            <span className={cx("sp", "hide-s", s.hint)}>
              <kbd>j</kbd> <kbd>k</kbd> move <kbd>x</kbd> select <kbd>e</kbd> resolve <kbd>?</kbd> all keys
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
              <Bulk n={chosen.length} onChange={(status) => change(status, chosen.map((r) => r.id))} onClear={() => setPicked(new Set())} />
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

function SearchBox({ value, onSubmit, ref_ }: { value: string; onSubmit: (query: string) => void; ref_: React.RefObject<HTMLInputElement | null> }) {
  const [text, setText] = useState("");
  const parts = tokens(value);
  const submit = (e: FormEvent) => {
    e.preventDefault();
    onSubmit([...parts, text.trim()].filter(Boolean).join(" "));
  };
  return (
    <form className="field" role="search" onSubmit={submit}>
      <Icon name="search" size="s" className="t4" />
      {parts.map((t, i) => (
        <span className="tok" key={`${t}-${i}`}>
          {t.includes(":") ? (
            <>
              <i>{t.slice(0, t.indexOf(":") + 1)}</i>
              {t.slice(t.indexOf(":") + 1)}
            </>
          ) : (
            t
          )}
          <button type="button" aria-label={`Remove ${t}`} onClick={() => onSubmit(parts.filter((_, j) => j !== i).join(" "))}>
            <Icon name="x" size="xs" />
          </button>
        </span>
      ))}
      <input
        ref={ref_}
        aria-label="Search issues"
        placeholder={parts.length > 0 ? "Add a filter" : "Search by words, or level:error, has:replay …"}
        value={text}
        onChange={(e) => setText(e.target.value)}
        onKeyDown={(e) => {
          if (e.key === "Backspace" && text === "" && parts.length > 0) onSubmit(parts.slice(0, -1).join(" "));
          if (e.key === "Escape") e.currentTarget.blur();
        }}
      />
      <kbd className="hide-s">/</kbd>
    </form>
  );
}

function Bulk({ n, onChange, onClear }: { n: number; onChange: (status: "resolved" | "ignored" | "unresolved") => void; onClear: () => void }) {
  return (
    <div className="row">
      <span className={cx("t1", s.n)}>{n} selected</span>
      <button type="button" className="btn" onClick={() => onChange("resolved")}>
        <Icon name="check" size="s" />
        Resolve
      </button>
      <button type="button" className="btn" onClick={() => onChange("ignored")}>
        <Icon name="eyeoff" size="s" />
        Ignore
      </button>
      <button type="button" className="btn hide-s" onClick={() => onChange("unresolved")}>
        Reopen
      </button>
      <button type="button" className="btn bare" onClick={onClear}>
        Clear
      </button>
    </div>
  );
}

function Row({ org, issue, now, picked, current, onPick }: { org: string; issue: Issue; now: number; picked: boolean; current: boolean; onPick: () => void }) {
  const row = useRef<HTMLTableRowElement>(null);
  useEffect(() => {
    if (current) row.current?.scrollIntoView({ block: "nearest" });
  }, [current]);
  const { type, value } = splitTitle(issue);
  const points = Object.values(issue.stats ?? {})[0] ?? [];
  return (
    <tr ref={row} className={cx(picked && s.pick, current && s.cur)}>
      <td className={cx(s.lvb, s[issue.level] ?? s.error)}>
        <span className="vh">{issue.level}</span>
        <input type="checkbox" className="chk" aria-label={`Select ${issue.shortId}`} checked={picked} onChange={onPick} />
      </td>
      <td className={s.ttl}>
        <Link to="/organizations/$org/issues/$issue/" params={{ org, issue: issue.id }}>
          <span className="row">
            <b className="nowrap">{type}</b>
            <span className="cut">{value}</span>
            {issue.substatus === "regressed" ? <span className="badge red">regressed</span> : null}
            {issue.substatus === "new" ? <span className="badge acc">new</span> : null}
            {issue.status !== "unresolved" ? <span className="badge">{issue.status}</span> : null}
          </span>
          <span className={cx("row", s.sub)}>
            <SideMark side={fromSide(issue.hindsight.side)}>
              <span className="code">{issue.shortId}</span>
            </SideMark>
            <span className="cut">{issue.culprit || issue.project.slug}</span>
          </span>
        </Link>
      </td>
      <td className={s.spark}>
        <Sparkline points={points} width={96} height={22} />
      </td>
      <td className="r num">
        {count(issue.count)}
        <span className={s.unit}> {issue.count === "1" ? "event" : "events"}</span>
      </td>
      <td className="r num">
        {count(issue.userCount)}
        <span className={s.unit}> {issue.userCount === 1 ? "user" : "users"}</span>
      </td>
      <td className="r">
        <ReplayCount n={issue.hindsight.replayCount} />
      </td>
      <td className={cx("r t3", s.when)}>
        <span className={s.seen}>{age(issue.lastSeen, now)}</span>
        <span>{age(issue.firstSeen, now)}</span>
      </td>
    </tr>
  );
}

/** "TypeError" and "x is undefined"; a message has only itself. */
export function splitTitle(issue: { title: string; metadata: { type?: string; value?: string } }): { type: string; value: string } {
  const { type, value } = issue.metadata;
  if (type) return { type, value: value ?? "" };
  return { type: issue.title, value: "" };
}

function Empty({ query, tab, filtered, onClear }: { query: string; tab: string | null; filtered: boolean; onClear: () => void }) {
  const org = useOrg();
  const { projects } = useProjects();
  if (filtered) {
    return (
      <Middle
        icon="filter"
        title="Nothing matches"
        actions={
          <button type="button" className="btn" onClick={onClear}>
            Drop the filters
          </button>
        }
      >
        No issue in this time range and environment matches <span className="code">{query || "your filters"}</span>.
      </Middle>
    );
  }
  if (projects.some((p) => p.firstEvent) || tab !== "unresolved") {
    return (
      <Middle icon="check" title={tab === "unresolved" ? "Nothing is broken" : "Nothing here"}>
        {tab === "unresolved" ? "No unresolved issue in this time range. New ones show up here by themselves." : "No issue of this kind in this time range."}
      </Middle>
    );
  }
  return (
    <Middle
      icon="pulse"
      title="Waiting for the first event"
      actions={
        <Link className="btn pri" to="/organizations/$org/settings/projects/" params={{ org }}>
          Get a DSN
        </Link>
      }
    >
      Point the DSN of a browser app and of its backend here; their errors, and the sessions that caused them, show up in this list.
    </Middle>
  );
}
