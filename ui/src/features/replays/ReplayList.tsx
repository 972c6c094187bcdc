import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useRef, useState } from "react";
import type { Replay } from "@/api/gen";
import { useOrg, useScope, useTitle } from "@/app/hooks";
import { Crumb } from "@/app/Shell";
import { Avatar, cx, SideMark } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { Menu } from "@/components/Menu";
import { Failed, Middle, SkeletonRows } from "@/components/states";
import { whoOf } from "@/components/who";
import { age, clock, count } from "@/lib/format";
import { useKeys } from "@/lib/keys";
import { useNow } from "@/lib/now";
import { path } from "@/lib/recording/frames";
import { replaysOptions } from "./queries";
import s from "./replayList.module.css";

const sorts: Record<string, string> = { "-started_at": "Newest", "-count_errors": "Most errors", "-count_rage_clicks": "Most rage clicks", "-duration": "Longest" };

export function ReplayList() {
  useTitle("Replays");
  const org = useOrg();
  const scope = useScope();
  const search = useSearch({ from: "/organizations/$org/replays" });
  const navigate = useNavigate();
  const list = useQuery(replaysOptions(org, scope, search));
  const now = useNow();
  const [text, setText] = useState(search.query ?? "");
  const [at, setAt] = useState(-1);
  const box = useRef<HTMLInputElement>(null);
  const rows = list.data?.rows ?? [];
  const longest = Math.max(1, ...rows.map((r) => r.duration));
  const go = (change: Partial<typeof search>) => {
    setAt(-1);
    void navigate({ to: "/organizations/$org/replays/", params: { org }, search: { ...search, cursor: undefined, ...change } });
  };
  const move = (by: number) => setAt((n) => Math.max(0, Math.min(rows.length - 1, n + by)));
  const open = () => rows[at] && void navigate({ to: "/organizations/$org/replays/$replay/", params: { org, replay: rows[at].id } });
  useKeys({ j: () => move(1), k: () => move(-1), ArrowDown: () => move(1), ArrowUp: () => move(-1), Enter: open, o: open, "/": () => box.current?.focus() });
  return (
    <>
      <Crumb>
        <b>Replays</b>
      </Crumb>
      <h1 className="vh">Replays</h1>
      <div className={s.search}>
        <form
          className="field"
          role="search"
          onSubmit={(e) => {
            e.preventDefault();
            go({ query: text.trim() || undefined });
          }}
        >
          <Icon name="search" size="s" className="t4" />
          <input ref={box} aria-label="Search replays" placeholder="user.email:ivan@example.com, url:*checkout*, count_errors:>0 …" value={text} onChange={(e) => setText(e.target.value)} />
          <kbd className="hide-s">/</kbd>
        </form>
        <Menu
          heading="Sort by"
          items={Object.entries(sorts).map(([value, label]) => ({ label, checked: value === (search.sort ?? "-started_at"), onSelect: () => go({ sort: value === "-started_at" ? undefined : value }) }))}
          trigger={
            <button type="button" className="btn tall">
              <Icon name="sort" size="s" />
              {sorts[search.sort ?? "-started_at"] ?? "Newest"}
              <Icon name="down" size="s" />
            </button>
          }
        />
      </div>
      {list.isPending ? (
        <SkeletonRows rows={10} label="Loading replays" />
      ) : list.isError && !list.data ? (
        <Failed what="the list" error={list.error} retry={() => void list.refetch()} />
      ) : rows.length === 0 ? (
        search.query || scope.environment ? (
          <Middle
            icon="filter"
            title="Nothing matches"
            actions={
              <button type="button" className="btn" onClick={() => (setText(""), go({ query: undefined }))}>
                Drop the filters
              </button>
            }
          >
            No replay in this time range and environment matches.
          </Middle>
        ) : (
          <Middle
            icon="replay"
            title="No replays in this time range"
            actions={
              <Link className="btn" to="/organizations/$org/settings/projects/" params={{ org }}>
                Get a snippet that records
              </Link>
            }
          >
            Add <span className="code">Sentry.replayIntegration()</span> to the browser app, with <span className="code">replaysOnErrorSampleRate: 1.0</span> to keep every session that fails.
          </Middle>
        )
      ) : (
        <>
          <table className={cx("tbl", s.list, list.isPlaceholderData && s.stale)}>
            <thead>
              <tr>
                <th>Session</th>
                <th className={s.dur}>Length</th>
                <th className="r">
                  <SideMark side="server">Errors</SideMark>
                </th>
                <th className="r">
                  <SideMark side="browser">Errors</SideMark>
                </th>
                <th className="r hide-s">Rage / dead</th>
                <th className="hide-s">Browser</th>
                <th className="r">Started</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((r, i) => (
                <Row key={r.id} org={org} replay={r} now={now} longest={longest} current={i === at} />
              ))}
            </tbody>
          </table>
          <div className={s.foot}>
            <span className={cx("sp", "hide-s")}>
              <kbd>j</kbd> <kbd>k</kbd> move · <kbd>enter</kbd> open
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
        </>
      )}
    </>
  );
}

const named = (p: { name: string | null; version: string | null }) => [p.name, p.version?.split(".")[0]].filter(Boolean).join(" ");

function Row({ org, replay: r, now, longest, current }: { org: string; replay: Replay; now: number; longest: number; current: boolean }) {
  const who = whoOf(r);
  const live = r.hindsight.lastReceived !== null && now - Date.parse(r.hindsight.lastReceived) < 15_000;
  const number = (n: number, bad: boolean) => <span className={cx("num", n === 0 ? "t4" : bad ? "red med" : "amber med")}>{count(n)}</span>;
  return (
    <tr className={current ? s.cur : undefined}>
      <td className={s.ttl}>
        <Link to="/organizations/$org/replays/$replay/" params={{ org, replay: r.id }} className="row">
          <Avatar name={who} large />
          <span className={s.two}>
            <span className="row">
              <b className="cut">{who}</b>
              {live ? <span className="badge green">recording</span> : null}
              {!r.hindsight.plays ? <span className="badge amber">does not play</span> : null}
            </span>
            <span className="cut t3 code">{r.urls[0] ? path(r.urls[0]) : "no page"}{r.count_urls > 1 ? <span className="t4"> · {count(r.count_urls)} pages</span> : null}</span>
          </span>
        </Link>
      </td>
      <td className={s.dur}>
        <span className="row">
          <span className="code">{clock(r.duration * 1000)}</span>
          <span className={s.bar}>
            <i style={{ width: `${(r.duration / longest) * 100}%` }} />
          </span>
        </span>
      </td>
      <td className={cx("r", s.be)} title={r.hindsight.backendProjects.join(", ")}>
        {number(r.hindsight.countBackendErrors, true)}
      </td>
      <td className={cx("r", s.fe)}>{number(r.hindsight.countFrontendErrors, true)}</td>
      <td className="r hide-s">
        {number(r.count_rage_clicks, false)} <span className="t4">/</span> {number(r.count_dead_clicks, false)}
      </td>
      <td className="hide-s t2">{[named(r.browser), named(r.os)].filter(Boolean).join(" · ") || <span className="t4">–</span>}</td>
      <td className={cx("r num", s.when)}>{r.started_at ? age(r.started_at, now) : "–"}</td>
    </tr>
  );
}
