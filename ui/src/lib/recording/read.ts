import { nameActs } from "./names";
import { sanitizeEvent } from "./sanitize";

// A recording, as our screens use it: the DOM stream for the player, and the small frames
// (what the user did, requests, console, memory) everything else is drawn from.
// All times are milliseconds since the epoch; on the wire they are mixed and unsorted.

/** An rrweb event the player understands (types 0–4 and 6). */
export interface DomEvent {
  type: number;
  timestamp: number;
  data?: unknown;
  [key: string]: unknown;
}

export type FrameKind =
  | "navigation"
  | "click"
  | "input"
  | "key"
  | "rage"
  | "dead"
  | "slow"
  | "request"
  | "resource"
  | "console"
  | "memory"
  | "vital"
  | "feedback"
  | "custom";

export interface Frame {
  kind: FrameKind;
  /** Start, ms. */
  at: number;
  /** End, ms; equal to `at` for what has no length. */
  end: number;
  /** What a row says first: "Pay $42.80", "POST", "warning". Text of the recorded page. */
  title: string;
  /** The rest: selector, path, message. */
  detail: string;
  level?: string;
  url?: string;
  request?: RequestFrame;
  nodeId?: number;
  /** Times clicked, for dead and rage clicks. */
  clicks?: number;
  /** Used heap in bytes, or a vital's value in its own unit. */
  value?: number;
  rating?: string;
  data?: unknown;
}

export interface RequestFrame {
  method: string;
  url: string;
  path: string;
  status: number | null;
  kind: "fetch" | "xhr" | "other";
  requestHeaders: Record<string, string>;
  responseHeaders: Record<string, string>;
  requestBody: unknown;
  responseBody: unknown;
  requestSize: number | null;
  responseSize: number | null;
  /** From sentry-trace or traceparent among the recorded request headers, when the app opted in. */
  traceId: string | null;
  spanId: string | null;
}

export interface Recording {
  start: number;
  end: number;
  dom: DomEvent[];
  frames: Frame[];
  /** Page and size at a time: from Meta events, oldest first. */
  views: { at: number; href: string; width: number; height: number }[];
  /** Segments that could not be read; the rest still plays. */
  broken: number;
  /** Why not everything is shown, or null. */
  truncated: string | null;
}

/** In less than a minute much happens in the same second. */
export const isShort = (r: Recording): boolean => r.end - r.start < 60_000;

export interface ReadLimits {
  /** Bytes of decoded JSON held in memory. */
  bytes: number;
  /** DOM changes kept of one second. */
  changesPerSecond: number;
}

export const defaultReadLimits: ReadLimits = { bytes: 50 * 1024 * 1024, changesPerSecond: 100_000 };

/** Performance spans use seconds, everything else milliseconds: what is small is seconds. */
export const toMilliseconds = (t: number) => (t > 9_999_999_999 ? t : t * 1000);

type Json = Record<string, unknown>;
const object = (v: unknown): Json => (typeof v === "object" && v !== null && !Array.isArray(v) ? (v as Json) : {});
const text = (v: unknown): string => (typeof v === "string" ? v : "");
const number = (v: unknown): number | null => (typeof v === "number" && Number.isFinite(v) ? v : null);

/** Reads segments (arrays of rrweb events, in any order) into a recording. Never throws. */
export function readRecording(segments: unknown[], limits: ReadLimits = defaultReadLimits): Recording {
  const dom: DomEvent[] = [];
  const frames: Frame[] = [];
  const views: Recording["views"] = [];
  const changes = new Map<number, number>();
  let broken = 0;
  let truncated: string | null = null;
  for (const segment of segments) {
    if (!Array.isArray(segment)) {
      broken++;
      continue;
    }
    for (const raw of segment) {
      const type = number(object(raw).type);
      const stamp = number(object(raw).timestamp);
      if (type === null || stamp === null) continue;
      const at = toMilliseconds(stamp);
      if (type === 5) {
        const frame = readFrame(object(object(raw).data), at);
        if (frame) frames.push(frame);
        continue;
      }
      if (type < 0 || type > 6) continue;
      const second = Math.floor(at / 1000);
      const size = changeCount(object(raw));
      const used = (changes.get(second) ?? 0) + size;
      if (size > 0 && type === 3 && used > limits.changesPerSecond) {
        truncated = "The page changed faster than a player can draw; some changes are left out.";
        continue;
      }
      changes.set(second, used);
      const { event, cut } = sanitizeEvent({ ...object(raw), type, timestamp: at } as DomEvent);
      if (cut) truncated = "A page of this recording is larger than 50,000 nodes; the rest of it is left out.";
      dom.push(event);
      if (type === 4) {
        const data = object(event.data);
        views.push({ at, href: text(data.href), width: number(data.width) ?? 0, height: number(data.height) ?? 0 });
      }
    }
  }
  if (dropFalseTimes(dom, frames)) truncated = "Some events of this recording carry impossible times and are left out.";
  dom.sort((a, b) => a.timestamp - b.timestamp); // stable: Meta stays before its snapshot
  views.sort((a, b) => a.at - b.at);
  const clean = dropEchoes(frames.sort((a, b) => a.at - b.at));
  nameActs(clean, dom);
  const stamps = dom.length > 0 ? dom : clean.map((f) => ({ timestamp: f.at }));
  const start = stamps[0]?.timestamp ?? 0;
  const end = stamps[stamps.length - 1]?.timestamp ?? 0;
  return { start, end, dom, frames: clean, views, broken, truncated };
}

const LONGEST_MS = 24 * 3600_000; // SDKs end a session after an hour; a page asleep may wake later

/** Takes out what lies further from the middle event than any session lasts: one false time would stretch the time line over years. */
function dropFalseTimes(dom: DomEvent[], frames: Frame[]): boolean {
  const times = dom.map((e) => e.timestamp).sort((a, b) => a - b);
  const middle = times[times.length >> 1];
  if (middle === undefined) return false;
  const real = (t: number) => Math.abs(t - middle) <= LONGEST_MS;
  const before = dom.length + frames.length;
  keep(dom, (e) => real(e.timestamp));
  keep(frames, (f) => real(f.at));
  for (const f of frames) if (!real(f.end)) f.end = f.at;
  return dom.length + frames.length < before;
}

function keep<T>(list: T[], wanted: (item: T) => boolean) {
  let n = 0;
  for (const item of list) if (wanted(item)) list[n++] = item;
  list.length = n;
}

function changeCount(event: Json): number {
  const data = object(event.data);
  if (event.type !== 3 || data.source !== 0) return 0;
  return ["adds", "removes", "attributes", "texts"].reduce((n, key) => n + (Array.isArray(data[key]) ? (data[key] as unknown[]).length : 0), 0);
}

function readFrame(data: Json, at: number): Frame | null {
  const payload = object(data.payload);
  if (data.tag === "breadcrumb") return readCrumb(payload, at);
  if (data.tag === "performanceSpan") return readSpan(payload, at);
  return null;
}

function readCrumb(p: Json, outer: number): Frame | null {
  const stamp = number(p.timestamp);
  const at = stamp === null ? outer : toMilliseconds(stamp);
  const category = text(p.category);
  const message = text(p.message);
  const data = object(p.data);
  const node = object(data.node);
  const base = { at, end: at, detail: message, nodeId: number(data.nodeId) ?? undefined, data: p.data };
  switch (category) {
    case "ui.click":
    case "ui.tap":
      return { ...base, kind: "click", title: nodeName(node, message) };
    case "ui.input":
      return { ...base, kind: "input", title: nodeName(node, message) };
    case "ui.keyDown":
      return { ...base, kind: "key", title: text(data.key) || "a key" };
    case "ui.slowClickDetected":
    case "ui.multiClick": {
      const clicks = number(data.clickCount) ?? 1;
      const dead = category === "ui.multiClick" || (data.endReason === "timeout" && (number(data.timeAfterClickMs) ?? 0) >= 7000 && /^(a|button|input)$/i.test(text(node.tagName) || "button"));
      return { ...base, kind: clicks >= 5 && dead ? "rage" : dead ? "dead" : "slow", title: nodeName(node, message), clicks, url: text(data.url) || undefined };
    }
    case "navigation":
      return { ...base, kind: "navigation", title: path(text(data.to)), detail: text(data.from), url: text(data.to) };
    case "console":
      return { ...base, kind: "console", title: text(p.level) || "log", level: text(p.level) || "log", detail: consoleText(data.arguments, message) };
    case "sentry.feedback":
      return { ...base, kind: "feedback", title: "Sent feedback" };
    case "replay.mutations":
    case "replay.throttled":
    case "ui.blur":
    case "ui.focus":
      return null;
    default:
      return { ...base, kind: "custom", title: category || "breadcrumb", level: text(p.level) || undefined };
  }
}

function readSpan(p: Json, outer: number): Frame | null {
  const s = number(p.startTimestamp);
  const e = number(p.endTimestamp);
  const at = s === null ? outer : toMilliseconds(s);
  const end = Math.max(at, e === null ? at : toMilliseconds(e));
  const op = text(p.op);
  const description = text(p.description);
  const data = object(p.data);
  if (op.startsWith("navigation.")) {
    return { kind: "navigation", at, end, title: path(description), detail: op.slice("navigation.".length), url: description, data };
  }
  if (op === "resource.fetch" || op === "resource.xhr" || op === "resource.http") {
    const request = readRequest(op, description, data);
    return { kind: "request", at, end, title: request.method, detail: request.path, url: description, request };
  }
  if (op.startsWith("resource.")) {
    return { kind: "resource", at, end, title: op.slice("resource.".length), detail: path(description), url: description, data };
  }
  if (op === "memory") {
    return { kind: "memory", at, end, title: "memory", detail: "", value: number(object(data.memory).usedJSHeapSize) ?? 0, data };
  }
  if (op === "web-vital" || op === "largest-contentful-paint" || op === "cumulative-layout-shift" || op === "interaction-to-next-paint") {
    return { kind: "vital", at, end, title: op === "web-vital" ? description : op, detail: "", value: number(data.value) ?? number(data.size) ?? 0, rating: text(data.rating) || undefined };
  }
  return null;
}

function readRequest(op: string, url: string, data: Json): RequestFrame {
  const request = object(data.request);
  const response = object(data.response);
  const requestHeaders = headers(request.headers);
  const trace = traceOf(requestHeaders);
  return {
    method: (text(data.method) || "GET").toUpperCase(),
    url,
    path: path(url),
    status: number(data.statusCode),
    kind: op === "resource.fetch" ? "fetch" : op === "resource.xhr" ? "xhr" : "other",
    requestHeaders,
    responseHeaders: headers(response.headers),
    requestBody: request.body,
    responseBody: response.body,
    requestSize: number(request.size) ?? number(data.requestBodySize),
    responseSize: number(response.size) ?? number(data.responseBodySize),
    traceId: trace?.[0] ?? null,
    spanId: trace?.[1] ?? null,
  };
}

function traceOf(h: Record<string, string>): [string, string] | null {
  const sentry = /^([0-9a-f]{32})-([0-9a-f]{16})/i.exec(h["sentry-trace"] ?? "");
  const w3c = /^00-([0-9a-f]{32})-([0-9a-f]{16})/i.exec(h.traceparent ?? "");
  const m = sentry ?? w3c;
  return m?.[1] && m[2] ? [m[1].toLowerCase(), m[2].toLowerCase()] : null;
}

function headers(v: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(object(v)).map(([k, value]) => [k.toLowerCase(), String(value)]));
}

/** "/checkout" of "https://shop.example.com/checkout?step=2#pay"; what is no URL stays itself. */
export function path(url: string): string {
  const m = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*([^?#]*)/i.exec(url);
  const rest = m ? m[1] : url.replace(/[?#].*$/, "");
  return rest || "/";
}

/** The name people would use for an element: its text, then its label, then its selector's last part. */
function nodeName(node: Json, selector: string): string {
  const attributes = object(node.attributes);
  const words = text(node.textContent).replace(/\s+/g, " ").trim();
  if (words && !/^[*•\s]+$/.test(words)) return words.slice(0, 80);
  for (const key of ["aria-label", "alt", "title", "name", "testId", "id"]) {
    const value = text(attributes[key]).trim();
    if (value) return value.slice(0, 80);
  }
  return selector.split(" > ").at(-1) ?? "an element";
}

function consoleText(args: unknown, message: string): string {
  if (!Array.isArray(args)) return message;
  return args
    .map((a) => (typeof a === "string" ? a : a instanceof Object && "stack" in a ? text((a as Json).stack) || JSON.stringify(a) : JSON.stringify(a)))
    .join(" ")
    .slice(0, 4000);
}

/** The same act can be told twice: a click by its slow click, a navigation by its span. */
function dropEchoes(frames: Frame[]): Frame[] {
  const slow = new Set<string>();
  const spans: Frame[] = [];
  for (const f of frames) {
    if (f.kind === "slow" || f.kind === "dead" || f.kind === "rage") slow.add(`${f.nodeId}@${Math.round(f.at)}`);
    if (f.kind === "navigation" && isAbsolute(f.url)) spans.push(f);
  }
  return frames.filter((f) => {
    if (f.kind === "click") return !slow.has(`${f.nodeId}@${Math.round(f.at)}`);
    if (f.kind === "navigation" && !isAbsolute(f.url)) return !spans.some((g) => g.title === f.title && Math.abs(g.at - f.at) <= 5);
    return true;
  });
}

const isAbsolute = (url: string | undefined) => url !== undefined && /^[a-z]+:/i.test(url);
