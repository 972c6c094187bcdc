/** How many events the listed values leave over. */
export function shares(values: { count: number }[], total: number): { rest: number } {
  return { rest: Math.max(0, total - values.reduce((n, v) => n + v.count, 0)) };
}

/** A share in words: never 0 % of something, never 100 % of less than all. */
export function shareWords(part: number, whole: number): string {
  if (whole <= 0) return "–";
  const pct = (part / whole) * 100;
  if (part > 0 && pct < 1) return "<1 %";
  if (part < whole && pct > 99) return ">99 %";
  return `${Math.round(pct)} %`;
}
