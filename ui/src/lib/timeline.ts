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

/** A place for each chapter: from its start to its end, at least wide enough to hit, never over the next. */
export function layoutChapters(chapters: Chapter[], start: number, end: number): Segment[] {
  const span = Math.max(1, end - start);
  return chapters.map((chapter, i) => {
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
  for (const error of [...errors].sort((a, b) => a.at - b.at)) {
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

const clamp = (x: number) => Math.max(0, Math.min(1, x));
