import { describe, expect, it } from "vitest";
import type { Chapter } from "@/lib/chapters";
import type { Frame } from "@/lib/recording/frames";
import { readTrace, type Trace } from "@/lib/trace";
import { barScale, chapterRows, sentence, traceRows, type StoryEvent } from "./story";

const act = (kind: Frame["kind"], at: number, title: string): Frame => ({ kind, at, end: at, title, detail: "body > form > button.pay", nodeId: 1 });
const pay: Frame = {
  kind: "request", at: 590, end: 1011, title: "POST", detail: "/api/checkout",
  request: { method: "POST", url: "http://h/api/checkout", path: "/api/checkout", status: 500, kind: "fetch", requestHeaders: {}, responseHeaders: { "content-type": "application/json; charset=utf-8" }, requestBody: null, responseBody: { detail: "internal" }, requestSize: null, responseSize: 38, requestWarnings: [], responseWarnings: [] },
};
const trace = readTrace([
  { event_type: "span", event_id: "api", project_slug: "api", op: "http.server", description: "POST /api/checkout", sdk_name: "sentry.javascript.node", is_transaction: true, start_timestamp: 0.596, end_timestamp: 1.005, errors: [], children: [
    { event_type: "span", event_id: "pay", project_slug: "payment", op: "rpc", description: "Authorize", sdk_name: "sentry.go", start_timestamp: 0.62, end_timestamp: 1.0, errors: [{ event_id: "err", start_timestamp: 1, issue_id: 4 }], children: [] },
  ] },
]);
/** A click with the request it set off and what the servers did for it. */
const chapterWith = (click: Frame, request: Frame, spans: Trace["spans"], more: Partial<Chapter> = {}): Chapter => ({
  id: "c", kind: "click", at: click.at, end: request.end, label: `Clicked “${click.title}”`, subject: click.title, path: "/checkout", acts: [click], requests: [{ frame: request, spans, traceId: null }], errors: [], logs: [], console: [], status: "failed", ...more,
});
const event: StoryEvent = { id: "err", at: 1000, side: "server", type: "panic", value: "nil map", project: "payment", spanId: "pay", place: "charge.go:118", source: null };

describe("chapterRows", () => {
  const chapter = chapterWith(act("click", 588, "Pay $42.80"), pay, trace.spans);
  const rows = chapterRows(chapter, event);

  it("goes from the click over the servers to the error and back", () => {
    expect(rows.map((r) => r.kind)).toEqual(["act", "request", "span", "span", "event", "response"]);
    expect(rows.map((r) => r.side)).toEqual(["browser", "browser", "server", "server", "server", "browser"]);
  });

  it("says what the server said, and where the bars stand", () => {
    expect(rows[1]).toMatchObject({ method: "POST", path: "/api/checkout", status: 500, serverMs: expect.closeTo(409, 3) });
    expect(rows[5]).toMatchObject({ status: 500, type: "application/json", size: 38, body: '{"detail":"internal"}' });
    expect(barScale(rows)).toEqual({ from: 590, to: 1011 });
  });

  it("folds what the servers did for other requests, with their errors", () => {
    const again = { ...pay, at: 200, end: 300 };
    const other = chapterWith(act("click", 190, "Pay"), again, readTrace([{ event_type: "span", event_id: "s", project_slug: "api", op: "http.server", description: "POST /api/checkout", sdk_name: "sentry.go", is_transaction: true, start_timestamp: 0.21, end_timestamp: 0.29, errors: [{ event_id: "e2", start_timestamp: 0.25, issue_id: 5 }], children: [] }]).spans);
    expect(chapterRows(other, null).map((r) => r.kind)).toEqual(["act", "request"]);
    expect(chapterRows(other, null)[1]).toMatchObject({ open: false, errors: 1 });
    expect(chapterRows(other, null, new Set(["r-0"])).map((r) => r.kind)).toEqual(["act", "request", "span", "response"]);
  });

  it("puts the error after all that hung under the span that failed, whatever the clocks say", () => {
    const late = readTrace([{ event_type: "span", event_id: "pay", project_slug: "payment", op: "http.server", description: "POST /api/checkout", sdk_name: "sentry.go", is_transaction: true, start_timestamp: 0.6, end_timestamp: 1, errors: [{ event_id: "err", start_timestamp: 0.7, issue_id: 4 }], children: [
      { event_type: "span", event_id: "q", project_slug: "payment", op: "db", description: "SELECT 1", start_timestamp: 0.9, end_timestamp: 0.95, errors: [], children: [] },
    ] }]);
    const own = chapterWith(act("click", 588, "Pay"), pay, late.spans);
    expect(chapterRows(own, { ...event, at: 700 }).map((r) => (r.kind === "span" ? r.span.id : r.kind))).toEqual(["act", "request", "pay", "q", "event", "response"]);
  });

  it("tells the first act and the last before the error, not the forty between", () => {
    const acts = Array.from({ length: 60 }, (_, i) => act("click", i * 10, `Pay ${i}`));
    const told = chapterRows({ ...chapter, acts, requests: [] }, { ...event, at: 495 });
    expect(told.map((r) => (r.kind === "act" ? r.title : r.kind === "more" ? `+${r.count}` : r.kind))).toEqual(["Clicked “Pay 0”", "+40", ...Array.from({ length: 9 }, (_, i) => `Clicked “Pay ${i + 41}”`), "event", "+10"]);
  });

  it("tells logs of the servers in order of time", () => {
    const log = { id: "l", at: 900, side: "server" as const, title: "out of stock", project: "inventory", issueId: "", shortId: "", level: "warn", spanId: null };
    expect(chapterRows({ ...chapter, logs: [log] }, event).find((r) => r.kind === "log")).toMatchObject({ text: "out of stock", project: "inventory", side: "server" });
  });

  it("opens with one sentence, or with none", () => {
    expect(sentence(chapter, event, "Ivan")?.map((p) => p.text).join("")).toBe("Ivan clicked Pay $42.80; POST /api/checkout went through api; payment failed with panic.");
    expect(sentence(null, event, "Ivan")).toBeNull();
    expect(sentence(chapter, { ...event, type: "" }, null)).toBeNull();
  });
});

it("tells the trace and the breadcrumbs when nothing was recorded", () => {
  const rows = traceRows(trace, [{ at: 100, category: "query", message: "SELECT 1", level: "info" }, { at: 9999, category: "late", message: "", level: "info" }], event);
  expect(rows.map((r) => r.kind)).toEqual(["act", "span", "span", "event"]);
  expect(traceRows(null, [], event).map((r) => r.kind)).toEqual(["event"]);
});
