import { describe, expect, it } from "vitest";
import { kindOf, readTrace, sideOf, subtree, unfolded, type Span } from "./trace";

const span = (id: string, start: number, end: number, more: object = {}) => ({
  event_type: "span", event_id: id, project_slug: "api", parent_span_id: null, start_timestamp: start, end_timestamp: end, op: "http.server", description: `GET /${id}`, is_transaction: true, children: [], errors: [], ...more,
});

describe("readTrace", () => {
  const trace = readTrace([
    span("root", 100, 101, {
      sdk_name: "sentry.javascript.node",
      children: [span("late", 100.5, 100.9, { op: "db.sql.query", description: "SELECT 1" }), span("early", 100.1, 100.2, { errors: [{ event_id: "e1", start_timestamp: 100.15, description: "panic", issue_id: 7, short_id: "API-7", project_slug: "api", level: "error" }] })],
    }),
    { event_type: "error", event_id: "e0", start_timestamp: 99.5, description: "TypeError", issue_id: 3, project_slug: "web" },
    { nonsense: true },
    null,
  ]);

  it("walks depth first, children by time, in milliseconds", () => {
    expect(trace.spans.map((s) => [s.id, s.depth, s.start])).toEqual([["root", 0, 100_000], ["early", 1, 100_100], ["late", 1, 100_500]]);
    expect([trace.start, trace.end]).toEqual([99_500, 101_000]);
  });

  it("keeps errors with and without a span, oldest first", () => {
    expect(trace.errors.map((e) => [e.id, e.issueId, e.spanId])).toEqual([["e0", "3", null], ["e1", "7", "early"]]);
    expect(trace.spans[1]?.failed).toBe(true);
  });

  it("gives a child the side of its parent in the same project", () => {
    expect(trace.spans.map((s) => s.side)).toEqual(["server", "server", "server"]);
    expect(trace.spans.map((s) => s.kind)).toEqual(["http", "http", "db"]);
  });

  it("cuts out a subtree", () => {
    const [root, early] = trace.spans;
    expect(root && subtree(trace.spans, root).length).toBe(3);
    expect(early && subtree(trace.spans, early).map((s) => s.id)).toEqual(["early"]);
  });

  it("is empty for no answer", () => expect(readTrace(undefined)).toEqual({ spans: [], errors: [], start: 0, end: 0 }));
});

describe("sideOf", () => {
  it.each([
    [{ sdk: "sentry.javascript.react" }, "browser"],
    [{ sdk: "sentry.javascript.node" }, "server"],
    [{ sdk: "sentry.go" }, "server"],
    [{ op: "pageload" }, "browser"],
    [{ op: "http.server" }, "server"],
    [{ platform: "javascript" }, "browser"],
    [{ platform: "node" }, "server"],
    [{ side: "frontend", sdk: "sentry.go" }, "browser"],
  ])("%j", (item, want) => expect(sideOf(item)).toBe(want));
});

it.each([["db.sql.query", "db"], ["db.redis", "cache"], ["cache.get", "cache"], ["http.client", "http"], ["queue.publish", "queue"], ["rpc", "rpc"], ["function", "other"]])("kind of %s", (op, want) => expect(kindOf(op)).toBe(want));

it("leaves out what hangs under a folded span", () => {
  const spans = [["a", 0], ["b", 1], ["c", 2], ["d", 1], ["e", 0]].map(([id, depth]) => ({ id, depth }) as Span);
  const seen = (folded: string[]) => unfolded(spans, new Set(folded)).map((r) => r.span.id).join("");
  expect([seen([]), seen(["b"]), seen(["a"]), seen(["a", "b"])]).toEqual(["abcde", "abde", "ae", "ae"]);
  expect(unfolded(spans, new Set()).map((r) => r.parent)).toEqual([true, true, false, false, false]);
});
