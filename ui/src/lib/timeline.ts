import type { Chapter, ErrorMark } from "./chapters";

// Where things stand on the time line under the player, as shares of its width.

export interface Segment {
  chapter: Chapter;
  left: number;
  width: number;
}

export interface Marker {
  left: number;
  errors: ErrorMark[];
}

export interface Gap {
  left: number;
  width: number;
  ms: number;
}

const MIN_SHARE = 0.012;
const EDGE_MS = 1000; // clocks of servers differ: what is just outside stands at the edge

/** A place for each chapter: from its start to its end, at least wide enough to hit, never over the next. */
export function layoutChapters(chapters: Chapter[], start: number, end: number): Segment[] {
  const span = Math.max(1, end - start);
  return chapters.filter((c) => c.end >= start && c.at <= end).map((chapter, i, chapters) => {
    const left = clamp((chapter.at - start) / span);
    const next = chapters[i + 1];
    const limit = next ? clamp((next.at - start) / span) : 1;
    const own = clamp((chapter.end - start) / span) - left;
    return { chapter, left, width: Math.max(0.002, Math.min(Math.max(own, MIN_SHARE), Math.max(0.002, limit - left - 0.001), 1 - left)) };
  });
}

/** Errors closer than `near` (a share) become one mark with a number. */
export function mergeErrors(errors: ErrorMark[], start: number, end: number, near: number): Marker[] {
  const span = Math.max(1, end - start);
  const out: Marker[] = [];
  for (const error of errors.filter((e) => e.at >= start - EDGE_MS && e.at <= end + EDGE_MS).sort((a, b) => a.at - b.at)) {
    const left = clamp((error.at - start) / span);
    const prev = out.at(-1);
    if (prev && left - prev.left < near) prev.errors.push(error);
    else out.push({ left, errors: [error] });
  }
  return out;
}

/** Stretches in which nothing happened for at least `least` ms. */
export function findGaps(times: number[], start: number, end: number, least: number): Gap[] {
  const span = Math.max(1, end - start);
  const sorted = [start, ...times.filter((t) => t >= start && t <= end).sort((a, b) => a - b), end];
  const gaps: Gap[] = [];
  for (let i = 1; i < sorted.length; i++) {
    const a = sorted[i - 1] ?? 0;
    const b = sorted[i] ?? 0;
    if (b - a >= least) gaps.push({ left: (a - start) / span, width: (b - a) / span, ms: b - a });
  }
  return gaps;
}

/** Round times for an axis, at most `most` of them. */
export function axisTicks(length: number, most: number): number[] {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600].map((s) => s * 1000);
  const step = steps.find((s) => length / s <= most) ?? 7_200_000;
  const ticks: number[] = [];
  for (let t = 0; t <= length; t += step) ticks.push(t);
  return ticks;
}

/** Moments closer than `near` (a share) become one; of each the share of the width, and how many. */
export function mergeMoments(times: readonly number[], start: number, end: number, near: number): { left: number; n: number }[] {
  const span = Math.max(1, end - start);
  const out: { left: number; n: number }[] = [];
  for (const at of [...times].sort((a, b) => a - b)) {
    if (at < start || at > end) continue;
    const left = (at - start) / span;
    const prev = out.at(-1);
    if (prev && left - prev.left < near) prev.n++;
    else out.push({ left, n: 1 });
  }
  return out;
}

/** A stretch of the time line, ms since the epoch. */
export interface Stretch {
  from: number;
  to: number;
}

const MIN_STRETCH = 500; // ms: below this there is nothing to see

/** The stretch between two moments, kept inside `whole`; null when it is too short to be meant. */
export function zoomTo(a: number, b: number, whole: Stretch): Stretch | null {
  const from = Math.max(whole.from, Math.min(a, b));
  const to = Math.min(whole.to, Math.max(a, b));
  return to - from < MIN_STRETCH ? null : { from, to };
}

/** Twice or half as near around a moment. */
export function zoomBy(factor: number, at: number, now: Stretch, whole: Stretch): Stretch {
  const length = Math.max(MIN_STRETCH, (now.to - now.from) * factor);
  if (length >= whole.to - whole.from) return whole;
  const from = Math.max(whole.from, Math.min(whole.to - length, at - length * ((at - now.from) / Math.max(1, now.to - now.from))));
  return { from, to: from + length };
}

const clamp = (x: number) => Math.max(0, Math.min(1, x));
