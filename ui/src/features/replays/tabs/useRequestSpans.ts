import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { getTraceOptions } from "@/api/gen/@tanstack/react-query.gen";
import type { ChapterRequest } from "@/lib/chapters";
import { readTrace, subtree, type Span } from "@/lib/trace";

/** What the servers did for a request, in full: from its trace, asked for only when someone looks. */
export function useRequestSpans(org: string, request: ChapterRequest | null): Span[] {
  const trace = request?.traceId ?? null;
  const answer = useQuery({ ...getTraceOptions({ path: { org, trace: trace ?? "" } }), enabled: trace !== null, staleTime: 60_000 });
  return useMemo(() => {
    const known = request?.spans ?? [];
    if (!answer.data || known.length === 0) return known;
    const { spans } = readTrace(answer.data);
    const roots = known.filter((s) => s.depth === 0).flatMap((s) => spans.find((t) => t.id === s.id) ?? []);
    const full = roots.flatMap((root) => subtree(spans, root).map((s) => ({ ...s, depth: s.depth - root.depth })));
    return full.length > 0 ? full : known;
  }, [answer.data, request]);
}
