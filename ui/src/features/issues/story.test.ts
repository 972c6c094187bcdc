import { describe, expect, it } from "vitest";
import { buildChapters } from "@/lib/chapters";
import type { Frame } from "@/lib/recording/read";
import { readTrace } from "@/lib/trace";
import { barScale, chapterRows, sentence, traceRows, type StoryEvent } from "./story";

const act = (kind: Frame["kind"], at: number, title: string): Frame => ({ kind, at, end: at, title, detail: "body > form > button.pay", nodeId: 1 });
const pay: Frame = {
  kind: "request", at: 590, end: 1011, title: "POST", detail: "/api/checkout",
  request: { method: "POST", url: "http://h/api/checkout", path: "/api/checkout", status: 500, kind: "fetch", requestHeaders: {}, responseHeaders: { "content-type": "application/json; charset=utf-8" }, requestBody: null, responseBody: { detail: "internal" }, requestSize: null, responseSize: 38, traceId: null, spanId: null },
};
const trace = readTrace([
  { event_type: "span", event_id: "api", project_slug: "api", op: "http.server", description: "POST /api/checkout", sdk_name: "sentry.javascript.node", is_transaction: true, start_timestamp: 0.596, end_timestamp: 1.005, errors: [], children: [
    { event_type: "span", event_id: "pay", project_slug: "payment", op: "rpc", description: "Authorize", sdk_name: "sentry.go", start_timestamp: 0.62, end_timestamp: 1.0, errors: [{ event_id: "err", start_timestamp: 1, issue_id: 4 }], children: [] },
  ] },
]);
const event: StoryEvent = { id: "err", at: 1000, side: "server", type: "panic", value: "nil map", project: "payment", spanId: "pay", place: "charge.go:118", source: null };

describe("chapterRows", () => {
  const { chapters } = buildChapters([act("click", 588, "Pay $42.80"), pay], trace, []);
  const [chapter] = chapters;
  const rows = chapter ? chapterRows(chapter, event) : [];

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
    const other = buildChapters([act("click", 190, "Pay"), again], readTrace([{ event_type: "span", event_id: "s", project_slug: "api", op: "http.server", description: "POST /api/checkout", sdk_name: "sentry.go", is_transaction: true, start_timestamp: 0.21, end_timestamp: 0.29, errors: [{ event_id: "e2", start_timestamp: 0.25, issue_id: 5 }], children: [] }]), []).chapters[0];
    if (!other) throw new Error("no chapter");
    expect(chapterRows(other, null).map((r) => r.kind)).toEqual(["act", "request"]);
    expect(chapterRows(other, null)[1]).toMatchObject({ open: false, errors: 1 });
    expect(chapterRows(other, null, new Set(["r-0"])).map((r) => r.kind)).toEqual(["act", "request", "span", "response"]);
  });

  it("puts the error after all that hung under the span that failed, whatever the clocks say", () => {
    const late = readTrace([{ event_type: "span", event_id: "pay", project_slug: "payment", op: "http.server", description: "POST /api/checkout", sdk_name: "sentry.go", is_transaction: true, start_timestamp: 0.6, end_timestamp: 1, errors: [{ event_id: "err", start_timestamp: 0.7, issue_id: 4 }], children: [
      { event_type: "span", event_id: "q", project_slug: "payment", op: "db", description: "SELECT 1", start_timestamp: 0.9, end_timestamp: 0.95, errors: [], children: [] },
    ] }]);
    const own = buildChapters([act("click", 588, "Pay"), pay], late, []).chapters[0];
    if (!own) throw new Error("no chapter");
    expect(chapterRows(own, { ...event, at: 700 }).map((r) => (r.kind === "span" ? r.span.id : r.kind))).toEqual(["act", "request", "pay", "q", "event", "response"]);
  });

  it("opens with one sentence, or with none", () => {
    expect(sentence(chapter ?? null, event, "Ivan")?.map((p) => p.text).join("")).toBe("Ivan clicked Pay $42.80; POST /api/checkout went through api and payment failed with panic.");
    expect(sentence(null, event, "Ivan")).toBeNull();
    expect(sentence(chapter ?? null, { ...event, type: "" }, null)).toBeNull();
  });
});

it("tells the trace and the breadcrumbs when nothing was recorded", () => {
  const rows = traceRows(trace, [{ at: 100, category: "query", message: "SELECT 1", level: "info" }, { at: 9999, category: "late", message: "", level: "info" }], event);
  expect(rows.map((r) => r.kind)).toEqual(["act", "span", "span", "event"]);
  expect(traceRows(null, [], event).map((r) => r.kind)).toEqual(["event"]);
});
