// Segments have numbers. Where one is missing, what happened in it is lost: the player jumps, and
// the time line says so.

export interface SegmentSpan {
  id: number;
  from: number;
  to: number;
}

export interface Lost {
  from: number;
  to: number;
  segments: number;
}

/** When segments took place; those without an event are left out. `ids` are their numbers. */
export function spansOf(segments: unknown[], ids: number[]): SegmentSpan[] {
  return segments.flatMap((events, i): SegmentSpan[] => {
    const id = ids[i];
    if (!Array.isArray(events) || id === undefined) return [];
    let from = Infinity;
    let to = -Infinity;
    for (const e of events as { type?: unknown; timestamp?: unknown }[]) {
      // The recorder's own notes (5) may be of long before.
      if (typeof e?.timestamp !== "number" || e.type === 5) continue;
      from = Math.min(from, e.timestamp);
      to = Math.max(to, e.timestamp);
    }
    return from <= to ? [{ id, from, to }] : [];
  });
}

/** The stretches of missing segments, those at the very beginning left out: a recording may start late. */
export function lostBetween(spans: SegmentSpan[]): Lost[] {
  const sorted = [...spans].sort((a, b) => a.id - b.id);
  return sorted.flatMap((s, i): Lost[] => {
    const before = sorted[i - 1];
    return before && s.id - before.id > 1 && s.from > before.to ? [{ from: before.to, to: s.from, segments: s.id - before.id - 1 }] : [];
  });
}
