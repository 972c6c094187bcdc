import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { SideMark } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { Middle } from "@/components/states";
import { clock, duration } from "@/lib/format";
import { itemIcon, itemWord, type ItemMark } from "../items";
import { FollowList, useCurrent } from "./FollowList";
import type { TabProps } from "./props";

/** Slow and failed work, and runs of jobs: they stand with the traces. */
export const isWork = (i: ItemMark): boolean => i.kind === "run" || i.kind === "work";

export function FeedbackTab(props: TabProps) {
  const items = useMemo(() => props.session.items.filter((i) => i.kind === "feedback"), [props.session.items]);
  if (items.length === 0) return <Middle icon="feedback" title="No feedback">Nobody wrote to you in this session.</Middle>;
  return <ItemList {...props} items={items} label="Feedback" />;
}

export function LogsTab(props: TabProps) {
  const items = useMemo(() => props.session.items.filter((i) => i.kind === "log"), [props.session.items]);
  if (items.length === 0) return <Middle icon="logs" title="No warnings in the logs">Lines from warnings on appear here, of the browser and of the servers.</Middle>;
  return <ItemList {...props} items={items} label="Logs" />;
}

function ItemList({ org, store, start, session, short, items, label }: TabProps & { items: readonly ItemMark[]; label: string }) {
  const times = useMemo(() => items.map((i) => i.at), [items]);
  const current = useCurrent(store, start, times);
  return (
    <FollowList items={items} keyOf={(i) => i.key} estimate={33} current={current} label={label} className="cl">
      {(i) => <ItemRow org={org} item={i} start={start} end={session.end} short={short} onSeek={(at) => store.seek(Math.max(0, at - start))} />}
    </FollowList>
  );
}

interface RowProps {
  org: string;
  item: ItemMark;
  start: number;
  end: number;
  short: boolean;
  onSeek: (at: number) => void;
}

/** One item: when, on which side, what, and where more of it is. */
export function ItemRow({ org, item: i, start, end, short, onSeek }: RowProps) {
  const inside = i.at >= start - 1000 && i.at <= end + 1000;
  const tone = i.level === "error" ? "red" : i.level === "warning" ? "amber" : undefined;
  return (
    <div className={isWork(i) ? "ch er" : "ch er told"}>
      {inside ? (
        <button type="button" className="tm" onClick={() => onSeek(i.at)} title="Go to this moment">
          {clock(Math.max(0, i.at - start), short)}
        </button>
      ) : (
        <span className="tm" title="The recording does not show this moment">
          {i.at < start ? `−${duration(start - i.at)}` : `+${duration(i.at - end)}`}
        </span>
      )}
      {i.kind === "feedback" ? <Icon name={itemIcon[i.kind]} /> : <SideMark side={i.side} />}
      <button type="button" className="what" disabled={!inside} onClick={() => onSeek(i.at)} title={i.title}>
        <span className="vh">{itemWord(i)}: </span>
        {isWork(i) ? (
          <b className="cut" dir="auto">
            {i.title}
          </b>
        ) : (
          <span className="said" dir="auto">
            {i.title || itemWord(i)}
          </span>
        )}
        <span className="cut">{i.kind === "feedback" ? i.author : i.project}</span>
      </button>
      <span className="end">
        {isWork(i) ? (
          <span className={tone ? `badge ${tone}` : "badge"}>
            <Icon name={itemIcon[i.kind]} size="xs" /> {itemWord(i).toLowerCase()}
          </span>
        ) : i.kind === "log" ? (
          <span className={`badge ${tone ?? ""}`}>{i.level ?? "log"}</span>
        ) : null}
        {i.took != null && i.took > 0 ? <span>{duration(i.took)}</span> : null}
        <ItemLink org={org} item={i} />
      </span>
    </div>
  );
}

function ItemLink({ org, item: i }: { org: string; item: ItemMark }) {
  if (i.kind === "feedback") {
    return (
      <Link className="acc" to="/organizations/$org/feedback/" params={{ org }}>
        Inbox
      </Link>
    );
  }
  if (i.kind === "run") {
    return (
      <Link className="acc" to="/organizations/$org/crons/$project/$monitor/" params={{ org, project: i.project, monitor: i.title }}>
        Job
      </Link>
    );
  }
  if (!i.traceId) return null;
  return (
    <Link className="acc" to="/organizations/$org/traces/$trace/" params={{ org, trace: i.traceId }} search={i.spanId ? { span: i.spanId } : {}}>
      Trace
    </Link>
  );
}
