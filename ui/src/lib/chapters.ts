import type { Frame } from "./recording/read";
import { subtree, type Side, type Span, type Trace } from "./trace";

// A chapter is one act of the user with everything it set off: its requests, what the
// servers did for them, and the errors of both sides.

/** An error seen from a replay: of the browser or of a server. */
export interface ErrorMark {
  id: string;
  at: number;
  side: Side;
  title: string;
  project: string;
  issueId: string;
  shortId: string;
  level: string;
  spanId: string | null;
}

export interface ChapterRequest {
  frame: Frame;
  /** The server's part, depth first; empty when no trace matched. */
  spans: Span[];
}

export interface Chapter {
  id: string;
  kind: "pageload" | "navigation" | "click" | "input" | "key" | "rage" | "dead";
  at: number;
  end: number;
  /** What the user did, in words: Clicked “Pay $42.80”. */
  label: string;
  path: string;
  /** The acts themselves; the first names the chapter. */
  acts: Frame[];
  requests: ChapterRequest[];
  errors: ErrorMark[];
  console: Frame[];
  status: "failed" | "slow" | "ok";
}

export interface Chapters {
  chapters: Chapter[];
  /** Requests no act set off. */
  background: ChapterRequest[];
}

const CAUSE_MS = 1000; // a request is set off by the act at most this long before it (allows for a debounce)
const PAGELOAD_MS = 10_000;
const CHAIN_MS = 200;
const SLOW_MS = 1000;

const verbs: Record<string, (f: Frame) => string> = {
  click: (f) => `Clicked “${f.title}”`,
  rage: (f) => `Rage-clicked “${f.title}”`,
  dead: (f) => `Clicked “${f.title}”, nothing happened`,
  slow: (f) => `Clicked “${f.title}”`,
  input: (f) => `Typed in “${f.title}”`,
  key: (f) => `Pressed ${f.title}`,
  navigation: (f) => (f.detail === "navigate" || f.detail === "reload" ? `Loaded ${f.title}` : `Went to ${f.title}`),
  feedback: () => "Sent feedback",
};

/** What the user did, in words. */
export const describeAct = (f: Frame): string => verbs[f.kind]?.(f) ?? f.title;

const isAct = (f: Frame) => f.kind in verbs;

export function buildChapters(frames: Frame[], trace: Trace | null, errors: ErrorMark[]): Chapters {
  const chapters = findTriggers(frames);
  const background: ChapterRequest[] = [];
  const polled = findPolling(frames);
  for (const frame of frames) {
    if (frame.kind !== "request") continue;
    const request: ChapterRequest = { frame, spans: [] };
    const owner = polled.has(frame) ? null : ownerOf(chapters, frame);
    if (owner) owner.requests.push(request);
    else background.push(request);
  }
  const all = [...chapters.flatMap((c) => c.requests), ...background];
  if (trace) attachSpans(all, trace);
  for (const frame of frames) {
    if (frame.kind === "console") last(chapters, frame.at)?.console.push(frame);
  }
  for (const error of errors) attachError(chapters, error);
  chapters.forEach((c, i) => finish(c, chapters[i + 1]?.at ?? Infinity));
  return { chapters: chapters.filter(isWorthTelling), background };
}

function findTriggers(frames: Frame[]): Chapter[] {
  const chapters: Chapter[] = [];
  let page = "/";
  for (const frame of frames) {
    if (!isAct(frame)) continue;
    if (frame.kind === "key" && frame.title !== "Enter") continue;
    const current = chapters.at(-1);
    const lastAct = current?.acts.at(-1);
    if (frame.kind === "navigation") page = frame.title;
    if (current && lastAct && joins(current, lastAct, frame)) {
      current.acts.push(frame);
      // A click after typing is what the chapter is about.
      if (current.kind === "input" && frame.kind !== "input") rename(current, frame);
      if (frame.kind === "navigation") current.path = page;
      continue;
    }
    chapters.push({
      id: `${frame.kind}-${Math.round(frame.at)}-${frame.nodeId ?? frame.url ?? ""}`,
      kind: chapterKind(frame),
      at: frame.at,
      end: frame.end,
      label: describeAct(frame),
      path: page,
      acts: [frame],
      requests: [],
      errors: [],
      console: [],
      status: "ok",
    });
  }
  return chapters;
}

const chapterKind = (f: Frame): Chapter["kind"] =>
  f.kind === "navigation" ? (f.detail === "navigate" || f.detail === "reload" ? "pageload" : "navigation") : f.kind === "slow" || f.kind === "feedback" ? "click" : (f.kind as Chapter["kind"]);

function rename(chapter: Chapter, frame: Frame) {
  chapter.kind = chapterKind(frame);
  chapter.label = describeAct(frame);
}

function joins(chapter: Chapter, previous: Frame, frame: Frame): boolean {
  const gap = frame.at - previous.at;
  if (frame.kind === "navigation") return gap <= 1000 && previous.kind !== "navigation" && frame.detail !== "navigate" && frame.detail !== "reload";
  if (chapter.kind === "pageload" || chapter.kind === "navigation") return false;
  if (previous.kind === "input") return frame.kind === "input" ? previous.nodeId === frame.nodeId || gap <= 5000 : gap <= 5000;
  return frame.kind === previous.kind && frame.nodeId !== undefined && frame.nodeId === previous.nodeId && gap < 1000;
}

function last(chapters: Chapter[], at: number): Chapter | null {
  let found: Chapter | null = null;
  for (const c of chapters) {
    if (c.at > at) break;
    found = c;
  }
  return found;
}

function ownerOf(chapters: Chapter[], frame: Frame): Chapter | null {
  const chapter = last(chapters, frame.at);
  if (!chapter) return null;
  const act = [...chapter.acts].reverse().find((a) => a.at <= frame.at);
  if (act && frame.at - act.at <= CAUSE_MS) return chapter;
  if (chapter.kind === "pageload" && frame.at - chapter.at <= PAGELOAD_MS) return chapter;
  const chained = chapter.requests.some((r) => frame.at >= r.frame.at && frame.at - r.frame.end <= CHAIN_MS);
  return chained ? chapter : null;
}

/** Three or more of the same request at even intervals come from a timer, whatever was clicked. */
function findPolling(frames: Frame[]): Set<Frame> {
  const groups = new Map<string, Frame[]>();
  for (const f of frames) {
    if (f.kind !== "request" || !f.request) continue;
    const key = `${f.request.method} ${pathTemplate(f.request.path)}`;
    groups.set(key, [...(groups.get(key) ?? []), f]);
  }
  const polled = new Set<Frame>();
  for (const group of groups.values()) {
    if (group.length < 3) continue;
    const gaps = group.slice(1).map((f, i) => f.at - (group[i]?.at ?? 0));
    const mean = gaps.reduce((a, b) => a + b, 0) / gaps.length;
    if (mean >= CAUSE_MS && gaps.every((g) => Math.abs(g - mean) <= mean * 0.2)) group.forEach((f) => polled.add(f));
  }
  return polled;
}

/** "/orders/:id" of "/orders/18823": numbers, UUIDs and long hex become a place. */
export function pathTemplate(path: string): string {
  return path.replace(/\/(\d+|[0-9a-f]{8}-[0-9a-f-]{27,}|[0-9a-f]{16,})(?=\/|$)/gi, "/:id");
}

/** Server work belongs to a request by its span id, else by method, path and time. */
function attachSpans(requests: ChapterRequest[], trace: Trace) {
  const entries = trace.spans.filter((s) => s.side === "server" && s.isSegment);
  const taken = new Set<Span>();
  const take = (request: ChapterRequest, span: Span) => {
    taken.add(span);
    request.spans = subtree(trace.spans, span).map((s) => ({ ...s, depth: s.depth - span.depth }));
    // What hangs under it has its place now.
    for (const s of request.spans) for (const e of entries) if (e.id === s.id) taken.add(e);
  };
  const byParent = new Map(entries.map((s) => [s.parentId, s]));
  for (const r of requests) {
    const span = r.frame.request?.spanId ? byParent.get(r.frame.request.spanId) : undefined;
    if (span && !taken.has(span)) take(r, span);
  }
  for (const r of requests) {
    if (r.spans.length > 0 || !r.frame.request) continue;
    const { method, path } = r.frame.request;
    const near = entries
      .filter((s) => !taken.has(s) && matches(s, method, path) && s.start >= r.frame.at - 1000 && s.end <= r.frame.end + 1000)
      .sort((a, b) => Math.abs(a.start - r.frame.at) - Math.abs(b.start - r.frame.at))[0];
    if (near) take(r, near);
  }
}

function matches(span: Span, method: string, path: string): boolean {
  const own = span.path ?? span.name;
  if (span.method && span.method !== method) return false;
  if (own === path) return true;
  // A route may be a template: /orders/{id}, /orders/:id
  const a = own.split("/");
  const b = path.split("/");
  return a.length === b.length && a.every((part, i) => part === b[i] || /^[:{<[]/.test(part));
}

function attachError(chapters: Chapter[], error: ErrorMark) {
  const bySpan = error.spanId ? chapters.find((c) => c.requests.some((r) => r.spans.some((s) => s.id === error.spanId || s.errors.some((e) => e.id === error.id)))) : undefined;
  const byRequest = chapters.find((c) => c.requests.some((r) => r.spans.some((s) => s.errors.some((e) => e.id === error.id))));
  const inside = error.side === "server" ? [...chapters].reverse().find((c) => c.requests.some((r) => error.at >= r.frame.at - 50 && error.at <= r.frame.end + 50)) : undefined;
  (bySpan ?? byRequest ?? inside ?? last(chapters, error.at) ?? chapters[0])?.errors.push(error);
}

function finish(c: Chapter, next: number) {
  const ends = [...c.acts, ...c.requests.map((r) => r.frame)].map((f) => f.end);
  c.end = Math.max(c.at, Math.min(Math.max(...ends), Math.max(next, c.at), c.at + 30_000));
  const failed = c.errors.length > 0 || c.requests.some((r) => (r.frame.request?.status ?? 0) >= 500) || c.kind === "rage";
  c.status = failed ? "failed" : c.requests.some((r) => r.frame.end - r.frame.at > SLOW_MS) ? "slow" : "ok";
}

const isWorthTelling = (c: Chapter) => c.requests.length > 0 || c.errors.length > 0 || c.acts.some((a) => a.kind === "navigation" || a.kind === "rage" || a.kind === "dead" || a.kind === "feedback");

/** The page a chapter took place on; "" when its label says it already. */
export const placeOf = (c: Chapter): string => (c.label.endsWith(` ${c.path}`) ? "" : c.path);

/** The chapter an error belongs to. */
export function chapterOf(chapters: Chapter[], errorId: string, at: number): number {
  const known = chapters.findIndex((c) => c.errors.some((e) => e.id === errorId));
  if (known >= 0) return known;
  let found = -1;
  chapters.forEach((c, i) => {
    if (c.at <= at) found = i;
  });
  return found;
}
