import type { ErrorMark } from "@/lib/chapters";

// The errors of a session as rows: those of one issue under one head, those outside the recording apart.

export interface ErrorGroup {
  id: string;
  errors: ErrorMark[];
}

export type Where = "before" | "inside" | "after";

export type ErrorRow =
  | { kind: "head"; key: string; where: Exclude<Where, "inside"> }
  | { kind: "group"; key: string; group: ErrorGroup; open: boolean }
  | { kind: "error"; key: string; error: ErrorMark; where: Where; nested: boolean };

const EDGE_MS = 1000; // clocks of services differ by so much

export function errorRows(errors: readonly ErrorMark[], recording: { from: number; to: number }, opened: ReadonlySet<string>): ErrorRow[] {
  const sorted = [...errors].sort((a, b) => a.at - b.at);
  const before = sorted.filter((e) => e.at < recording.from - EDGE_MS);
  const after = sorted.filter((e) => e.at > recording.to + EDGE_MS);
  const inside = sorted.filter((e) => e.at >= recording.from - EDGE_MS && e.at <= recording.to + EDGE_MS);
  return [...outside("before", before), ...groups(inside).flatMap((g) => groupRows(g, opened)), ...outside("after", after)];
}

function outside(where: "before" | "after", errors: ErrorMark[]): ErrorRow[] {
  if (errors.length === 0) return [];
  return [{ kind: "head", key: where, where }, ...errors.map((error): ErrorRow => ({ kind: "error", key: error.id, error, where, nested: false }))];
}

/** By issue, in the order of each issue's first error; what has no issue stands alone. */
function groups(errors: ErrorMark[]): ErrorGroup[] {
  const all = new Map<string, ErrorGroup>();
  for (const error of errors) {
    const id = error.issueId || error.id;
    const group = all.get(id);
    if (group) group.errors.push(error);
    else all.set(id, { id, errors: [error] });
  }
  return [...all.values()];
}

function groupRows(group: ErrorGroup, opened: ReadonlySet<string>): ErrorRow[] {
  const rows = (nested: boolean) => group.errors.map((error): ErrorRow => ({ kind: "error", key: error.id, error, where: "inside", nested }));
  if (group.errors.length === 1) return rows(false);
  const open = opened.has(group.id);
  return [{ kind: "group", key: `g-${group.id}`, group, open }, ...(open ? rows(true) : [])];
}
