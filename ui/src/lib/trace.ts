// A trace as the API gives it (nested spans, with the errors that hang on them) made flat:
// depth first, one row per span, times in milliseconds since the epoch.

export type Side = "browser" | "server";
export type SpanKind = "http" | "db" | "cache" | "queue" | "rpc" | "view" | "other";

export interface TraceError {
  id: string;
  at: number;
  title: string;
  issueId: string;
  shortId: string;
  project: string;
  level: string;
  spanId: string | null;
}

export interface Span {
  id: string;
  /** "" when the answer does not say. */
  traceId: string;
  parentId: string | null;
  eventId: string | null;
  op: string;
  name: string;
  project: string;
  side: Side;
  kind: SpanKind;
  start: number;
  end: number;
  depth: number;
  isSegment: boolean;
  failed: boolean;
  /** Of a server's request span: "POST" and "/api/checkout". */
  method: string | null;
  path: string | null;
  errors: TraceError[];
}

export interface Trace {
  spans: Span[];
  /** All errors, those without a span too, oldest first. */
  errors: TraceError[];
  start: number;
  end: number;
}

type Json = Record<string, unknown>;
const object = (v: unknown): Json => (typeof v === "object" && v !== null && !Array.isArray(v) ? (v as Json) : {});
const list = (v: unknown): unknown[] => (Array.isArray(v) ? v : []);
const text = (v: unknown): string => (typeof v === "string" ? v : typeof v === "number" ? String(v) : "");
const seconds = (v: unknown): number | null => (typeof v === "number" && Number.isFinite(v) ? v * 1000 : null);

const browserSDK = /^sentry\.javascript\.(browser|react|vue|svelte|angular|ember|solid|gatsby|capacitor|electron|wasm)\b/;
const browserOps = /^(pageload|navigation|ui\.|ui$|resource\.|browser|paint|mark|measure)/;

/** Which side a span or an error comes from, by what the SDK says of itself. */
export function sideOf(item: { side?: unknown; sdk?: string; op?: string; platform?: string | null; parent?: Side }): Side {
  if (item.side === "frontend" || item.side === "browser") return "browser";
  if (item.side === "backend" || item.side === "server") return "server";
  if (item.sdk) return browserSDK.test(item.sdk) ? "browser" : "server";
  if (item.op && browserOps.test(item.op)) return "browser";
  if (item.platform) return /^(javascript|browser|react|vue|svelte|angular|ember|solid)/.test(item.platform) ? "browser" : "server";
  return item.parent ?? "server";
}

export function kindOf(op: string): SpanKind {
  if (op.startsWith("db.redis") || op.startsWith("cache")) return "cache";
  if (op.startsWith("db")) return "db";
  if (op.startsWith("http")) return "http";
  if (op.startsWith("queue") || op.startsWith("message") || op.startsWith("celery")) return "queue";
  if (op.startsWith("rpc") || op.startsWith("grpc")) return "rpc";
  if (op.startsWith("view") || op.startsWith("template") || op.startsWith("ui") || op === "pageload" || op === "navigation") return "view";
  return "other";
}

function readError(e: Json): TraceError {
  return {
    id: text(e.event_id),
    at: seconds(e.start_timestamp) ?? seconds(e.timestamp) ?? 0,
    title: text(e.description) || text(e.title) || text(e.message),
    issueId: text(e.issue_id),
    shortId: text(e.short_id),
    project: text(e.project_slug),
    level: text(e.level) || "error",
    spanId: text(e.span_id) || text(e.span) || null,
  };
}

/** "GET inventory:9302/stock" of a call whose own name keeps only the host; "" for what is no call. */
function callName(op: string, attributes: Json): string {
  if (op !== "http.client" && !op.startsWith("resource.")) return "";
  const all = object(attributes.attributes ?? attributes);
  const value = (key: string) => text(typeof all[key] === "object" ? object(all[key]).value : all[key]);
  const url = /^[a-z]+:\/\/([^/?#]+)([^?#]*)/i.exec(value("url.full") || value("http.url"));
  if (!url) return "";
  const path = url[2] || "/";
  return op === "http.client" ? `${value("http.request.method") || value("http.method") || "GET"} ${url[1]}${path}` : path;
}

function readSpan(s: Json, depth: number, parent: Span | null): Span {
  const op = text(s.op);
  const attributes = object(s.additional_attributes);
  const name = callName(op, attributes) || text(s.description) || text(s.name) || text(s.transaction) || op;
  const start = seconds(s.start_timestamp) ?? 0;
  const end = seconds(s.end_timestamp) ?? start + (typeof s.duration === "number" ? s.duration : 0);
  const project = text(s.project_slug);
  const sdk = text(s.sdk_name);
  const known = parent && parent.project === project ? parent.side : undefined;
  const side = sideOf({ side: object(s.hindsight).side ?? attributes["hindsight.side"], sdk, op: known ? undefined : op, parent: known });
  const status = text(s.status) || text(attributes.status) || text(attributes["span.status"]) || text(attributes.trace_status);
  const line = /^([A-Z]{3,7}) (\S+)/.exec(name);
  return {
    id: text(s.event_id),
    traceId: text(s.trace_id) || text(s.trace),
    parentId: text(s.parent_span_id) || null,
    eventId: text(s.transaction_id) || null,
    op,
    name,
    project,
    side,
    kind: kindOf(op),
    start,
    end: Math.max(start, end),
    depth,
    isSegment: s.is_transaction === true,
    failed: status !== "" && !/^(ok|unset|cancelled|200)$/i.test(status),
    method: line?.[1] ?? null,
    path: line?.[2] ? line[2].replace(/^[a-z]+:\/\/[^/]*/i, "").replace(/[?#].*$/, "") || "/" : null,
    errors: [],
  };
}

/** Reads the answer of the trace endpoint. What is not a span or an error is left out. */
export function readTrace(answer: unknown): Trace {
  const spans: Span[] = [];
  const errors = new Map<string, TraceError>();
  const add = (raw: unknown, owner: Span | null) => {
    const e = readError(object(raw));
    if (!e.id) return;
    if (owner) e.spanId = owner.id;
    if (!errors.has(e.id)) errors.set(e.id, e);
    owner?.errors.push(e);
  };
  const stack: { raw: unknown; depth: number; parent: Span | null }[] = list(answer)
    .map((raw) => ({ raw, depth: 0, parent: null }))
    .reverse();
  for (let next = stack.pop(); next; next = stack.pop()) {
    const s = object(next.raw);
    if (text(s.event_type) === "error" || text(s.event_type) === "occurrence") {
      add(s, null);
      continue;
    }
    if (!text(s.event_id)) continue;
    const span = readSpan(s, next.depth, next.parent);
    spans.push(span);
    for (const e of list(s.errors)) add(e, span);
    if (span.errors.length > 0) span.failed = true;
    const children = [...list(s.children)].sort((a, b) => (seconds(object(b).start_timestamp) ?? 0) - (seconds(object(a).start_timestamp) ?? 0));
    for (const child of children) stack.push({ raw: child, depth: next.depth + 1, parent: span });
  }
  const byTime = [...errors.values()].sort((a, b) => a.at - b.at);
  const times = [...spans.flatMap((s) => [s.start, s.end]), ...byTime.map((e) => e.at)].filter((t) => t > 0);
  return {
    spans,
    errors: byTime,
    start: times.reduce((a, b) => Math.min(a, b), times[0] ?? 0),
    end: times.reduce((a, b) => Math.max(a, b), 0),
  };
}

/** A span with all that happened under it, in order. `spans` is depth first. */
export function subtree(spans: Span[], root: Span): Span[] {
  const from = spans.indexOf(root);
  if (from < 0) return [];
  let to = from + 1;
  while (to < spans.length && (spans[to]?.depth ?? 0) > root.depth) to++;
  return spans.slice(from, to);
}

/** The spans in view when some are folded: what hangs under those is left out. `spans` is depth first. */
export function unfolded(spans: Span[], folded: ReadonlySet<string>): { span: Span; parent: boolean }[] {
  const out: { span: Span; parent: boolean }[] = [];
  let deepest = Infinity;
  spans.forEach((span, i) => {
    if (span.depth > deepest) return;
    deepest = folded.has(span.id) ? span.depth : Infinity;
    out.push({ span, parent: (spans[i + 1]?.depth ?? 0) > span.depth });
  });
  return out;
}
