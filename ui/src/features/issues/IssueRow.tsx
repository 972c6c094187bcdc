import { Link } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import type { Issue, IssueUpdate } from "@/api/gen";
import { Avatar, cx, fromSide, ReplayCount, SideMark, Sparkline } from "@/components/basics";
import { age, count } from "@/lib/format";
import { AssignMenu } from "./AssignMenu";
import s from "./issueList.module.css";

interface Props {
  org: string;
  issue: Issue;
  now: number;
  picked: boolean;
  current: boolean;
  /** range: all from the last one that was clicked. */
  onPick: (range: boolean) => void;
  onChange: (change: IssueUpdate) => void;
}

export function IssueRow({ org, issue, now, picked, current, onPick, onChange }: Props) {
  const row = useRef<HTMLTableRowElement>(null);
  useEffect(() => {
    if (current) row.current?.scrollIntoView({ block: "nearest" });
  }, [current]);
  const { type, value } = splitTitle(issue);
  const points = Object.values(issue.stats ?? {})[0] ?? [];
  const who = issue.assignedTo;
  return (
    <tr ref={row} className={cx(picked && s.pick, current && s.cur)}>
      <td className={cx(s.lvb, s[issue.level] ?? s.error)}>
        <span className="vh">{issue.level}</span>
        <label className={s.hit}>
          <input type="checkbox" className="chk" aria-label={`Select ${issue.shortId}`} checked={picked} onChange={(e) => onPick(e.nativeEvent instanceof MouseEvent && e.nativeEvent.shiftKey)} />
        </label>
      </td>
      <td className={s.ttl}>
        <Link to="/organizations/$org/issues/$issue/" params={{ org, issue: issue.id }}>
          <span className="row">
            <b className="cut">{type}</b>
            <span className="cut">{value}</span>
            {issue.substatus === "regressed" ? <span className="badge red">regressed</span> : null}
            {issue.substatus === "escalating" ? <span className="badge red">escalating</span> : null}
            {issue.substatus === "new" ? <span className="badge acc">new</span> : null}
            {issue.status !== "unresolved" ? <span className="badge">{issue.status === "ignored" ? "archived" : issue.status}</span> : null}
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
      <td className={cx("r", s.who)}>
        <AssignMenu
          org={org}
          to={who}
          set={onChange}
          trigger={
            <button type="button" aria-label={who ? `${issue.shortId} is assigned to ${who.name}` : `Assign ${issue.shortId}`}>
              <Avatar name={who ? who.name : null} title={who ? (who.type === "team" ? `#${who.name}` : who.name) : "Assign"} />
            </button>
          }
        />
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
