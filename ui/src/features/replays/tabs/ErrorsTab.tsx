import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { ReplayLink } from "@/api/gen";
import { SideMark, Tier } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { Middle } from "@/components/states";
import type { ErrorMark } from "@/lib/chapters";
import { clock, count, duration } from "@/lib/format";
import { errorRows, type ErrorGroup, type ErrorRow } from "./errorRows";
import { FollowList, useCurrent } from "./FollowList";
import type { TabProps } from "./props";

export function ErrorsTab(props: TabProps) {
  const { org, store, session, links, start, short } = props;
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const rows = useMemo(() => errorRows(session.errors, { from: start, to: session.end }, opened), [session.errors, session.end, start, opened]);
  const byId = useMemo(() => new Map(links.map((l) => [l.itemId, l])), [links]);
  const inside = useMemo(() => session.errors.filter((e) => e.at >= start - 1000 && e.at <= session.end + 1000).map((e) => e.at), [session.errors, session.end, start]);
  const nth = useCurrent(store, start, inside);
  if (session.errors.length === 0) return <Middle icon="check" title="No errors">Neither the browser nor a server reported an error in this session.</Middle>;
  const now = nth < 0 ? null : inside[nth];
  const current = rows.findLastIndex((r) => (r.kind === "error" ? r.error.at === now : r.kind === "group" && !r.open && r.group.errors.some((e) => e.at === now)));
  const toggle = (id: string) =>
    setOpened((old) => {
      const next = new Set(old);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  return (
    <FollowList items={rows} keyOf={(r) => r.key} estimate={33} current={current} label="Errors" className="cl">
      {(row) => <Row row={row} org={org} start={start} end={session.end} short={short} links={byId} onToggle={toggle} onSeek={(at) => store.seek(at - start)} />}
    </FollowList>
  );
}

interface RowProps {
  row: ErrorRow;
  org: string;
  start: number;
  end: number;
  short: boolean;
  links: Map<string, ReplayLink>;
  onToggle: (id: string) => void;
  onSeek: (at: number) => void;
}

function Row({ row, org, start, end, short, links, onToggle, onSeek }: RowProps) {
  if (row.kind === "head") {
    return (
      <div className="sub-h">
        <h3>{row.where === "before" ? "Before the recording, same page load" : "Later, same trace"}</h3>
        <span className="t3">{row.where === "before" ? "no picture of it exists" : "the session had ended"}</span>
      </div>
    );
  }
  if (row.kind === "group") return <GroupRow group={row.group} open={row.open} time={clock((row.group.errors[0]?.at ?? 0) - start, short)} onToggle={() => onToggle(row.group.id)} />;
  const e = row.error;
  return (
    <div className={row.nested ? "ch er nested" : "ch er"}>
      {row.where === "inside" ? (
        <button type="button" className="tm" onClick={() => onSeek(e.at)} title="Go to this moment">
          {clock(e.at - start, short)}
        </button>
      ) : (
        <span className="tm">{row.where === "before" ? `−${duration(start - e.at)}` : `+${duration(e.at - end)}`}</span>
      )}
      <SideMark side={e.side} />
      <ErrorLink org={org} error={e} />
      <span className="end">
        <Unsure link={links.get(e.id)} />
        <span className="acc">{e.shortId}</span>
      </span>
    </div>
  );
}

/** How sure it is that this error is of this session, when it is not simply sure. */
function Unsure({ link }: { link: ReplayLink | undefined }) {
  if (!link || link.tier < 4) return null;
  return (
    <span className="row" title={link.reason}>
      <Tier tier={link.tier} />
      <span className="t3">{link.tier === 4 ? "matched by request" : "possible"}</span>
    </span>
  );
}

function ErrorLink({ org, error: e }: { org: string; error: ErrorMark }) {
  const words = (
    <>
      <b className="cut" dir="auto">{e.title}</b>
      <span className="cut">{e.project}</span>
    </>
  );
  if (!e.issueId) return <span className="what">{words}</span>;
  return (
    <Link className="what" to="/organizations/$org/issues/$issue/events/$event/" params={{ org, issue: e.issueId, event: e.id }}>
      {words}
    </Link>
  );
}

function GroupRow({ group, open, time, onToggle }: { group: ErrorGroup; open: boolean; time: string; onToggle: () => void }) {
  const first = group.errors[0];
  if (!first) return null;
  return (
    <button type="button" className="ch" aria-expanded={open} onClick={onToggle}>
      <span className="tm">{time}</span>
      <Icon name={open ? "down" : "right"} size="s" />
      <span className="what">
        <SideMark side={first.side} />
        <b className="cut" dir="auto">{first.title}</b>
        <span className="cut">{first.project}</span>
      </span>
      <span className="end">
        <span className="badge red">×{count(group.errors.length)}</span>
        <span className="acc">{group.errors.find((e) => e.shortId)?.shortId}</span>
      </span>
    </button>
  );
}
