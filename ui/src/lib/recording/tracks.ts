// A tab that was duplicated goes on under the same replay id: both tabs then send segments with the
// same numbers. Their DOM streams know nothing of each other and cannot be played as one.

export interface NumberedSegment {
  id: number;
  events: unknown;
}

const stampsOf = (events: unknown): { type: number; timestamp: number }[] =>
  Array.isArray(events) ? events.filter((e): e is { type: number; timestamp: number } => typeof e === "object" && e !== null && typeof (e as { timestamp?: unknown }).timestamp === "number") : [];

const startOf = (events: unknown) => stampsOf(events).reduce((n, e) => Math.min(n, e.timestamp), Infinity);
const endOf = (events: unknown) => stampsOf(events).reduce((n, e) => Math.max(n, e.timestamp), -Infinity);
const opens = (events: unknown) => stampsOf(events).some((e) => e.type === 2);

interface Track {
  list: unknown[];
  last: number;
}

/**
 * One list of segments per tab, the tab that was there first at the head. Segments come in the order
 * of their numbers. Where a number appears twice for the first time, the segment with a whole page in
 * it opens the new tab. After that the tab that stopped first goes on first; a number that is there
 * once belongs to the tab that stopped nearest before it.
 */
export function splitTracks(segments: NumberedSegment[]): unknown[][] {
  const tracks: Track[] = [];
  for (let i = 0; i < segments.length; ) {
    const id = segments[i]?.id;
    const same: unknown[] = [];
    while (i < segments.length && segments[i]?.id === id) same.push(segments[i++]?.events);
    const old = same.filter((s) => !opens(s)).concat(same.filter(opens)).slice(0, Math.max(1, tracks.length));
    const fresh = same.filter((s) => !old.includes(s));
    const going = old.sort((a, b) => startOf(a) - startOf(b));
    const open = tracks.length > going.length ? [...tracks].sort((a, b) => distance(a, going[0]) - distance(b, going[0])) : [...tracks].sort((a, b) => a.last - b.last);
    going.forEach((s, n) => add(open[n] ?? begin(tracks), s));
    for (const s of fresh) add(begin(tracks), s);
  }
  return tracks.map((t) => t.list);
}

function begin(tracks: Track[]): Track {
  const track = { list: [], last: -Infinity };
  tracks.push(track);
  return track;
}

function add(track: Track, events: unknown) {
  track.list.push(events);
  track.last = Math.max(track.last, endOf(events));
}

/** How long a tab had stood still when a segment began; one that had not stopped cannot have sent it. */
const distance = (track: Track, events: unknown) => (track.last <= startOf(events) ? startOf(events) - track.last : Infinity);
