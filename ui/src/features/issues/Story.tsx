import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { actIcon } from "@/components/actIcon";
import { cx, Segmented, Status } from "@/components/basics";
import { Icon, type IconName } from "@/components/Icon";
import { chapterOf, failedRequests, placeOf, type Chapter } from "@/lib/chapters";
import { bytes, clock, duration, offset, plural } from "@/lib/format";
import { barScale, chapterRows, sentence, traceRows, type StoryEvent, type StoryRow } from "./story";

const chapterIcon = (c: Chapter): IconName => (c.kind === "pageload" || c.kind === "navigation" ? "nav" : (actIcon[c.kind] ?? "click"));

type Show = "all" | "actions" | "server" | "logs";
const shows: { value: Show; label: string; keep: (row: StoryRow) => boolean }[] = [
  { value: "all", label: "Everything", keep: () => true },
  { value: "actions", label: "Actions", keep: (r) => r.side === "browser" && r.kind !== "console" },
  { value: "server", label: "Server", keep: (r) => r.side === "server" },
  { value: "logs", label: "Logs", keep: (r) => r.kind === "console" || r.kind === "log" || r.kind === "error" },
];

interface StoryProps {
  org: string;
  event: StoryEvent;
  chapters: Chapter[];
  /** Rows when nothing was recorded. */
  without: Parameters<typeof traceRows>;
  who: string | null;
  /** Start of the replay, ms; null without one. */
  start: number | null;
  /** Where the player stands, ms since the epoch. */
  playhead: number | null;
  onSeek: (at: number) => void;
}

/** What the user did, what it set off on the servers, and the error: in one order of time. */
export function Story({ org, event, chapters, without, who, start, playhead, onSeek }: StoryProps) {
  const [show, setShow] = useState<Show>("all");
  const own = chapterOf(chapters, event.id, event.at);
  const [opened, setOpened] = useState<Set<string>>(new Set());
  const chapter = chapters[own] ?? null;
  const fold = (key: string) =>
    setOpened((old) => {
      const next = new Set(old);
      if (!next.delete(key)) next.add(key);
      return next;
    });
  const unfolded = (id: string) => new Set([...opened].filter((k) => k.startsWith(`${id} `)).map((k) => k.slice(id.length + 1)));
  const words = sentence(chapter, event, who);
  const visible = chapter ? chapters.slice(Math.max(0, own - 2), own + 4) : [];
  const keep = (row: StoryRow) => row.kind === "event" || (shows.find((s) => s.value === show)?.keep(row) ?? true);
  const rows = chapter ? null : traceRows(...without);
  return (
    <section aria-labelledby="story" className="story-s">
      <div className="sec-h">
        <h2 id="story">The story</h2>
        <span className="side fe small t3">Browser</span>
        <span className="side be small t3">Server</span>
        <span className="sp" />
        <span className="hide-s">
          <Segmented label="Show" value={show} onChange={setShow} options={shows} />
        </span>
      </div>
      {words ? (
        <p className="lead">
          {words.map((w, i) => (w.strong ? <b key={i}>{w.text}</b> : w.text))}
        </p>
      ) : null}
      <ol className="story">
        {rows ? <Rows org={org} rows={rows.filter(keep)} event={event} playhead={playhead} onSeek={onSeek} browser={false} first last /> : null}
        {visible.map((c, i) => {
          const isOwn = c === chapter;
          const open = isOwn !== opened.has(c.id); // the own chapter starts open, the others folded
          const after = chapters.indexOf(c) > own;
          const failed = failedRequests(c);
          return (
            <li key={c.id}>
              <div className={cx("chap", open && "open")}>
                <span className="gut" aria-hidden="true">
                  <i className={cx("f", i === 0 && "dn", i === visible.length - 1 && !open && "up")} />
                  {open && isOwn ? null : <i className={c.errors.some((e) => e.side === "browser") ? "nfe" : "nf"} />}
                </span>
                <button
                  type="button"
                  className="what"
                  aria-expanded={open}
                  onClick={() => fold(c.id)}
                >
                  <Icon name={open ? "down" : "right"} />
                  <Icon name={chapterIcon(c)} size="s" />
                  <b className="cut">{after ? `Then: ${c.label.charAt(0).toLowerCase()}${c.label.slice(1)}` : c.label}</b>
                  <span className="cut">{summary(c)}</span>
                  {isOwn ? <span className="badge acc">this event</span> : null}
                </button>
                <div className="end">
                  {open ? (
                    <span className="small t4">seconds from the error</span>
                  ) : (
                    <>
                      {failed.length > 0 ? (
                        <span className="badge red">
                          {failed[0]?.frame.request?.status}
                          {failed.length > 1 ? ` ×${failed.length}` : ""}
                        </span>
                      ) : null}
                      {c.end - c.at >= 1 ? <span className="num">{duration(c.end - c.at)}</span> : null}
                      {start !== null ? (
                        <button type="button" className="code t4 seek" onClick={() => onSeek(c.at)} title="Go to this moment">
                          {clock(c.at - start)}
                        </button>
                      ) : null}
                    </>
                  )}
                </div>
              </div>
              {open ? (
                <ol>
                  <Rows org={org} rows={chapterRows(c, isOwn ? event : null, unfolded(c.id)).filter(keep)} onFold={(key) => fold(`${c.id} ${key}`)} event={event} playhead={playhead} onSeek={onSeek} browser first={i === 0} last={i === visible.length - 1} />
                </ol>
              ) : null}
            </li>
          );
        })}
      </ol>
    </section>
  );
}

function summary(c: Chapter): string {
  const failed = failedRequests(c).length;
  const parts = placeOf(c) ? [placeOf(c)] : [];
  if (failed > 0) parts.push(`${plural(failed, "request")} failed`);
  else if (c.requests.length > 0) parts.push(plural(c.requests.length, "request"));
  const slowest = [...c.requests].sort((a, b) => b.frame.end - b.frame.at - (a.frame.end - a.frame.at))[0];
  if (failed === 0 && c.requests.length > 1 && slowest) parts.push(`slowest ${slowest.frame.title} ${slowest.frame.detail}`);
  return parts.join(" · ");
}

function Rows({ org, rows, event, playhead, onSeek, onFold, browser, last }: { org: string; rows: StoryRow[]; event: StoryEvent; playhead: number | null; onSeek: (at: number) => void; onFold?: (key: string) => void; browser: boolean; first: boolean; last: boolean }) {
  const { from, to } = barScale(rows);
  const bar = (a: number, b: number) => ({ left: `${((a - from) / (to - from)) * 100}%`, width: `${(Math.max(0, b - a) / (to - from)) * 100}%` });
  // The server's rail runs from the first row of the server to the last, or to the response.
  const servers = rows.map((r, i) => (r.side === "server" ? i : -1)).filter((i) => i >= 0);
  const up = servers[0] ?? -1;
  const down = servers.at(-1) ?? -1;
  const crossing = up > 0 && rows[up - 1]?.kind === "request" ? up - 1 : -1;
  const returning = down >= 0 && rows[down + 1]?.kind === "response" ? down + 1 : -1;
  const pick = playhead === null ? -1 : rows.findLastIndex((r) => r.at <= playhead + 20);
  return rows.map((row, i) => {
    const gutter = (
      <span className="gut" aria-hidden="true">
        {browser ? <i className={cx("f", last && i === rows.length - 1 && "up")} /> : null}
        {i >= up && i <= down && up >= 0 ? <i className={cx("b", i === up && crossing < 0 && "dn", i === down && returning < 0 && "up")} /> : null}
        {i === crossing ? <i className="out" /> : null}
        {i === returning ? <i className={cx("in", (row.kind === "response" && row.status >= 500) && "inx")} /> : null}
        <i className={node(row)} />
      </span>
    );
    const at = <button type="button" className="at" onClick={() => onSeek(row.at)} title="Go to this moment">{offset(row.at - event.at)}</button>;
    if (row.kind === "event") {
      return (
        <li className="boom" key={row.key}>
          {gutter}
          <div className="txt">
            <div className="row">
              <span className="vh">{event.side === "server" ? "Server: " : "Browser: "}</span>
              <b>{event.side === "server" ? `${event.type} in ${event.project}` : event.type}</b>
              <span className="cut">{event.value}</span>
            </div>
            {event.place ? (
              <div className="row small t3">
                <a className="acc code nowrap" href="#stack">
                  {event.place}
                </a>
                {event.source ? <span className="code t1 cut">{event.source}</span> : null}
              </div>
            ) : null}
          </div>
          <div className="at">0.000</div>
        </li>
      );
    }
    const side = <span className="vh">{row.side === "server" ? "Server: " : "Browser: "}</span>;
    const classes = (wide: boolean) => cx("ev", wide && "wide", i === pick && "pick");
    switch (row.kind) {
      case "act":
        return (
          <li className={classes(true)} key={row.key}>
            {gutter}
            <div className="what">
              {side}
              <Icon name={row.icon} />
              <b className="cut">{row.title}</b>
              {row.detail ? <span className="cut">{row.detail}</span> : null}
              {row.code ? <span className="cut code t3">{row.code}</span> : null}
            </div>
            {at}
          </li>
        );
      case "request":
        return (
          <li className={classes(false)} key={row.key}>
            {gutter}
            <div className="what">
              {side}
              <Icon name="http" />
              <b className="cut">
                {row.method} {row.path}
              </b>
              <Status status={row.status} />
              {row.open !== null ? (
                <button type="button" className="pb fold-r" aria-expanded={row.open} aria-label={`What the servers did for ${row.method} ${row.path}`} title="What the servers did" onClick={() => onFold?.(row.key)}>
                  <Icon name={row.open ? "down" : "right"} size="s" />
                </button>
              ) : null}
              {row.errors > 0 ? <span className="red med nowrap">{plural(row.errors, "error")}</span> : null}
              {row.serverMs !== null ? <span className="cut t3 hide-s">server says {duration(row.serverMs)}</span> : null}
            </div>
            <div className="bar">
              <i className={cx("fe", (row.status ?? 0) >= 500 && "x")} style={bar(row.at, row.end)} />
            </div>
            <div className="dur">{duration(row.end - row.at)}</div>
            {at}
          </li>
        );
      case "span":
        return (
          <li className={classes(false)} key={row.key}>
            {gutter}
            <div className="what" style={{ paddingLeft: row.depth * 16 }}>
              {side}
              <Icon name={row.icon} />
              <b>{row.span.project}</b>
              <span className={cx("cut", row.span.kind === "db" && "code")}>{row.span.name}</span>
            </div>
            <div className="bar">
              <i className={cx(row.side === "browser" && "fe", row.span.kind === "db" && "db", row.span.failed && "x")} style={bar(row.span.start, row.end)} />
            </div>
            <div className="dur">{duration(row.end - row.span.start)}</div>
            {at}
          </li>
        );
      case "more":
        return (
          <li className={classes(true)} key={row.key}>
            {gutter}
            <div className="what t3">{side}and {row.what === "span" ? `${plural(row.count, "more span")} in the trace` : plural(row.count, "more action")}</div>
            <div className="at" />
          </li>
        );
      case "error":
        return (
          <li className={classes(true)} key={row.key}>
            {gutter}
            <div className="what">
              {side}
              <Icon name="error" className="red" />
              <b className="cut">{row.error.title}</b>
              <Link className="acc nowrap" to="/organizations/$org/issues/$issue/events/$event/" params={{ org, issue: row.error.issueId, event: row.error.id }}>
                {row.error.shortId || row.error.project}
              </Link>
            </div>
            {at}
          </li>
        );
      case "console":
        return (
          <li className={classes(true)} key={row.key}>
            {gutter}
            <div className="what">
              {side}
              <Icon name={row.level === "error" || row.level === "warning" ? "warn" : "console"} />
              <span className={cx("nowrap med", row.level === "warning" ? "amber" : row.level === "error" ? "red" : "t1")}>{row.level}</span>
              <span className="cut code">{row.text}</span>
            </div>
            {at}
          </li>
        );
      case "log":
        return (
          <li className={classes(true)} key={row.key}>
            {gutter}
            <div className="what">
              {side}
              <Icon name={/^(warn|error|fatal)/.test(row.level) ? "warn" : "log"} />
              <b className={cx("nowrap", /^warn/.test(row.level) ? "amber" : /^(error|fatal)/.test(row.level) && "red")}>{row.project}</b>
              <span className="cut code" dir="auto">{row.text}</span>
            </div>
            {at}
          </li>
        );
      case "response":
        return (
          <li className={classes(true)} key={row.key}>
            {gutter}
            <div className="what">
              {side}
              <Icon name="http" />
              <b>Response {row.status}</b>
              <span className="cut t3">{[row.type, row.size !== null ? bytes(row.size) : ""].filter(Boolean).join(" · ")}</span>
              {row.body ? <span className="cut code t3">{row.body}</span> : null}
            </div>
            {at}
          </li>
        );
    }
  });
}

function node(row: StoryRow): string {
  if (row.kind === "event" || row.kind === "error") return row.side === "server" ? "ne" : "nfe";
  return row.side === "server" ? "nb" : "nf";
}
