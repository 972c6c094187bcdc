import { describe, expect, it } from "vitest";
import { buildChapters, chapterOf, pathTemplate, type ErrorMark } from "./chapters";
import { readRecording, type Frame } from "./recording/read";
import central from "./testdata/browser-11.12.0-central.json";
import { readTrace } from "./trace";

const frame = (kind: Frame["kind"], at: number, more: Partial<Frame> = {}): Frame => ({ kind, at, end: at, title: "x", detail: "", ...more });
const request = (at: number, end: number, path: string, status = 200, method = "GET"): Frame =>
  frame("request", at, { end, title: method, detail: path, request: { method, url: `http://h${path}`, path, status, kind: "fetch", requestHeaders: {}, responseHeaders: {}, requestBody: null, responseBody: null, requestSize: null, responseSize: null, traceId: null, spanId: null } });
const error = (id: string, at: number, more: Partial<ErrorMark> = {}): ErrorMark => ({ id, at, side: "server", title: "panic", project: "api", issueId: "1", shortId: "API-1", level: "error", spanId: null, ...more });

describe("buildChapters", () => {
  it("ties a request to the click before it, not to one long ago", () => {
    const { chapters, background } = buildChapters([frame("click", 1000, { title: "Pay", nodeId: 1 }), request(1003, 1400, "/api/checkout", 500, "POST"), request(9000, 9100, "/api/ads")], null, []);
    expect(chapters.map((c) => [c.label, c.requests.length, c.status])).toEqual([["Clicked “Pay”", 1, "failed"]]);
    expect(background.map((r) => r.frame.detail)).toEqual(["/api/ads"]);
  });

  it("follows a chain of requests", () => {
    const { chapters } = buildChapters([frame("click", 0, { nodeId: 1 }), request(5, 3000, "/a"), request(3100, 3200, "/b")], null, []);
    expect(chapters[0]?.requests.map((r) => r.frame.detail)).toEqual(["/a", "/b"]);
  });

  it("joins typing with the click that sends it, and a click with where it leads", () => {
    const { chapters } = buildChapters(
      [frame("input", 0, { title: "cvc", nodeId: 1 }), frame("input", 800, { title: "cvc", nodeId: 1 }), frame("click", 2000, { title: "Pay", nodeId: 2 }), frame("navigation", 2400, { title: "/done", detail: "push", url: "http://h/done" }), request(2401, 2500, "/api/order")],
      null,
      [],
    );
    expect(chapters.map((c) => [c.label, c.path, c.acts.length])).toEqual([["Clicked “Pay”", "/done", 4]]);
  });

  it("leaves out acts that led to nothing, and keeps rage clicks", () => {
    const { chapters } = buildChapters([frame("click", 0, { nodeId: 1 }), frame("rage", 5000, { title: "Pay", nodeId: 2 })], null, []);
    expect(chapters.map((c) => c.label)).toEqual(["Rage-clicked “Pay”"]);
  });

  it("sees polling, whatever was clicked", () => {
    const { chapters, background } = buildChapters([frame("click", 9990, { nodeId: 1 }), ...[0, 5000, 10_000, 15_000].map((t) => request(t, t + 20, "/api/poll"))], null, []);
    expect(chapters).toEqual([]);
    expect(background).toHaveLength(4);
  });

  it("hangs the server's spans under the request by path and time, one to one", () => {
    const trace = readTrace([
      { event_type: "span", event_id: "s1", project_slug: "api", op: "http.server", description: "POST /orders/{id}", sdk_name: "sentry.go", is_transaction: true, start_timestamp: 1.01, end_timestamp: 1.3, errors: [{ event_id: "e1", start_timestamp: 1.2, issue_id: 1 }], children: [{ event_type: "span", event_id: "s2", project_slug: "api", op: "db", description: "SELECT", start_timestamp: 1.02, end_timestamp: 1.1, children: [], errors: [] }] },
    ]);
    const { chapters } = buildChapters([frame("click", 1000, { nodeId: 1 }), request(1003, 1400, "/orders/7", 500, "POST"), request(1004, 1400, "/orders/7", 500, "POST")], trace, [error("e1", 1200)]);
    expect(chapters[0]?.requests.map((r) => r.spans.map((s) => [s.id, s.depth]))).toEqual([[["s1", 0], ["s2", 1]], []]);
    expect(chapters[0]?.errors.map((e) => e.id)).toEqual(["e1"]);
    expect(chapterOf(chapters, "e1", 0)).toBe(0);
  });

  it("tells the real visit: each button's request under its click", () => {
    const { frames } = readRecording(central);
    const { chapters, background } = buildChapters(frames, null, []);
    const told = Object.fromEntries(chapters.map((c) => [c.label, c.requests.map((r) => r.frame.detail)]));
    expect(told["Clicked “panic (go)”"]).toEqual(["/api/panic"]);
    expect(told["Clicked “chain node→go”"]).toEqual(["/api/chain"]);
    expect(background).toEqual([]);
    expect(chapters.map((c) => c.label)).toContain("Rage-clicked “Pay now (dead)”");
  });
});

it.each([["/orders/18823", "/orders/:id"], ["/a/0123456789abcdef0/b", "/a/:id/b"], ["/v2/x", "/v2/x"]])("pathTemplate %s", (path, want) => expect(pathTemplate(path)).toBe(want));
