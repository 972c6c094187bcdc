import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { getTraceOptions, listReplayLinksOptions } from "@/api/gen/@tanstack/react-query.gen";
import { useOrg, useTitle } from "@/app/hooks";
import { Crumb } from "@/app/Shell";
import { CopyButton, SideMark } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { Failed, Middle, SkeletonLines } from "@/components/states";
import { Waterfall } from "@/components/Waterfall";
import { dateTime, duration, plural, shortHex } from "@/lib/format";
import { readTrace } from "@/lib/trace";
import "./trace.css";

export function TracePage() {
  const org = useOrg();
  const { trace: id } = useParams({ from: "/organizations/$org/traces/$trace" });
  const { span } = useSearch({ from: "/organizations/$org/traces/$trace" });
  const navigate = useNavigate();
  const answer = useQuery(getTraceOptions({ path: { org, trace: id } }));
  const links = useQuery(listReplayLinksOptions({ path: { org }, query: { trace: [id], per_page: 100 } }));
  const trace = useMemo(() => (answer.data ? readTrace(answer.data) : null), [answer.data]);
  useTitle(`Trace ${shortHex(id)}`);
  const replay = links.data?.data.find((l) => l.plays && l.tier >= 1 && l.tier <= 4);
  const picked = trace?.spans.find((s) => s.id === span);
  return (
    <>
      <Crumb>
        <span>Traces</span>
        <Icon name="right" size="xs" />
        <b className="mono">{shortHex(id)}</b>
        <CopyButton text={id} label="Copy trace id" className="pb small-pb" />
      </Crumb>
      {answer.isPending ? (
        <SkeletonLines lines={14} label="Loading the trace" />
      ) : answer.isError ? (
        <Failed what="this trace" error={answer.error} retry={() => void answer.refetch()} />
      ) : !trace || (trace.spans.length === 0 && trace.errors.length === 0) ? (
        <Middle icon="trace" title="Nothing of this trace has come in">
          Spans arrive some seconds after the work they tell of; unsampled traces never do.
        </Middle>
      ) : (
        <div className="tp">
          <div className="tp-h">
            <h1>{trace.spans[0]?.name ?? trace.errors[0]?.title}</h1>
            <p className="small t3">
              {dateTime(trace.start, { ms: true })} · {duration(trace.end - trace.start)} · {plural(trace.spans.length, "span")} · {plural(trace.errors.length, "error")}
            </p>
            <span className="sp" />
            {replay ? (
              <Link className="btn" to="/organizations/$org/replays/$replay/" params={{ org, replay: replay.replayId }} search={replay.offsetMs != null ? { t: Math.max(0, Math.floor((replay.offsetMs - 5000) / 1000)) } : {}}>
                <Icon name="replay" size="s" />
                Open its replay
              </Link>
            ) : null}
          </div>
          {trace.errors.length > 0 ? (
            <ul className="tp-e">
              {trace.errors.slice(0, 5).map((e) => (
                <li key={e.id}>
                  <Icon name="error" size="s" className="red" />
                  <Link className="t1 cut" to="/organizations/$org/issues/$issue/events/$event/" params={{ org, issue: e.issueId, event: e.id }}>
                    {e.title}
                  </Link>
                  <span className="t3">{e.project}</span>
                  <span className="acc">{e.shortId}</span>
                </li>
              ))}
            </ul>
          ) : null}
          <Waterfall spans={trace.spans} picked={span} tall onPick={(s) => void navigate({ to: "/organizations/$org/traces/$trace/", params: { org, trace: id }, search: { span: s.id }, replace: true, resetScroll: false })} />
          {picked ? (
            <aside className="tp-c" aria-label="Span">
              <div className="row">
                <SideMark side={picked.side}>{picked.project}</SideMark>
                <span className="badge">{picked.op}</span>
                <span className="sp" />
                <button type="button" className="pb" aria-label="Close" onClick={() => void navigate({ to: "/organizations/$org/traces/$trace/", params: { org, trace: id }, search: {}, replace: true, resetScroll: false })}>
                  <Icon name="x" size="s" />
                </button>
              </div>
              <p className="code t1">{picked.name}</p>
              <p className="small t3">
                {duration(picked.end - picked.start)}, {duration(picked.start - trace.start)} after the start · <span className="code">{picked.id}</span>
              </p>
            </aside>
          ) : null}
        </div>
      )}
    </>
  );
}
