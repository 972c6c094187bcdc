import { ApiError, errorMessage, readLink } from "@/api/client";
import { listSegments } from "@/api/gen";
import { defaultReadLimits, readRecording, type Recording } from "@/lib/recording/read";
import { spansOf, type SegmentSpan } from "@/lib/recording/lost";
import { nameTouched, Page, type Name } from "@/lib/recording/names";
import { splitTracks, type NumberedSegment } from "@/lib/recording/tracks";

// Fetching, parsing and cleaning a recording is long work: it happens here, beside the page.

export interface Ask {
  org: string;
  project: string;
  replay: string;
}

export interface Part {
  recording: Recording;
  /** Other tabs under the same replay id, each on its own. */
  tracks: Recording[];
  /** Which segments these are and when they took place; what is missing between them was lost. */
  spans: SegmentSpan[];
  /** What the elements that were touched were called. */
  names: Name[];
  /** This is the last part. */
  last: boolean;
}

/** First the recording's beginning is asked for, then `"rest"`. */
export type Question = Ask | "rest";
export type Answer = { part: Part } | { failed: string; status: number };

const HEAD_SEGMENTS = 6; // half a minute: the player has that long to get the rest
const PAGE_SEGMENTS = 100;

type Path = { org: string; project: string; replay: string };

/** One recording as it is read, part by part. */
class Reading {
  private ids: number[] = [];
  private next: string | null = null;
  private told = 0;
  private page = new Page();

  constructor(private readonly path: Path) {}

  async head(): Promise<Part> {
    const [first, ids] = await Promise.all([page(this.path, HEAD_SEGMENTS), numbers(this.path)]);
    this.ids = ids;
    this.next = first.next;
    if (new Set(ids).size === ids.length) return this.part(first.segments, false);
    // Whose segment is whose shows only when all are there.
    const rest = await pages(this.path, first.next);
    return this.parted([...first.segments, ...rest.segments], rest.cut);
  }

  async rest(): Promise<Part> {
    const { segments, cut } = await pages(this.path, this.next);
    this.next = null;
    return this.part(segments, cut);
  }

  private part(segments: unknown[], cut: boolean): Part {
    const recording = marked(readRecording(segments), cut);
    const spans = spansOf(segments, this.ids.slice(this.told));
    this.told += segments.length;
    return { recording, tracks: [], spans, names: nameTouched(this.page, recording.dom), last: this.next === null };
  }

  private parted(segments: unknown[], cut: boolean): Part {
    const numbered = segments.map((events, i): NumberedSegment => ({ id: this.ids[i] ?? i, events }));
    const [recording = readRecording([]), ...tracks] = splitTracks(numbered).map((t) => readRecording(t));
    const names = [recording, ...tracks].flatMap((r) => nameTouched(new Page(), r.dom));
    return { recording: marked(recording, cut), tracks, spans: spansOf(segments, this.ids), names, last: true };
  }
}

const marked = (recording: Recording, cut: boolean): Recording => (cut ? { ...recording, truncated: "This recording is larger than 50 MiB; only its beginning is shown." } : recording);

async function page(path: Path, rows: number, cursor?: string): Promise<{ segments: unknown[]; bytes: number; next: string | null }> {
  const { data, response } = await listSegments({ path, query: { download: "true", per_page: rows, cursor }, parseAs: "text", throwOnError: true });
  const text = data as unknown as string;
  const segments: unknown = JSON.parse(text);
  return { segments: Array.isArray(segments) ? segments : [], bytes: text.length, next: readLink(response.headers.get("Link")).next };
}

async function pages(path: Path, from: string | null): Promise<{ segments: unknown[]; cut: boolean }> {
  const segments: unknown[] = [];
  let bytes = 0;
  for (let cursor = from; cursor !== null; ) {
    if (bytes >= defaultReadLimits.bytes) return { segments, cut: true };
    const more = await page(path, PAGE_SEGMENTS, cursor);
    for (const s of more.segments) segments.push(s);
    bytes += more.bytes;
    cursor = more.next;
  }
  return { segments, cut: false };
}

/** The numbers of all segments, in the order in which they are downloaded. */
async function numbers(path: Path): Promise<number[]> {
  const ids: number[] = [];
  for (let cursor: string | undefined | null; cursor !== null; ) {
    const { data, response } = await listSegments({ path, query: { per_page: PAGE_SEGMENTS, cursor }, throwOnError: true });
    ids.push(...data.map((s) => s.segmentId));
    cursor = readLink(response.headers.get("Link")).next;
  }
  return ids;
}

let reading: Reading | null = null;

async function answer(question: Question): Promise<Part> {
  if (question !== "rest") {
    reading = new Reading(question);
    return reading.head();
  }
  if (!reading) throw new Error("The rest was asked for before the beginning.");
  return reading.rest();
}

self.addEventListener("message", (e: MessageEvent<Question>) => {
  answer(e.data).then(
    (part) => self.postMessage({ part } satisfies Answer),
    (error: unknown) => self.postMessage({ failed: errorMessage(error), status: error instanceof ApiError ? error.status : 0 } satisfies Answer),
  );
});
