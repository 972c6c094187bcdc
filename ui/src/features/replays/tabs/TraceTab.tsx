import { useQueries } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { getTraceOptions } from "@/api/gen/@tanstack/react-query.gen";
import { Middle, SkeletonLines } from "@/components/states";
import { Waterfall } from "@/components/Waterfall";
import { clock, plural, shortHex } from "@/lib/format";
import { readTrace } from "@/lib/trace";
import { isWork, ItemRow } from "./ItemTabs";
import type { TabProps } from "./props";

const MAX_TRACES = 8;
const MAX_WORK = 50;

/** The traces of a session, in order of their first span. */
export function TraceTab({ org, replay, session, links, store, start, short }: TabProps) {
  const work = session.items.filter(isWork);
  const failed = links.flatMap((l) => (l.itemKind === "event" && l.traceId ? [l.traceId] : []));
  const asked = session.chapters.flatMap((c) => c.requests.flatMap((r) => (r.traceId ? [r.traceId] : [])));
  const all = [...new Set([...failed, ...asked, ...replay.trace_ids])];
  const answers = useQueries({ queries: all.slice(0, MAX_TRACES).map((trace) => ({ ...getTraceOptions({ path: { org, trace } }), staleTime: 60_000 })) });
  if (answers.some((a) => a.isPending)) return <div className="tr-pad"><SkeletonLines lines={10} label="Loading the traces" /></div>;
  const traces = answers.flatMap((a, i) => (a.data ? [{ id: all[i] ?? "", trace: readTrace(a.data) }] : [])).filter((t) => t.trace.spans.length > 0);
  if (traces.length === 0 && work.length === 0) {
    return (
      <Middle icon="trace" title="No trace">
        None of this session’s requests reached a service that reports here, or tracing is off.
      </Middle>
    );
  }
  return (
    <div className="tr-pad scroll-y follow">
      {work.length > 0 ? (
        <section aria-label="Slow, failed and scheduled work">
          <div className="sub-h">
            <h3>{work.every((i) => i.kind === "run") ? "Jobs" : work.some((i) => i.kind === "run") ? "Slow or failed work, and jobs" : "Slow or failed"}</h3>
            <span className="t3">{work.length}</span>
          </div>
          <ol className="cl-s">
            {work.slice(0, MAX_WORK).map((i) => (
              <li key={i.key}>
                <ItemRow org={org} item={i} start={start} end={session.end} short={short} onSeek={(at) => store.seek(Math.max(0, at - start))} />
              </li>
            ))}
          </ol>
          {work.length > MAX_WORK ? <p className="micro t3">The first {MAX_WORK} of {work.length}.</p> : null}
        </section>
      ) : null}
      {traces
        .sort((a, b) => a.trace.start - b.trace.start)
        .map(({ id, trace }) => (
          <section key={id} aria-label={`Trace ${shortHex(id)}`}>
            <div className="sub-h">
              <button type="button" className="tm" onClick={() => store.seek(Math.max(0, trace.start - start))} title="Go to this moment">
                {clock(trace.start - start, short)}
              </button>
              <h3 className="code">{shortHex(id)}</h3>
              <span className="t3">{plural(trace.spans.length, "span")}</span>
              <span className="sp" />
              <Link className="acc" to="/organizations/$org/traces/$trace/" params={{ org, trace: id }}>
                Open
              </Link>
            </div>
            <Waterfall spans={trace.spans} onPick={(s) => store.seek(Math.max(0, s.start - start))} />
          </section>
        ))}
      {all.length > MAX_TRACES ? <p className="micro t3">The first {MAX_TRACES} of {plural(all.length, "trace")} of this session.</p> : null}
    </div>
  );
}
