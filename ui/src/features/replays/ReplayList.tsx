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
import { DeleteReplays } from "./DeleteReplays";
import { replaysOptions } from "./queries";
import { ReplaySearch } from "./ReplaySearch";
import { isLive } from "./useSession";
import s from "./replayList.module.css";

const sorts: Record<string, string> = { "-started_at": "Newest first", "-usefulness": "Most useful first", "-count_errors": "Most errors", "-count_rage_clicks": "Most rage clicks", "-activity": "Most active", "-duration": "Longest" };

export function ReplayList() {
  useTitle("Replays");
  const org = useOrg();
  const scope = useScope();
  const search = useSearch({ from: "/organizations/$org/replays" });
  const navigate = useNavigate();
  const list = useQuery(replaysOptions(org, scope, search));
  const now = useNow();
  const [at, setAt] = useState(-1);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [deleting, setDeleting] = useState<"chosen" | "all" | null>(null);
  const box = useRef<HTMLInputElement>(null);
  const rows = list.data?.rows ?? [];
  const longest = Math.max(1, ...rows.map((r) => r.duration));
  const picked = rows.filter((r) => chosen.has(r.id));
  const choose = (id: string) =>
    setChosen((old) => {
      const next = new Set(old);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  const go = (change: Partial<typeof search>) => {
    setAt(-1);
    setChosen(new Set());
    void navigate({ to: "/organizations/$org/replays/", params: { org }, search: { ...search, cursor: undefined, ...change } });
  };
  const move = (by: number) => setAt((n) => Math.max(0, Math.min(rows.length - 1, n + by)));
  const open = () => rows[at] && void navigate({ to: "/organizations/$org/replays/$replay/", params: { org, replay: rows[at].id } });
  useKeys({ j: () => move(1), k: () => move(-1), ArrowDown: () => move(1), ArrowUp: () => move(-1), Enter: open, o: open, x: () => rows[at] && choose(rows[at].id), "/": () => box.current?.focus() });
  return (
    <>
      <Crumb>
        <b>Replays</b>
      </Crumb>
      <h1 className="vh">Replays</h1>
      <div className={s.search}>
        <ReplaySearch key={search.query ?? ""} box={box} value={search.query ?? ""} onSubmit={(q) => go({ query: q || undefined })} />
        <Menu
          heading="Sort by"
          items={Object.entries(sorts).map(([value, label]) => ({ label, checked: value === (search.sort ?? "-started_at"), onSelect: () => go({ sort: value === "-started_at" ? undefined : value }) }))}
          trigger={
            <button type="button" className="btn tall">
              <Icon name="sort" size="s" />
              {sorts[search.sort ?? "-started_at"] ?? "Newest first"}
              <Icon name="down" size="s" />
            </button>
          }
        />
        <Menu
          items={[{ label: "Delete all that match…", icon: "x", onSelect: () => setDeleting("all") }]}
          trigger={
            <button type="button" className="btn tall sq" aria-label="More">
              <Icon name="dots" size="s" />
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
              <button type="button" className="btn" onClick={() => go({ query: undefined })}>
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
          {picked.length > 0 ? (
            <div className={s.bulk} role="group" aria-label="Chosen replays">
              <b className="t1">{count(picked.length)} chosen</b>
              <button type="button" className="btn danger" onClick={() => setDeleting("chosen")}>
                Delete…
              </button>
              <button type="button" className="btn bare" onClick={() => setChosen(new Set())}>
                Clear
              </button>
            </div>
          ) : null}
          <table className={cx("tbl", s.list, list.isPlaceholderData && s.stale)}>
            <thead>
              <tr>
                <th className={s.pick}>
                  <input
                    type="checkbox"
                    className="chk"
                    aria-label="Choose all on this page"
                    checked={picked.length === rows.length}
                    ref={(el) => {
                      if (el) el.indeterminate = picked.length > 0 && picked.length < rows.length;
                    }}
                    onChange={() => setChosen(picked.length === rows.length ? new Set() : new Set(rows.map((r) => r.id)))}
                  />
                </th>
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
                <th className="hide-s">Activity</th>
                <th className="r">Started</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((r, i) => (
                <Row key={r.id} org={org} replay={r} now={now} longest={longest} current={i === at} chosen={chosen.has(r.id)} onChoose={() => choose(r.id)} />
              ))}
            </tbody>
          </table>
          <div className={s.foot}>
            <span className={cx("sp", "hide-s")}>
              <kbd>j</kbd> <kbd>k</kbd> move · <kbd>x</kbd> choose · <kbd>enter</kbd> open
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
      {deleting ? <DeleteReplays org={org} chosen={deleting === "chosen" ? picked : null} query={search.query ?? ""} onClose={() => (setDeleting(null), setChosen(new Set()))} /> : null}
    </>
  );
}

const named = (p: { name: string | null; version: string | null }) => [p.name, p.version?.split(".")[0]].filter(Boolean).join(" ");

interface RowProps {
  org: string;
  replay: Replay;
  now: number;
  longest: number;
  current: boolean;
  chosen: boolean;
  onChoose: () => void;
}

function Row({ org, replay: r, now, longest, current, chosen, onChoose }: RowProps) {
  const who = whoOf(r);
  const live = isLive(r);
  const number = (n: number, bad: boolean) => <span className={cx("num", n === 0 ? "t4" : bad ? "red med" : "amber med")}>{count(n)}</span>;
  return (
    <tr className={cx(current && s.cur, chosen && s.chosen)}>
      <td className={s.pick}>
        <input type="checkbox" className="chk" aria-label={`Choose the replay of ${who}`} checked={chosen} onChange={onChoose} />
      </td>
      <td className={s.ttl}>
        <Link to="/organizations/$org/replays/$replay/" params={{ org, replay: r.id }} className="row">
          <Avatar name={who} large />
          <span className={s.two}>
            <span className="row">
              <b className="cut" dir="auto">{who}</b>
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
      <td className="hide-s">
        <Activity n={r.activity} />
      </td>
      <td className={cx("r num", s.when)}>{r.started_at ? age(r.started_at, now) : "–"}</td>
    </tr>
  );
}

/** How much happened, 1 to 10. */
const Activity = ({ n }: { n: number }) => (
  <span className={s.act} role="img" aria-label={`Activity ${n} of 10`} title={`Activity ${n} of 10`}>
    {Array.from({ length: 10 }, (_, i) => (
      <i key={i} className={i < n ? s.full : undefined} />
    ))}
  </span>
);
