import { queryOptions, useQuery } from "@tanstack/react-query";
import { ApiError } from "@/api/client";
import { listSegmentsQueryKey } from "@/api/gen/@tanstack/react-query.gen";
import type { Recording } from "@/lib/recording/read";
import type { Answer, Ask } from "./recordingWorker";

function readInWorker(ask: Ask, signal: AbortSignal): Promise<Recording> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./recordingWorker.ts", import.meta.url), { type: "module" });
    const end = () => worker.terminate();
    signal.addEventListener("abort", end);
    worker.onmessage = (e: MessageEvent<Answer>) => {
      end();
      if ("recording" in e.data) resolve(e.data.recording);
      else reject(new ApiError(e.data.status, e.data.failed));
    };
    worker.onerror = () => {
      end();
      reject(new ApiError(0, "The recording could not be read."));
    };
    worker.postMessage(ask);
  });
}

/** A whole recording, read once and kept while a screen uses it. A replay that still grows has a new `version`. */
export function useRecording(ask: { org: string; project: string | null; replay: string | null; version?: number }) {
  const { org, project, replay } = ask;
  return useQuery(
    queryOptions({
      queryKey: [...listSegmentsQueryKey({ path: { org, project: project ?? "", replay: replay ?? "" }, query: { download: "true" } }), ask.version ?? 0],
      queryFn: ({ signal }) => readInWorker({ org, project: project ?? "", replay: replay ?? "" }, signal),
      enabled: project !== null && replay !== null,
      staleTime: Infinity,
      gcTime: 120_000,
      refetchOnWindowFocus: false,
    }),
  );
}
