import { queryOptions, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { ApiError } from "@/api/client";
import { lostBetween } from "@/lib/recording/lost";
import type { Recording } from "@/lib/recording/read";
import type { Answer, Ask, Part, Question } from "./recordingWorker";

interface Head {
  part: Part;
  /** Reads on where the part before ended. */
  rest: (signal: AbortSignal) => Promise<Part>;
  /** Reads what was before the first part, and ends. */
  before: (signal: AbortSignal) => Promise<Part>;
}

const newWorker = () => new Worker(new URL("./recordingWorker.ts", import.meta.url), { type: "module" });

/** Opens a recording in a worker of its own, which lives until its last part is read. */
async function open(ask: Ask, signal: AbortSignal): Promise<Head> {
  const worker = newWorker();
  const part = await put(worker, ask, signal);
  return { part, rest: (s) => put(worker, "rest", s), before: (s) => put(worker, "before", s) };
}

function put(worker: Worker, question: Question, signal: AbortSignal): Promise<Part> {
  return new Promise((resolve, reject) => {
    const fail = (error: ApiError) => {
      worker.terminate();
      reject(error);
    };
    signal.addEventListener("abort", () => worker.terminate());
    worker.onmessage = (e: MessageEvent<Answer>) => {
      if (!("part" in e.data)) return fail(new ApiError(e.data.status, e.data.failed));
      if (e.data.part.last && !e.data.part.later) worker.terminate();
      resolve(e.data.part);
    };
    worker.onerror = () => fail(new ApiError(0, "The recording could not be read."));
    worker.postMessage(question);
  });
}

const settled = { staleTime: Infinity, gcTime: 120_000, refetchOnWindowFocus: false, structuralSharing: false } as const;
const keyOf = ({ org, replay, t, at }: Ask, part: string | number) => ["recording", org, replay, t ?? null, at ?? null, part] as const;

/** The part of a recording that holds the moment asked for, from the last whole page before it. */
export const recordingHeadOptions = (ask: Ask) => queryOptions({ queryKey: keyOf(ask, "head"), queryFn: ({ signal }) => open(ask, signal), ...settled });

const noTracks: Part["tracks"] = [];
const closed = () => Promise.reject(new ApiError(0, "The recording was closed."));

/**
 * A recording in parts: the one around the moment asked for, which plays at once, then the rest, then what was
 * before. Read once and kept while a screen uses it. When `count`, the segments there are, grows, what is new is read too.
 */
export function useRecording({ enabled, count = 0, ...ask }: Ask & { enabled: boolean; count?: number }) {
  const head = useQuery({ ...recordingHeadOptions(ask), enabled });
  const first = head.data?.part ?? null;
  const rest = useQuery({
    queryKey: keyOf(ask, "rest"),
    queryFn: ({ signal }) => head.data?.rest(signal) ?? closed(),
    enabled: enabled && first !== null && !first.last,
    retry: false, // its worker is gone: the whole is read again
    ...settled,
  });
  const second = rest.data ?? null;
  const followed = first !== null && (first.last || second !== null);
  const before = useQuery({ queryKey: keyOf(ask, "before"), queryFn: ({ signal }) => head.data?.before(signal) ?? closed(), enabled: enabled && followed && first.later, retry: false, ...settled });
  const grown = useGrown(ask, enabled && followed && first.tracks.length === 0, (second ?? first)?.read ?? 0, count);
  const after = useMemo(() => [...(second ? [second] : []), ...grown], [second, grown]);
  const parts = useMemo(() => [before.data, first, ...after].filter((p): p is Part => Boolean(p)), [before.data, first, after]);
  return {
    head: first?.recording ?? null,
    /** What follows the head, as far as it is there. */
    after: useMemo(() => after.map((p) => p.recording), [after]),
    /** What is before the head; null while it is on its way, and when there is none. */
    before: before.data?.recording ?? null,
    /** When the recording begins, ms; null while only a later part of it is there. */
    start: first ? (first.later ? (before.data?.recording.start ?? null) : first.recording.start || null) : null,
    tracks: first?.tracks ?? noTracks,
    lost: useMemo(() => (before.data || !first?.later ? lostBetween(parts.flatMap((p) => p.spans)) : []), [parts, before.data, first]),
    names: useMemo(() => parts.flatMap((p) => p.names), [parts]),
    /** All that follows the head is there. */
    followed,
    complete: followed && (!first.later || before.data !== undefined),
    truncated: parts.map((p) => p.recording.truncated).findLast((t) => t !== null) ?? null,
    broken: parts.reduce((n, p) => n + p.recording.broken, 0),
    isError: head.isError || rest.isError || before.isError,
    error: head.error ?? rest.error ?? before.error,
    refetch: () => void head.refetch().then(() => (rest.isError ? rest.refetch() : before.isError ? before.refetch() : undefined)),
  };
}

const noParts: Part[] = [];

/** What came into a recording since it was read, one part after the other. */
function useGrown(ask: Ask, enabled: boolean, read: number, count: number): Part[] {
  const { data } = useQuery<Part[]>({
    queryKey: [...keyOf(ask, "grown"), read],
    queryFn: async ({ signal, client, queryKey }) => {
      const parts = client.getQueryData<Part[]>(queryKey) ?? noParts;
      const from = parts.at(-1)?.read ?? read;
      if (count <= from) return parts;
      const part = await put(newWorker(), { ...ask, from }, signal);
      return part.read > from ? [...parts, part] : parts;
    },
    enabled: enabled && count > read,
    ...settled,
    // A recording that grew is read on; what is there stays as it is.
    staleTime: (q) => ((q.state.data?.at(-1)?.read ?? read) < count ? 0 : Infinity),
    refetchInterval: (q) => ((q.state.data?.at(-1)?.read ?? read) < count && q.state.status !== "error" ? 1000 : false),
  });
  return data ?? noParts;
}

/** All events of a recording that are there, in order. */
export const domOf = (r: Pick<ReturnType<typeof useRecording>, "before" | "head" | "after">): Recording["dom"] => [r.before, r.head, ...r.after].flatMap((p) => p?.dom ?? []);
