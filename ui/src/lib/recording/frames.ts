import type { RecordingFrame } from "@/api/gen";

// What the user did, requests, console, memory: the small frames of a recording, which the server
// keeps apart from the DOM stream. Everything but the player is drawn from these.
// All times are milliseconds since the epoch.

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
  | "hydration"
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
  /** What the recorder did to a body or could not do: "MAYBE_JSON_TRUNCATED", "URL_SKIPPED", … */
  requestWarnings: string[];
  responseWarnings: string[];
}

/** Page and size at a time. */
export interface View {
  at: number;
  href: string;
  width: number;
  height: number;
}

type Json = Record<string, unknown>;
const object = (v: unknown): Json => (typeof v === "object" && v !== null && !Array.isArray(v) ? (v as Json) : {});
const text = (v: unknown): string => (typeof v === "string" ? v : "");
const number = (v: unknown): number | null => (typeof v === "number" && Number.isFinite(v) ? v : null);

/** The frames as screens use them, in order of time; what is told twice is told once. */
export function readFrames(rows: readonly RecordingFrame[]): { frames: Frame[]; views: View[] } {
  const frames: Frame[] = [];
  const views: View[] = [];
  for (const row of rows) {
    if (row.kind === "page") {
      const data = object(row.data);
      views.push({ at: row.timeMs, href: row.message ?? "", width: number(data.width) ?? 0, height: number(data.height) ?? 0 });
      continue;
    }
    const frame = readFrame(row);
    if (frame) frames.push(frame);
  }
  views.sort((a, b) => a.at - b.at);
  return { frames: dropEchoes(frames.sort((a, b) => a.at - b.at)), views };
}

function readFrame(row: RecordingFrame): Frame | null {
  const at = row.timeMs;
  const message = row.message ?? "";
  const data = object(row.data);
  const node = object(data.node);
  const base = { at, end: Math.max(at, row.endMs ?? at), detail: message, nodeId: row.nodeId, data: row.data };
  switch (row.kind) {
    case "click":
    case "tap":
      return { ...base, kind: "click", title: nodeName(node, data.label, message) };
    case "slow_click":
      return { ...base, kind: "slow", title: nodeName(node, data.label, message) };
    case "dead_click":
      return { ...base, kind: "dead", title: nodeName(node, data.label, message), clicks: number(data.clickCount) ?? 1 };
    case "rage_click":
      return { ...base, kind: "rage", title: nodeName(node, data.label, message), clicks: number(data.clickCount) ?? 5 };
    case "multi_click": {
      const clicks = number(data.clickCount) ?? 1;
      return { ...base, kind: clicks >= 5 ? "rage" : "click", title: nodeName(node, data.label, message), clicks };
    }
    case "input":
      return { ...base, kind: "input", title: nodeName(node, data.label, message) };
    case "key":
      return { ...base, kind: "key", title: text(data.key) || "a key" };
    case "navigation":
      return { ...base, kind: "navigation", title: path(message), detail: (row.category ?? "").replace(/^navigation\.?/, ""), url: message };
    case "console":
      return { ...base, kind: "console", title: row.level || "log", level: row.level || "log", detail: consoleText(data.arguments, message) };
    case "network":
      return readNetwork(row, base, data);
    case "memory":
      return { ...base, kind: "memory", title: "memory", detail: "", value: number(object(data.memory).usedJSHeapSize) ?? 0 };
    case "vital":
      return { ...base, kind: "vital", title: message, detail: "", value: number(data.value) ?? number(data.size) ?? 0, rating: text(data.rating) || undefined };
    case "hydration_error":
      return { ...base, kind: "hydration", title: "Hydration failed", detail: text(data.url) || message };
    case "feedback":
      return { ...base, kind: "feedback", title: "Sent feedback" };
    case "custom":
    case "device":
      return { ...base, kind: "custom", title: row.category || "breadcrumb", level: row.level || undefined };
    default:
      return null; // paint, mutations, focus, options: nothing a row would say
  }
}

function readNetwork(row: RecordingFrame, base: Omit<Frame, "kind" | "title">, data: Json): Frame {
  const op = row.category ?? "";
  const url = base.detail;
  if (op !== "resource.fetch" && op !== "resource.xhr" && op !== "resource.http") {
    return { ...base, kind: "resource", title: op.replace(/^resource\./, "") || "other", detail: path(url), url };
  }
  const request = object(data.request);
  const response = object(data.response);
  const method = (text(data.method) || "GET").toUpperCase();
  return {
    ...base,
    data: undefined,
    kind: "request",
    title: method,
    detail: path(url),
    url,
    request: {
      method,
      url,
      path: path(url),
      status: number(data.statusCode),
      kind: op === "resource.fetch" ? "fetch" : op === "resource.xhr" ? "xhr" : "other",
      requestHeaders: headers(request.headers),
      responseHeaders: headers(response.headers),
      requestBody: request.body,
      responseBody: response.body,
      requestSize: number(request.size) ?? number(data.requestBodySize),
      responseSize: number(response.size) ?? number(data.responseBodySize),
      requestWarnings: warnings(request._meta),
      responseWarnings: warnings(response._meta),
    },
  };
}

const warnings = (meta: unknown): string[] => {
  const all = object(meta).warnings;
  return Array.isArray(all) ? all.filter((w) => typeof w === "string") : [];
};

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
function nodeName(node: Json, label: unknown, selector: string): string {
  const attributes = object(node.attributes);
  const words = text(node.textContent).replace(/\s+/g, " ").trim();
  if (words && !isMasked(words)) return words.slice(0, 80);
  for (const value of [label, ...["aria-label", "alt", "title", "name", "testId", "id"].map((key) => attributes[key])]) {
    const name = text(value).trim();
    if (name && !isMasked(name)) return name.slice(0, 80);
  }
  return selector.split(" > ").at(-1) || "an element";
}

/** Recorders hide text behind stars. */
const isMasked = (words: string) => /^[*•█\s]+$/.test(words);

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
    if (f.kind === "navigation" && f.detail !== "") spans.push(f);
  }
  return frames.filter((f) => {
    if (f.kind === "click") return !slow.has(`${f.nodeId}@${Math.round(f.at)}`);
    if (f.kind === "navigation" && f.detail === "") return !spans.some((g) => g.title === f.title && Math.abs(g.at - f.at) <= 5);
    return true;
  });
}
