import { queryOptions, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { ApiError } from "@/api/client";
import { listSegmentsQueryKey } from "@/api/gen/@tanstack/react-query.gen";
import { lostBetween } from "@/lib/recording/lost";
import type { Answer, Ask, Part, Question } from "./recordingWorker";

interface Head {
  part: Part;
  /** Reads on where the beginning ended. */
  rest: (signal: AbortSignal) => Promise<Part>;
}

/** Opens a recording in a worker of its own, which lives until its last part is read. */
async function open(ask: Ask, signal: AbortSignal): Promise<Head> {
  const worker = new Worker(new URL("./recordingWorker.ts", import.meta.url), { type: "module" });
  const part = await put(worker, ask, signal);
  return { part, rest: (s) => put(worker, "rest", s) };
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
      if (e.data.part.last) worker.terminate();
      resolve(e.data.part);
    };
    worker.onerror = () => fail(new ApiError(0, "The recording could not be read."));
    worker.postMessage(question);
  });
}

const settled = { staleTime: Infinity, gcTime: 120_000, refetchOnWindowFocus: false, structuralSharing: false } as const;

function headOptions(ask: Ask, version: number) {
  return queryOptions({
    queryKey: [...listSegmentsQueryKey({ path: ask, query: { download: "true" } }), version, "head"],
    queryFn: ({ signal }) => open(ask, signal),
    ...settled,
  });
}

const noTracks: Part["tracks"] = [];

/**
 * A recording in two parts: its beginning, which plays at once, and the rest. Read once and kept
 * while a screen uses it; a replay that still grows has a new `version`.
 */
export function useRecording({ org, project, replay, version = 0 }: { org: string; project: string | null; replay: string | null; version?: number }) {
  const ask = { org, project: project ?? "", replay: replay ?? "" };
  const head = useQuery({
    ...headOptions(ask, version),
    enabled: project !== null && replay !== null,
    // What is there plays on while a grown replay is read again; another replay's picture would be a lie.
    placeholderData: (previous, query) => ((query?.queryKey[0] as { path?: { replay?: string } } | undefined)?.path?.replay === replay ? previous : undefined),
  });
  const first = head.data?.part ?? null;
  const more = first !== null && !first.last && !head.isPlaceholderData;
  const rest = useQuery({
    queryKey: [...listSegmentsQueryKey({ path: ask, query: { download: "true" } }), version, "rest"],
    queryFn: ({ signal }) => head.data?.rest(signal) ?? Promise.reject(new ApiError(0, "The recording was closed.")),
    enabled: more,
    retry: false, // its worker is gone: the whole is read again
    ...settled,
  });
  const second = rest.data ?? null;
  return {
    head: first?.recording ?? null,
    /** Null while it is on its way, and when there is none. */
    rest: second?.recording ?? null,
    tracks: first?.tracks ?? noTracks,
    lost: useMemo(() => lostBetween([...(first?.spans ?? []), ...(second?.spans ?? [])]), [first, second]),
    names: useMemo(() => [...(first?.names ?? []), ...(second?.names ?? [])], [first, second]),
    complete: first !== null && (first.last || second !== null),
    truncated: second?.recording.truncated ?? first?.recording.truncated ?? null,
    broken: (first?.recording.broken ?? 0) + (second?.recording.broken ?? 0),
    isError: head.isError || rest.isError,
    error: head.error ?? rest.error,
    refetch: () => void head.refetch().then(() => (rest.isError ? rest.refetch() : undefined)),
  };
}
