/**
 * Where a link wants to begin, ms since the recording's start: ?t= is seconds from there, ?event_t= a
 * moment in ISO, seconds or milliseconds. What is before the start or no time begins at the start.
 */
export function startAt(t: number | undefined, eventTime: string | undefined, start: number): number {
  if (t !== undefined) return t * 1000;
  const at = readTime(eventTime);
  return at === null ? 0 : Math.max(0, at - start);
}

/** The moment a link wants, as the recording is asked for it. */
export function momentOf({ t, event_t: eventTime }: { t?: number; event_t?: string }): { t?: number; at?: number } {
  if (t !== undefined) return { t };
  const at = readTime(eventTime);
  return at === null ? {} : { at };
}

function readTime(eventTime: string | undefined): number | null {
  if (!eventTime) return null;
  const n = Number(eventTime);
  const at = Number.isFinite(n) ? (n > 9_999_999_999 ? n : n * 1000) : Date.parse(eventTime);
  return Number.isFinite(at) && at >= 0 ? at : null;
}
