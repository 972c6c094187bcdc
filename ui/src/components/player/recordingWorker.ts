import { ApiError, errorMessage, readLink } from "@/api/client";
import { listSegments } from "@/api/gen";
import { defaultReadLimits, readRecording, type Recording } from "@/lib/recording/read";

// Fetching, parsing and cleaning a recording is long work: it happens here, beside the page.

export interface Ask {
  org: string;
  project: string;
  replay: string;
}

export type Answer = { recording: Recording } | { failed: string; status: number };

async function read({ org, project, replay }: Ask): Promise<Recording> {
  const segments: unknown[] = [];
  let cursor: string | undefined;
  let bytes = 0;
  do {
    const { data, response } = await listSegments({ path: { org, project, replay }, query: { download: "true", per_page: 100, cursor }, parseAs: "text", throwOnError: true });
    const text = data as unknown as string;
    bytes += text.length;
    const page: unknown = JSON.parse(text);
    if (Array.isArray(page)) for (const segment of page) segments.push(segment);
    cursor = readLink(response.headers.get("Link")).next ?? undefined;
  } while (cursor && bytes < defaultReadLimits.bytes);
  const recording = readRecording(segments);
  if (cursor) recording.truncated = "This recording is larger than 50 MiB; only its beginning is shown.";
  return recording;
}

self.addEventListener("message", (e: MessageEvent<Ask>) => {
  read(e.data).then(
    (recording) => self.postMessage({ recording } satisfies Answer),
    (error: unknown) => self.postMessage({ failed: errorMessage(error), status: error instanceof ApiError ? error.status : 0 } satisfies Answer),
  );
});
