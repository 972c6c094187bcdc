import { sanitizeEvent } from "./sanitize";

// The DOM stream of a recording, for the player. Everything else on a screen comes from the frames
// (frames.ts), so nothing has to wait for this. All times are milliseconds since the epoch; on the
// wire they are unsorted.

/** An rrweb event the player understands (types 0–4 and 6). */
export interface DomEvent {
  type: number;
  timestamp: number;
  data?: unknown;
  [key: string]: unknown;
}

export interface Recording {
  start: number;
  end: number;
  dom: DomEvent[];
  /** Segments that could not be read; the rest still plays. */
  broken: number;
  /** Why not everything is shown, or null. */
  truncated: string | null;
  /** Characters of the largest page drawn whole: what drawing it again costs. */
  heaviest: number;
}

/** In less than a minute much happens in the same second. */
export const isShort = (r: { start: number; end: number }): boolean => r.end - r.start < 60_000;

export interface ReadLimits {
  /** Bytes of decoded JSON held in memory. */
  bytes: number;
  /** DOM changes kept of one second. */
  changesPerSecond: number;
}

export const defaultReadLimits: ReadLimits = { bytes: 50 * 1024 * 1024, changesPerSecond: 100_000 };

/** Some recorders use seconds: what is small is seconds. */
export const toMilliseconds = (t: number) => (t > 9_999_999_999 ? t : t * 1000);

type Json = Record<string, unknown>;
const object = (v: unknown): Json => (typeof v === "object" && v !== null && !Array.isArray(v) ? (v as Json) : {});
const number = (v: unknown): number | null => (typeof v === "number" && Number.isFinite(v) ? v : null);

/** Reads segments (arrays of rrweb events, in any order) into a recording. Never throws. */
export function readRecording(segments: unknown[], limits: ReadLimits = defaultReadLimits): Recording {
  const dom: DomEvent[] = [];
  const changes = new Map<number, number>();
  let broken = 0;
  let truncated: string | null = null;
  let heaviest = 0;
  for (const segment of segments) {
    if (!Array.isArray(segment)) {
      broken++;
      continue;
    }
    for (const raw of segment) {
      const type = number(object(raw).type);
      const stamp = number(object(raw).timestamp);
      // 5 is the recorder's own notes, which the server keeps as frames.
      if (type === null || stamp === null || type < 0 || type > 6 || type === 5) continue;
      const at = toMilliseconds(stamp);
      const second = Math.floor(at / 1000);
      const size = changeCount(object(raw));
      const used = (changes.get(second) ?? 0) + size;
      if (size > 0 && type === 3 && used > limits.changesPerSecond) {
        truncated = "The page changed faster than a player can draw; some changes are left out.";
        continue;
      }
      changes.set(second, used);
      const { event, cut } = sanitizeEvent({ ...object(raw), type, timestamp: at } as DomEvent);
      if (cut) truncated = "A page of this recording is larger than 50,000 nodes; the rest of it is left out.";
      if (type === 2) heaviest = Math.max(heaviest, JSON.stringify(event.data).length);
      dom.push(event);
    }
  }
  if (dropFalseTimes(dom)) truncated = "Some events of this recording carry impossible times and are left out.";
  dom.sort((a, b) => a.timestamp - b.timestamp); // stable: Meta stays before its snapshot
  return { start: dom[0]?.timestamp ?? 0, end: dom.at(-1)?.timestamp ?? 0, dom, broken, truncated, heaviest };
}

const LONGEST_MS = 24 * 3600_000; // SDKs end a session after an hour; a page asleep may wake later

/** Takes out what lies further from the middle event than any session lasts: one false time would stretch the time line over years. */
function dropFalseTimes(dom: DomEvent[]): boolean {
  const times = dom.map((e) => e.timestamp).sort((a, b) => a - b);
  const middle = times[times.length >> 1];
  if (middle === undefined) return false;
  const before = dom.length;
  let n = 0;
  for (const e of dom) if (Math.abs(e.timestamp - middle) <= LONGEST_MS) dom[n++] = e;
  dom.length = n;
  return n < before;
}

function changeCount(event: Json): number {
  const data = object(event.data);
  if (event.type !== 3 || data.source !== 0) return 0;
  return ["adds", "removes", "attributes", "texts"].reduce((n, key) => n + (Array.isArray(data[key]) ? (data[key] as unknown[]).length : 0), 0);
}
