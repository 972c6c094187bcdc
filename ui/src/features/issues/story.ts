import { describeAct, type Chapter, type ChapterRequest, type ErrorMark } from "@/lib/chapters";
import { actIcon } from "@/components/actIcon";
import type { IconName } from "@/components/Icon";
import type { Frame } from "@/lib/recording/frames";
import type { Side, Span, Trace } from "@/lib/trace";

// The Story of one event, as rows in time order. Drawing it is Story.tsx's work.

/** The event the page is about. */
export interface StoryEvent {
  id: string;
  at: number;
  side: Side;
  /** "panic" */
  type: string;
  value: string;
  project: string;
  spanId: string | null;
  /** Where it was raised: "payment/charge.go:118" and that line of source. */
  place: string | null;
  source: string | null;
}

interface Base {
  key: string;
  side: Side;
  at: number;
}

export type StoryRow =
  | (Base & { kind: "act"; icon: IconName; title: string; detail: string; code: string })
  | (Base & { kind: "request"; end: number; method: string; path: string; status: number | null; serverMs: number | null; /** Its server part opens and closes in place; null: there is nothing to fold. */ open: boolean | null; /** Errors told only when it is open. */ errors: number })
  | (Base & { kind: "span"; end: number; depth: number; icon: IconName; span: Span })
  | (Base & { kind: "more"; count: number; depth: number; what: "span" | "action" })
  | (Base & { kind: "event" })
  | (Base & { kind: "error"; error: ErrorMark })
  | (Base & { kind: "console"; level: string; text: string })
  | (Base & { kind: "log"; level: string; text: string; project: string })
  | (Base & { kind: "response"; status: number; type: string; size: number | null; body: string });

const MAX_SPANS = 40;
const MAX_ACTS = 10; // of one chapter: the one that began it, and the last before what it is about

const spanIcon: Record<Span["kind"], IconName> = { http: "http", db: "db", cache: "cache", queue: "queue", rpc: "rpc", view: "eye", other: "rpc" };

/**
 * Rows of a chapter. What the servers did for the event's own request is told at once; other
 * requests are one row each until they are in `opened` (by key), so that the error stays in view.
 */
export function chapterRows(chapter: Chapter, event: StoryEvent | null, opened: ReadonlySet<string> = new Set()): StoryRow[] {
  const rows: StoryRow[] = actRows(chapter.acts, event?.at ?? chapter.end);
  let told = false;
  const folded = new Set<string>(); // errors that are told when their request is opened
  chapter.requests.forEach((r, i) => {
    const here = event !== null && !told && belongs(r, event);
    if (here) told = true;
    const open = here || opened.has(`r-${i}`);
    if (!open) for (const s of r.spans) for (const e of s.errors) folded.add(e.id);
    rows.push(...requestRows(r, i, here ? event : null, open));
  });
  for (const e of chapter.errors) if (e.id !== event?.id && !folded.has(e.id)) rows.push({ kind: "error", key: `e-${e.id}`, side: e.side, at: e.at, error: e });
  for (const f of chapter.console) {
    if (f.level === "warning" || f.level === "error" || chapter.console.length <= 4) rows.push({ kind: "console", key: `c-${f.at}-${rows.length}`, side: "browser", at: f.at, level: f.level ?? "log", text: f.detail });
  }
  for (const l of chapter.logs) rows.push({ kind: "log", key: `l-${l.id}`, side: l.side, at: l.at, level: l.level, text: l.title, project: l.project });
  if (event && !told) rows.push({ kind: "event", key: "event", side: event.side, at: event.at });
  return inOrder(rows);
}

/** Rows without a recording: what the trace knows, else what the SDK's breadcrumbs say. */
export function traceRows(trace: Trace | null, crumbs: { at: number; category: string; message: string; level: string }[], event: StoryEvent): StoryRow[] {
  const root = trace ? rootOf(trace.spans, event) : null;
  const spans = root && trace ? trace.spans.slice(root.from, root.to) : [];
  const first = spans[0]?.start ?? Infinity;
  const rows: StoryRow[] = crumbs
    .filter((c) => c.at <= event.at + 1)
    .slice(-8)
    .map((c, i) => ({ kind: "act", key: `b-${i}`, side: event.side, at: c.at, icon: crumbIcon(c.category), title: c.category || "breadcrumb", detail: c.message, code: "" }));
  const base = spans[0]?.depth ?? 0;
  rows.push(...withEvent(spanRows(spans.map((s) => ({ ...s, depth: s.depth - base })), first === Infinity ? 0 : first), event, 0));
  return inOrder(rows);
}

function crumbIcon(category: string): IconName {
  if (/^(http|fetch|xhr|request)/.test(category)) return "http";
  if (/^(query|db|sql)/.test(category)) return "db";
  if (category.startsWith("ui.")) return actIcon[category.slice(3)] ?? "click";
  if (category === "navigation") return "nav";
  return "log";
}

function rootOf(spans: Span[], event: StoryEvent): { from: number; to: number } | null {
  const own = spans.findIndex((s) => s.errors.some((e) => e.id === event.id) || (event.spanId !== null && s.id === event.spanId));
  if (own < 0) return spans.length > 0 ? { from: 0, to: spans.length } : null;
  let from = own;
  while (from > 0 && (spans[from]?.depth ?? 0) > 0) from--;
  let to = from + 1;
  while (to < spans.length && (spans[to]?.depth ?? 0) > 0) to++;
  return { from, to };
}

function belongs(r: ChapterRequest, event: StoryEvent): boolean {
  if (r.spans.some((s) => s.id === event.spanId || s.errors.some((e) => e.id === event.id))) return true;
  if (event.side !== "server" || r.spans.length > 0) return false;
  return event.at >= r.frame.at - 50 && event.at <= r.frame.end + 50;
}

/** Acts up to a moment, cut in the middle when there are many; those after it are another story. */
function actRows(acts: Frame[], until: number): StoryRow[] {
  const told = acts.map((f, i) => actRow(f, i));
  if (told.length <= MAX_ACTS) return told;
  const last = Math.max(told.findLastIndex((r) => r.at <= until) + 1, MAX_ACTS);
  const from = Math.max(1, last - MAX_ACTS + 1);
  const more = (count: number, at: number, key: string): StoryRow[] => (count > 0 ? [{ kind: "more", key, side: "browser", at, count, depth: 0, what: "action" }] : []);
  const kept = told.slice(from, last);
  return [...told.slice(0, 1), ...more(from - 1, kept[0]?.at ?? until, "before"), ...kept, ...more(told.length - last, told[last]?.at ?? until, "after")];
}

function actRow(f: Frame, i: number): StoryRow {
  const [title, ...rest] = splitAct(f);
  return { kind: "act", key: `a-${i}`, side: "browser", at: f.at, icon: actIcon[f.kind] ?? "log", title: title ?? describeAct(f), detail: rest.join(" "), code: f.kind === "navigation" ? "" : selectorEnd(f.detail) };
}

function splitAct(f: Frame): string[] {
  if (f.kind === "input") return ["Typed", `in “${f.title}”`];
  if (f.kind === "rage") return [describeAct(f), `${f.clicks ?? 5} clicks`];
  return [describeAct(f)];
}

/** "button#pay" of "body > main > button#pay". */
export const selectorEnd = (selector: string) => selector.split(" > ").at(-1) ?? "";

function requestRows(r: ChapterRequest, i: number, event: StoryEvent | null, open: boolean): StoryRow[] {
  const req = r.frame.request;
  if (!req) return [];
  const key = `r-${i}`;
  const serverMs = r.spans[0] ? r.spans[0].end - r.spans[0].start : null;
  const rows: StoryRow[] = [{ kind: "request", key, side: "browser", at: r.frame.at, end: r.frame.end, method: req.method, path: req.path, status: req.status, serverMs, open: event || r.spans.length === 0 ? null : open, errors: open ? 0 : r.spans.reduce((n, s) => n + s.errors.length, 0) }];
  if (open) rows.push(...withEvent(spanRows(r.spans, r.frame.at), event, r.frame.at).map((row) => (row.kind === "event" ? row : { ...row, key: `${key}-${row.key}` })));
  if (open && req.status !== null && (req.status >= 400 || event)) {
    rows.push({ kind: "response", key: `p-${i}`, side: "browser", at: Math.max(r.frame.end, rows.at(-1)?.at ?? 0), status: req.status, type: (req.responseHeaders["content-type"] ?? "").replace(/;.*/, ""), size: req.responseSize, body: bodyText(req.responseBody) });
  }
  return rows;
}

export function bodyText(body: unknown): string {
  if (body === undefined || body === null) return "";
  return (typeof body === "string" ? body : JSON.stringify(body)).trim().slice(0, 160);
}

/**
 * A framework's own steps say nothing about what went wrong, and a call that the called service
 * tells of itself would be told twice.
 */
function isNoise(s: Span, next: Span | undefined): boolean {
  if (s.isSegment || s.errors.length > 0) return false;
  if (s.op === "http.client") return next !== undefined && next.isSegment && next.depth > s.depth;
  if (s.kind !== "other") return false;
  if (/^(request_)?handler/.test(s.op)) return true;
  const length = s.end - s.start;
  return length < 1 || (/^(middleware|function)/.test(s.op) && length < 50);
}

/**
 * Puts the event after the span that failed and all that hung under it: clocks of services differ
 * by more than such a step takes, so the tree knows the order better than the times do.
 */
function withEvent(rows: StoryRow[], event: StoryEvent | null, from: number): StoryRow[] {
  if (!event) return rows;
  const own = rows.findLastIndex((r) => r.kind === "span" && (r.span.id === event.spanId || r.span.errors.some((e) => e.id === event.id)));
  let place = own + 1;
  const depth = depthOf(rows[own]);
  if (own >= 0) while (place < rows.length && depthOf(rows[place]) > depth) place++;
  else place = rows.findLastIndex((r) => r.at <= event.at) + 1;
  const at = Math.max(event.at, from, rows[place - 1]?.at ?? 0);
  const after = rows.slice(place).map((r) => ({ ...r, at: Math.max(r.at, at) }));
  return [...rows.slice(0, place), { kind: "event", key: "event", side: event.side, at }, ...after];
}

const depthOf = (row: StoryRow | undefined) => (row?.kind === "span" || row?.kind === "more" ? row.depth : 0);

/** Spans keep the order of their tree: a row is never above the one it hangs on. */
function spanRows(spans: Span[], from: number): StoryRow[] {
  let at = from;
  const told = spans.filter((s, i) => !isNoise(s, spans[i + 1]));
  const above: number[] = []; // depths of the spans a row hangs under, of those that are told
  const rows: StoryRow[] = told.slice(0, MAX_SPANS).map((span) => {
    at = Math.max(at, span.start);
    while ((above.at(-1) ?? -1) >= span.depth) above.pop();
    const depth = Math.min(above.length, 6);
    above.push(span.depth);
    return { kind: "span", key: `s-${span.id}`, side: span.side, at, end: span.end, depth, icon: span.isSegment ? "server" : spanIcon[span.kind], span };
  });
  if (told.length > MAX_SPANS) rows.push({ kind: "more", key: "more", side: "server", at, count: told.length - MAX_SPANS, depth: 1, what: "span" });
  return rows;
}

function inOrder(rows: StoryRow[]): StoryRow[] {
  return rows.map((row, i) => ({ row, i })).sort((a, b) => a.row.at - b.row.at || a.i - b.i).map(({ row }) => row);
}

/** The stretch bars are drawn on: of the requests and spans shown. */
export function barScale(rows: StoryRow[]): { from: number; to: number } {
  const timed = rows.filter((r) => r.kind === "request" || r.kind === "span");
  if (timed.length === 0) return { from: 0, to: 1 };
  const from = Math.min(...timed.map((r) => (r.kind === "span" ? r.span.start : r.at)));
  const to = Math.max(...timed.map((r) => r.end));
  return { from, to: Math.max(to, from + 1) };
}

/** One sentence from the chapter; null when a part of it is unknown. */
export function sentence(chapter: Chapter | null, event: StoryEvent, who: string | null): { text: string; strong: boolean }[] | null {
  if (!chapter || chapter.subject === "" || !event.type) return null;
  const plain = (text: string) => ({ text, strong: false });
  const strong = (text: string) => ({ text, strong: true });
  const did = [plain(`${who ?? "Someone"} ${deed[chapter.kind]} `), strong(chapter.subject)];
  if (event.side === "browser") return [...did, plain(", and the page failed with "), strong(event.type), plain(".")];
  const request = chapter.requests.find((r) => belongs(r, event));
  const req = request?.frame.request;
  if (!req) return null;
  const services = [...new Set(request?.spans.filter((s) => s.side === "server").map((s) => s.project))];
  const through = services.filter((s) => s !== event.project);
  return [...did, plain("; "), strong(`${req.method} ${req.path}`), ...(through.length > 0 ? [plain(" went through "), strong(listed(through)), plain(";")] : [plain(" reached")]), plain(" "), strong(event.project), plain(through.length > 0 ? ` failed with ${event.type}.` : `, which failed with ${event.type}.`)];
}

const deed: Record<Chapter["kind"], string> = { pageload: "opened", navigation: "went to", click: "clicked", dead: "clicked", rage: "kept clicking", input: "typed in" };

/** "api, auth and payment" */
const listed = (names: string[]) => (names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : (names[0] ?? ""));
