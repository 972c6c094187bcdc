/**
 * Where a link wants to begin, ms since the recording's start: ?t= is seconds from there, ?event_t= a
 * moment in ISO, seconds or milliseconds. What is before the start or no time begins at the start.
 */
export function startAt(t: number | undefined, eventTime: string | undefined, start: number): number {
  if (t !== undefined) return t * 1000;
  if (!eventTime) return 0;
  const n = Number(eventTime);
  const at = Number.isFinite(n) ? (n > 9_999_999_999 ? n : n * 1000) : Date.parse(eventTime);
  return Number.isFinite(at) ? Math.max(0, at - start) : 0;
}
