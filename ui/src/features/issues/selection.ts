/** What is chosen after a click on a row: it alone is switched, or with shift all from the last clicked to it take its new state. */
export function pick(chosen: ReadonlySet<string>, order: string[], id: string, from: string | null, range: boolean): Set<string> {
  const next = new Set(chosen);
  const on = !chosen.has(id);
  const a = range && from !== null ? order.indexOf(from) : -1;
  const b = order.indexOf(id);
  const ids = a >= 0 && b >= 0 ? order.slice(Math.min(a, b), Math.max(a, b) + 1) : [id];
  for (const i of ids) {
    if (on) next.add(i);
    else next.delete(i);
  }
  return next;
}
