import type { Chapter as ApiChapter, Exchange, Incident } from "@/api/gen";
import { path, type Frame } from "./recording/frames";
import { subtree, type Side, type Span, type Trace } from "./trace";

// A chapter is one act of the user with everything it set off: its requests, what the servers did
// for them, and the errors of both sides. The server derives them; here they get what only a screen
// needs: the frames behind them, the spans of a trace that is there by now, and words.

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
  traceId: string | null;
}

export interface Chapter {
  id: string;
  kind: "pageload" | "navigation" | "click" | "input" | "rage" | "dead";
  at: number;
  end: number;
  /** What the user did, in words: Clicked “Pay $42.80”. */
  label: string;
  /** What it was done to: "Pay $42.80", "/checkout". */
  subject: string;
  /** The page, ids in it replaced. */
  path: string;
  /** The acts themselves, in order. */
  acts: Frame[];
  requests: ChapterRequest[];
  errors: ErrorMark[];
  logs: ErrorMark[];
  console: Frame[];
  status: "error" | "failed" | "slow" | "ok";
}

export interface Chapters {
  chapters: Chapter[];
  /** Requests no act set off. */
  background: ChapterRequest[];
  /** Errors that belong to no act. */
  loose: ErrorMark[];
}

/** What chapters are filled up from. */
export interface ChapterFacts {
  chapters: readonly ApiChapter[];
  frames: readonly Frame[];
  trace: Trace | null;
  /** Errors as their links tell them, with short ids. */
  marks: readonly ErrorMark[];
  slugOf: (projectId: number) => string;
}

const TYPING_MS = 5000; // typing before a click is part of what the click is about

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

export const isAct = (f: Frame) => f.kind in verbs;

export function readChapters(facts: ChapterFacts): Chapters {
  const own = facts.chapters.filter((c) => c.kind !== "background").sort((a, b) => a.startMs - b.startMs);
  const lane = facts.chapters.filter((c) => c.kind === "background");
  const requests = new Requests(facts.frames, facts.trace, facts.slugOf);
  const marks = new Map(facts.marks.map((m) => [m.id, m]));
  const chapters = own.map((c) => readChapter(c, requests, marks, facts.slugOf));
  for (const frame of facts.frames) {
    if (frame.kind === "console") chapters[lastBefore(chapters, frame.at)]?.console.push(frame);
    else if (isAct(frame)) ownerOf(chapters, frame)?.acts.push(frame);
  }
  for (const c of chapters) name(c);
  return {
    chapters,
    background: lane.flatMap((c) => c.requests.map((r) => requests.read(r))),
    loose: lane.flatMap((c) => c.errors.filter(isError).map((e) => toMark(e, marks, facts.slugOf))),
  };
}

function readChapter(c: ApiChapter, requests: Requests, marks: Map<string, ErrorMark>, slugOf: ChapterFacts["slugOf"]): Chapter {
  const mark = (e: Incident) => toMark(e, marks, slugOf);
  return {
    id: c.id,
    kind: c.rage > 0 ? "rage" : c.dead > 0 ? "dead" : (c.kind as Chapter["kind"]),
    at: c.startMs,
    end: Math.max(c.startMs, c.endMs),
    label: c.label,
    subject: "",
    path: c.triggerRoute || path(c.url),
    acts: [],
    requests: c.requests.map((r) => requests.read(r)),
    errors: c.errors.filter(isError).map(mark),
    logs: c.errors.filter((e) => e.kind === "log").map(mark),
    console: [],
    status: c.status as Chapter["status"],
  };
}

const isError = (e: Incident) => e.kind === "event";

function toMark(e: Incident, marks: Map<string, ErrorMark>, slugOf: ChapterFacts["slugOf"]): ErrorMark {
  return (
    marks.get(e.id) ?? {
      id: e.id,
      at: e.timeMs,
      side: e.side === "frontend" ? "browser" : "server",
      title: e.title || "Error",
      project: slugOf(e.projectId),
      issueId: e.issueId ? String(e.issueId) : "",
      shortId: "",
      level: e.level || "error",
      spanId: null,
    }
  );
}

/** Joins the requests of chapters with the frames that recorded them and the spans that answered them. */
class Requests {
  private frames = new Map<string, Frame[]>();

  constructor(
    frames: readonly Frame[],
    private readonly trace: Trace | null,
    private readonly slugOf: ChapterFacts["slugOf"],
  ) {
    for (const f of frames) {
      if (!f.request) continue;
      const key = `${f.request.method} ${f.request.url}`;
      const same = this.frames.get(key);
      if (same) same.push(f);
      else this.frames.set(key, [f]);
    }
  }

  read(x: Exchange): ChapterRequest {
    return { frame: this.frameOf(x), spans: this.spansOf(x), traceId: x.traceId ?? x.work[0]?.traceId ?? null };
  }

  private frameOf(x: Exchange): Frame {
    // Times are rounded on their way: the nearest of the same request is the one.
    const near = this.frames.get(`${x.method} ${x.url}`)?.reduce((a, b) => (Math.abs(b.at - x.startMs) < Math.abs(a.at - x.startMs) ? b : a));
    if (near && Math.abs(near.at - x.startMs) <= 2) return near;
    const request = { method: x.method, url: x.url, path: path(x.url), status: x.status || null, kind: "other" as const, requestHeaders: {}, responseHeaders: {}, requestBody: null, responseBody: null, requestSize: null, responseSize: null, requestWarnings: [], responseWarnings: [] };
    return { kind: "request", at: x.startMs, end: Math.max(x.startMs, x.endMs), title: x.method, detail: request.path, url: x.url, request };
  }

  private spansOf(x: Exchange): Span[] {
    const out: Span[] = [];
    const told = new Set<string>();
    for (const w of x.work) {
      if (told.has(w.spanId)) continue;
      const root = this.trace?.spans.find((s) => s.id === w.spanId && (s.traceId === "" || s.traceId === w.traceId));
      const under = root && this.trace ? subtree(this.trace.spans, root).map((s) => ({ ...s, depth: s.depth - root.depth })) : [this.span(w, out.length)];
      for (const s of under) told.add(s.id);
      out.push(...under);
    }
    return out;
  }

  /** A service's part as the chapter tells it, until its trace is there. */
  private span(w: Exchange["work"][number], before: number): Span {
    return {
      id: w.spanId,
      traceId: w.traceId,
      parentId: null,
      eventId: w.eventId ?? null,
      op: w.op,
      name: w.name,
      project: this.slugOf(w.projectId),
      side: "server",
      kind: "http",
      start: w.startMs,
      end: Math.max(w.startMs, w.endMs),
      depth: before === 0 ? 0 : 1,
      isSegment: true,
      failed: w.status !== "" && w.status !== "ok",
      method: null,
      path: null,
      errors: [],
    };
  }
}

function lastBefore(chapters: Chapter[], at: number): number {
  let low = 0;
  let high = chapters.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((chapters[middle]?.at ?? 0) <= at + 2) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function ownerOf(chapters: Chapter[], frame: Frame): Chapter | undefined {
  const i = lastBefore(chapters, frame.at);
  const next = chapters[i + 1];
  const typed = frame.kind === "input" && next !== undefined && next.at - frame.at <= TYPING_MS && next.kind !== "pageload" && next.kind !== "navigation";
  return typed ? next : chapters[i];
}

/** Words for a chapter: of the act that began it; else the server's own. */
function name(c: Chapter) {
  const act = c.acts.find((a) => Math.abs(a.at - c.at) <= 2 && begins(c, a)) ?? c.acts.find((a) => begins(c, a));
  c.subject = act?.title ?? "";
  if (!act) return;
  c.label = c.kind === "rage" || c.kind === "dead" ? describeAct({ ...act, kind: c.kind }) : describeAct(act);
}

function begins(c: Chapter, a: Frame): boolean {
  if (c.kind === "pageload" || c.kind === "navigation") return a.kind === "navigation";
  if (c.kind === "input") return a.kind === "input";
  return a.kind === "click" || a.kind === "slow" || a.kind === "dead" || a.kind === "rage";
}

/** Failed requests of a chapter. */
export const failedRequests = (c: Chapter) => c.requests.filter((r) => (r.frame.request?.status ?? 0) >= 400);

/** The page a chapter took place on; "" when its label says it already. */
export const placeOf = (c: Chapter): string => (c.label.endsWith(` ${c.path}`) ? "" : c.path);

/** The chapter an error belongs to. */
export function chapterOf(chapters: Chapter[], errorId: string, at: number): number {
  const known = chapters.findIndex((c) => c.errors.some((e) => e.id === errorId));
  return known >= 0 ? known : lastBefore(chapters, at);
}
