import { useMemo, useState } from "react";
import { Code, cx, Status } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { Middle } from "@/components/states";
import { Waterfall } from "@/components/Waterfall";
import type { ChapterRequest, ErrorMark } from "@/lib/chapters";
import { bytes, clock, duration } from "@/lib/format";
import { FollowList, useCurrent } from "./FollowList";
import { bodyNotes } from "./bodyNotes";
import type { TabProps } from "./props";
import { useRequestSpans } from "./useRequestSpans";

interface Row {
  request: ChapterRequest;
  /** The first error that hangs on it. */
  error: ErrorMark | null;
}

/** What the browser saw beside what the server says. */
export function NetworkTab({ org, store, session, start, short }: TabProps) {
  const rows = useMemo(() => toRows(session.chapters, session.background), [session.chapters, session.background]);
  const times = useMemo(() => rows.map((r) => r.request.frame.at), [rows]);
  const current = useCurrent(store, start, times);
  const [open, setOpen] = useState<ChapterRequest | null>(null);
  if (rows.length === 0) return <Middle icon="http" title="No requests">This recording saw no fetch and no XHR.</Middle>;
  return (
    <FollowList
      items={rows}
      keyOf={(_, i) => String(i)}
      estimate={33}
      current={current}
      label="Requests"
      className="net"
      rowClass={(r) => (r.request.frame.request?.status ?? 0) >= 500 && "hot"}
      head={
        <div className="net-r net-h" aria-hidden="true">
          <span />
          <span>Request</span>
          <span className="side fe">Browser</span>
          <span className="side be">Server</span>
        </div>
      }
    >
      {({ request: r, error }) => (
        <>
          <button
            type="button"
            className="net-r"
            aria-expanded={open === r}
            onClick={() => {
              setOpen(open === r ? null : r);
              store.seek(r.frame.at - start);
            }}
          >
            <span className="tm">{clock(r.frame.at - start, short)}</span>
            <span className={cx("code cut", (r.frame.request?.status ?? 0) >= 500 && "t1")} title={r.frame.url}>
              {r.frame.title} {r.frame.detail}
            </span>
            <span className="two-v">
              <Status status={r.frame.request?.status ?? null} /> <span className="num">{duration(r.frame.end - r.frame.at)}</span>
            </span>
            <Verdict request={r} error={error} />
          </button>
          {open === r ? <RequestDetail org={org} request={r} /> : null}
        </>
      )}
    </FollowList>
  );
}

function toRows(chapters: TabProps["session"]["chapters"], background: ChapterRequest[]): Row[] {
  const rows = chapters.flatMap((c) =>
    c.requests.map((request): Row => {
      const services = new Set(request.spans.map((s) => s.project));
      return { request, error: c.errors.find((e) => e.side === "server" && services.has(e.project) && e.at >= request.frame.at - 1000 && e.at <= request.frame.end + 1000) ?? null };
    }),
  );
  return [...rows, ...background.map((request) => ({ request, error: null }))].sort((a, b) => a.request.frame.at - b.request.frame.at);
}

/** The server's side of it: how it ended, where, and how long it took there. */
function Verdict({ request: r, error }: Row) {
  const server = r.spans[0];
  if (!server) return <span className="t4">no trace here</span>;
  const failed = error !== null || r.spans.some((s) => s.failed);
  const service = error?.project || (r.spans.findLast((s) => s.failed) ?? server).project;
  return (
    <span className="two-v" title={error?.title}>
      {failed ? (
        <span className="row bad">
          <Icon name="error" size="s" className="red" />
          <span className="vh">{error?.title ?? "failed"} in </span>
          <span className="red med cut">{service}</span>
        </span>
      ) : (
        <span className="cut">
          ok <span className="t3">{service}</span>
        </span>
      )}
      <span className="num">{duration(server.end - server.start)}</span>
    </span>
  );
}

function RequestDetail({ org, request: r }: { org: string; request: ChapterRequest }) {
  const spans = useRequestSpans(org, r);
  const req = r.frame.request;
  if (!req) return null;
  return (
    <div className="net-d">
      <dl className="kv">
        <Pair k="URL" v={req.url} />
        <Pair k="Kind" v={req.kind} />
        {req.requestSize !== null ? <Pair k="Sent" v={bytes(req.requestSize)} /> : null}
        {req.responseSize !== null ? <Pair k="Received" v={bytes(req.responseSize)} /> : null}
        {Object.entries(req.requestHeaders).map(([k, v]) => (
          <Pair key={`q${k}`} k={`> ${k}`} v={v} />
        ))}
        {Object.entries(req.responseHeaders).map(([k, v]) => (
          <Pair key={`p${k}`} k={`< ${k}`} v={v} />
        ))}
      </dl>
      <Body title="Request body" body={req.requestBody} warnings={req.requestWarnings} />
      <Body title="Response body" body={req.responseBody} warnings={req.responseWarnings} />
      {spans.length > 0 ? (
        <>
          <h2>On the server</h2>
          <Waterfall spans={spans} />
        </>
      ) : null}
    </div>
  );
}

/** A body as it was recorded, and what the recorder says it did to it. */
function Body({ title, body, warnings }: { title: string; body: unknown; warnings: string[] }) {
  const notes = bodyNotes(warnings);
  const words = body === undefined || body === null || body === "" ? null : typeof body === "string" ? body : JSON.stringify(body, null, 2);
  if (!words && notes.length === 0) return null;
  return (
    <>
      <h2>{title}</h2>
      {notes.map((n) => (
        <p className="note amber" key={n}>
          {n}
        </p>
      ))}
      {words ? (
        <Code>{words}</Code>
      ) : null}
    </>
  );
}

export const Pair = ({ k, v }: { k: string; v: string }) => (
  <div className="kv-r">
    <dt className="cut" title={k}>
      {k}
    </dt>
    <dd className="code">{v}</dd>
  </div>
);
