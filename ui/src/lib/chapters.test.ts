import { describe, expect, it } from "vitest";
import type { Chapter as ApiChapter, RecordingFrame } from "@/api/gen";
import { chapterOf, placeOf, readChapters, type ErrorMark } from "./chapters";
import { readFrames } from "./recording/frames";
import shopChapters from "./testdata/shop-chapters.json";
import shopFrames from "./testdata/shop-frames.json";
import { readTrace } from "./trace";

const { frames } = readFrames(shopFrames.frames as RecordingFrame[]);
const told = shopChapters.chapters as unknown as ApiChapter[];
const slugOf = (id: number) => ({ 3: "web", 4: "api", 5: "auth", 6: "inventory", 7: "payment", 8: "shipping" })[id] ?? "";
const read = (more: Partial<Parameters<typeof readChapters>[0]> = {}) => readChapters({ chapters: told, frames, trace: null, marks: [], slugOf, ...more });

describe("readChapters, of a real visit", () => {
  const { chapters, background } = read();
  const pay = chapters.find((c) => c.status === "error");

  it("names chapters by the act that began them", () => {
    expect(chapters.map((c) => c.label)).toEqual(expect.arrayContaining(["Loaded /", "Clicked “Bob’s Shop”", "Clicked “pay”"]));
    expect(chapters.every((c, i) => c.at >= (chapters[i - 1]?.at ?? 0))).toBe(true);
    expect(background).toEqual([]);
  });

  it("joins a request with its frame, so that its headers are there, and with what each service did", () => {
    expect(pay?.requests.map((r) => r.frame.request?.status)).toEqual([502, 502, 502]);
    expect(pay?.requests[0]?.frame.request?.requestHeaders["sentry-trace"]).toBeTruthy();
    expect(pay?.requests[0]?.spans.map((s) => [s.project, s.depth, s.failed])).toEqual([["api", 0, true], ["auth", 1, false], ["payment", 1, false], ["inventory", 1, false]]);
  });

  it("takes typing before a click into the click's chapter", () => {
    expect(pay?.acts.map((a) => a.kind)).toEqual(["input", "click"]);
  });

  it("has the errors of both sides, with short ids where a link tells them", () => {
    expect(pay?.errors.map((e) => `${e.side} ${e.project}`)).toEqual(["server payment", "server api", "browser web", "server payment", "server payment"]);
    const id = pay?.errors[0]?.id ?? "";
    const mark: ErrorMark = { id, at: 1, side: "server", title: "panic", project: "payment", issueId: "1", shortId: "PAYMENT-4F", level: "fatal", spanId: null };
    const again = read({ marks: [mark] }).chapters;
    expect(again.flatMap((c) => c.errors).find((e) => e.id === id)).toBe(mark);
    expect(again[chapterOf(again, id, 0)]?.status).toBe("error");
    expect(again[chapterOf(again, "unknown", pay?.at ?? 0)]?.id).toBe(pay?.id);
  });

  it("says what was logged where it was logged", () => {
    expect(chapters.flatMap((c) => c.console.map((f) => f.detail))).toEqual(["added Cherries, 500 g to the basket", "added Olive oil, 750 ml to the basket"]);
  });
});

it("shows all of a service's spans once their trace is there", () => {
  const work = told.find((c) => c.status === "error")?.requests[0]?.work[0];
  const trace = readTrace([
    { event_type: "span", event_id: work?.spanId, project_slug: "api", op: "http.server", description: "POST /api/checkout", sdk_name: "sentry.go", is_transaction: true, start_timestamp: 1, end_timestamp: 2, errors: [], children: [{ event_type: "span", event_id: "q", project_slug: "api", op: "db", description: "SELECT", start_timestamp: 1.1, end_timestamp: 1.2, children: [], errors: [] }] },
  ]);
  const spans = read({ trace }).chapters.find((c) => c.status === "error")?.requests[0]?.spans;
  expect(spans?.slice(0, 2).map((s) => [s.name, s.depth])).toEqual([["POST /api/checkout", 0], ["SELECT", 1]]);
});

it("keeps a request that the frames do not have", () => {
  const [first] = told;
  if (!first) throw new Error("no chapter");
  const r = read({ frames: [], chapters: [first] }).chapters[0];
  expect(r?.label).toBe("Open /"); // the server's words, when no act is known
  expect(r?.requests[0]?.frame).toMatchObject({ title: "GET", detail: "/api/products", request: { status: 200 } });
});

it("does not say a place twice", () => {
  const [c] = read().chapters;
  expect(c && placeOf(c)).toBe("");
});
