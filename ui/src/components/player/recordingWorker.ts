import { ApiError, errorMessage, readLink } from "@/api/client";
import { client } from "@/api/gen/client.gen";
import { spansOf, type SegmentSpan } from "@/lib/recording/lost";
import { nameTouched, Page, type Name } from "@/lib/recording/names";
import { defaultReadLimits, readRecording, type Recording } from "@/lib/recording/read";
import { splitTracks, type NumberedSegment } from "@/lib/recording/tracks";

// Fetching, parsing and cleaning a recording is long work: it happens here, beside the page.

/** A recording, and the moment that is wanted first: `t` seconds from its start or `at` ms since the epoch. */
export interface Ask {
  org: string;
  replay: string;
  t?: number;
  at?: number;
}

export interface Part {
  recording: Recording;
  /** Other tabs under the same replay id, each on its own. */
  tracks: Recording[];
  /** Which segments these are and when they took place; what is missing between them was lost. */
  spans: SegmentSpan[];
  /** What the elements that were touched were called. */
  names: Name[];
  /** Segments read from the recording's first one on, with all parts that came before this one. */
  read: number;
  /** There is more of the recording before this part, which `"before"` asks for. */
  later: boolean;
  /** Nothing follows. */
  last: boolean;
}

/** First the range around a moment is asked for, then the `"rest"` after it, then what was `"before"`; or, of a recording that grew, the segments from one on. */
export type Question = Ask | "rest" | "before" | (Ask & { from: number });
export type Answer = { part: Part } | { failed: string; status: number };

const PAGE_SEGMENTS = 100;

interface RangeAnswer {
  count: number;
  offset: number;
  /** A number is there twice: a tab was duplicated. */
  twice: boolean;
  segments: NumberedSegment[];
}

type Range = RangeAnswer & { bytes: number; next: string | null };

/** One recording as it is read, part by part. */
class Reading {
  private next: string | null = null;
  private first = 0;
  private read = 0;
  private page = new Page();

  constructor(private readonly ask: Ask) {}

  async head(): Promise<Part> {
    const { t, at } = this.ask;
    const head = await range(this.ask, t !== undefined ? { t } : at !== undefined ? { at } : {});
    if (head.twice) return this.parted(await this.whole(head));
    this.next = head.next;
    this.first = head.offset;
    this.read = head.offset + head.segments.length;
    return this.part(head.segments, false, this.page);
  }

  async rest(): Promise<Part> {
    const { segments, cut } = await pages(this.ask, this.next);
    this.next = null;
    this.read += segments.length;
    return this.part(segments, cut, this.page);
  }

  async before(): Promise<Part> {
    const segments: NumberedSegment[] = [];
    for (let from = 0; from < this.first; ) {
      const more = await range(this.ask, { cursor: `0:${from}:0`, per_page: Math.min(PAGE_SEGMENTS, this.first - from) });
      if (more.segments.length === 0) break;
      segments.push(...more.segments);
      from += more.segments.length;
    }
    this.first = 0;
    return this.part(segments, false, new Page());
  }

  async since(from: number): Promise<Part> {
    const { segments, cut } = await pages(this.ask, `0:${from}:0`);
    this.read = from + segments.length;
    return this.part(segments, cut, this.page);
  }

  private part(segments: NumberedSegment[], cut: boolean, page: Page): Part {
    const events = segments.map((s) => s.events);
    const recording = marked(readRecording(events), cut);
    const spans = spansOf(events, segments.map((s) => s.id));
    return { recording, tracks: [], spans, names: nameTouched(page, recording.dom), read: this.read, later: this.first > 0, last: this.next === null };
  }

  /** Whose segment is whose shows only when all are there. */
  private async whole(head: Range): Promise<{ segments: NumberedSegment[]; cut: boolean }> {
    if (head.offset > 0) return pages(this.ask, "0:0:0");
    const rest = await pages(this.ask, head.next);
    return { segments: [...head.segments, ...rest.segments], cut: rest.cut };
  }

  private parted({ segments, cut }: { segments: NumberedSegment[]; cut: boolean }): Part {
    const [recording = readRecording([]), ...tracks] = splitTracks(segments).map((t) => readRecording(t));
    const names = [recording, ...tracks].flatMap((r) => nameTouched(new Page(), r.dom));
    const spans = spansOf(segments.map((s) => s.events), segments.map((s) => s.id));
    return { recording: marked(recording, cut), tracks, spans, names, read: segments.length, later: false, last: true };
  }
}

const marked = (recording: Recording, cut: boolean): Recording => (cut ? { ...recording, truncated: "This recording is larger than 50 MiB; only its beginning is shown." } : recording);

async function range({ org, replay }: Ask, query: Record<string, string | number>): Promise<Range> {
  const { data, response } = await client.get<{ 200: string }, unknown, true>({ url: "/api/0/organizations/{org}/replays/{replay}/recording/", path: { org, replay }, query, parseAs: "text", throwOnError: true });
  const text = data as string;
  return { ...(JSON.parse(text) as RangeAnswer), bytes: text.length, next: readLink(response.headers.get("Link")).next };
}

async function pages(ask: Ask, from: string | null): Promise<{ segments: NumberedSegment[]; cut: boolean }> {
  const segments: NumberedSegment[] = [];
  let bytes = 0;
  for (let cursor = from; cursor !== null; ) {
    if (bytes >= defaultReadLimits.bytes) return { segments, cut: true };
    const more = await range(ask, { cursor, per_page: PAGE_SEGMENTS });
    for (const s of more.segments) segments.push(s);
    bytes += more.bytes;
    cursor = more.next;
  }
  return { segments, cut: false };
}

let reading: Reading | null = null;

async function answer(question: Question): Promise<Part> {
  if (typeof question === "object") {
    reading = new Reading(question);
    return "from" in question ? reading.since(question.from) : reading.head();
  }
  if (!reading) throw new Error("The rest was asked for before the beginning.");
  return question === "rest" ? reading.rest() : reading.before();
}

self.addEventListener("message", (e: MessageEvent<Question>) => {
  answer(e.data).then(
    (part) => self.postMessage({ part } satisfies Answer),
    (error: unknown) => self.postMessage({ failed: errorMessage(error), status: error instanceof ApiError ? error.status : 0 } satisfies Answer),
  );
});
