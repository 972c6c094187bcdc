import { Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { cx, Status } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { Middle } from "@/components/states";
import { failedRequests, placeOf, type Chapter, type ChapterRequest, type ErrorMark } from "@/lib/chapters";
import { clock, count, duration, plural } from "@/lib/format";
import type { Span } from "@/lib/trace";
import { chapterIcon } from "../Timeline";
import { FollowList, useCurrent } from "./FollowList";
import type { TabProps } from "./props";
import { useRequestSpans } from "./useRequestSpans";

const MAX_ROWS = 12; // of one request's spans in a chapter; the Network tab has them all
const MAX_ERRORS = 20;

export function ChaptersTab({ org, store, session, start, short }: TabProps) {
  const { chapters, background } = session;
  const current = useCurrent(store, start, chapters.map((c) => c.at));
  const [opened, setOpened] = useState<string | null>(null);
  useEffect(() => {
    if (performance.getEntriesByName("hindsight:chapters").length === 0) performance.mark("hindsight:chapters");
  }, []);
  if (chapters.length === 0) return <Middle icon="click" title="No chapters">Nobody clicked, typed or went anywhere in this recording.</Middle>;
  return (
    <FollowList
      items={chapters}
      keyOf={(c) => c.id}
      estimate={33}
      current={current}
      label="Chapters"
      className="cl"
      foot={background.length > 0 ? <p className="micro t3 below-l">{plural(background.length, "background request")} {background.length === 1 ? "is" : "are"} in the Network tab.</p> : null}
    >
      {(c, i) => {
        const open = i === current || opened === c.id;
        return (
          <>
            <ChapterHead
              chapter={c}
              open={open}
              time={clock(c.at - start, short)}
              onOpen={() => {
                setOpened(opened === c.id && i !== current ? null : c.id);
                store.seek(Math.max(0, c.at - start - 1000));
              }}
            />
            {open && (c.requests.length > 0 || c.errors.length > 0) ? <ChapterBody org={org} chapter={c} /> : null}
          </>
        );
      }}
    </FollowList>
  );
}

function ChapterHead({ chapter: c, open, time, onOpen }: { chapter: Chapter; open: boolean; time: string; onOpen: () => void }) {
  const failed = failedRequests(c);
  const longest = c.requests.reduce((n, r) => Math.max(n, r.frame.end - r.frame.at), 0);
  return (
    <button type="button" className="ch" aria-expanded={open} onClick={onOpen}>
      <span className="tm">{time}</span>
      <Icon name={chapterIcon(c)} />
      <span className="what">
        <b className="cut" dir="auto">{c.label}</b>
        <span className="cut">{placeOf(c)}</span>
      </span>
      <span className="end">
        {failed.length > 0 ? (
          <span className="badge red">
            {failed[0]?.frame.request?.status}
            {failed.length > 1 ? ` ×${failed.length}` : ""}
          </span>
        ) : c.errors.length > 0 ? (
          <span className="badge red">{c.errors.length > 1 ? plural(c.errors.length, "error") : "error"}</span>
        ) : c.status === "slow" ? (
          <span className="badge amber">slow</span>
        ) : null}
        {longest > 0 ? <span>{duration(longest)}</span> : null}
      </span>
    </button>
  );
}

function ChapterBody({ org, chapter }: { org: string; chapter: Chapter }) {
  const timed = chapter.requests.flatMap((r) => [r.frame.at, r.frame.end, ...r.spans.flatMap((s) => [s.start, s.end])]);
  const from = timed.reduce((a, b) => Math.min(a, b), timed[0] ?? 0);
  const span = Math.max(1, timed.reduce((a, b) => Math.max(a, b), 0) - from);
  const bar = (a: number, b: number) => ({ left: `${((a - from) / span) * 100}%`, width: `${((b - a) / span) * 100}%` });
  return (
    <ol className="wf">
      {chapter.requests.map((r, i) => (
        <RequestRows key={i} org={org} request={r} bar={bar} />
      ))}
      {chapter.errors.slice(0, MAX_ERRORS).map((e) => (
        <ErrorRow key={e.id} org={org} error={e} />
      ))}
      {chapter.errors.length > MAX_ERRORS ? <li className="t3 more">and {count(chapter.errors.length - MAX_ERRORS)} more in the Errors tab</li> : null}
    </ol>
  );
}

type Bar = (from: number, to: number) => { left: string; width: string };

/** A request, and what each service did for it. */
function RequestRows({ org, request: r, bar }: { org: string; request: ChapterRequest; bar: Bar }) {
  const spans = useRequestSpans(org, r);
  const told = spans.filter((s) => s.isSegment || s.errors.length > 0 || s.end - s.start > 2).slice(0, MAX_ROWS);
  return (
    <>
      <li>
        <span className="mark fe" />
        <span className="w">
          <span className="vh">Browser: </span>
          <b className="cut">
            {r.frame.title} {r.frame.detail}
          </b>
          <Status status={r.frame.request?.status ?? null} />
        </span>
        <span className="bar">
          <i className={cx("fe", (r.frame.request?.status ?? 0) >= 500 && "x")} style={bar(r.frame.at, r.frame.end)} />
        </span>
        <span className="d">{duration(r.frame.end - r.frame.at)}</span>
      </li>
      {told.map((s) => (
        <SpanRow key={s.id} span={s} bar={bar} />
      ))}
    </>
  );
}

function SpanRow({ span: s, bar }: { span: Span; bar: Bar }) {
  return (
    <li>
      <span className={s.side === "browser" ? "mark fe" : "mark be"} />
      <span className="w" style={{ paddingLeft: Math.min(s.depth, 5) * 12 }}>
        <span className="vh">{s.side === "browser" ? "Browser: " : "Server: "}</span>
        <b>{s.project}</b>
        <span className="cut">{s.name}</span>
      </span>
      <span className="bar">
        <i className={cx(s.side === "browser" && "fe", s.failed && "x")} style={bar(s.start, s.end)} />
      </span>
      <span className="d">{duration(s.end - s.start)}</span>
    </li>
  );
}

function ErrorRow({ org, error: e }: { org: string; error: ErrorMark }) {
  return (
    <li className="boomrow">
      <span className="mark er" />
      <span className="w">
        <span className="vh">{e.side === "browser" ? "Browser: " : "Server: "}</span>
        <b className="cut" dir="auto">{e.title}</b>
        <span className="cut">{e.project}</span>
      </span>
      {e.issueId ? (
        <Link className="acc med nowrap" to="/organizations/$org/issues/$issue/events/$event/" params={{ org, issue: e.issueId, event: e.id }}>
          {e.shortId || "Open"}
        </Link>
      ) : null}
    </li>
  );
}
