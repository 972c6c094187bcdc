import { expect, it } from "vitest";
import { whyNoReplay } from "./noReplay";

const base = { side: "server" as const, received: 0, now: 22_000, replayId: null, state: null, reason: null, expectsReplay: false, unplayable: 0, hasTrace: true, headers: null, browserInTrace: false };
const browser = { "user-agent": "Mozilla/5.0 (X11; Linux) Chrome/142" };

it.each([
  [{ replayId: "a" }, "Recording still arriving"],
  [{ expectsReplay: true }, "Replay expected"],
  [{ replayId: "a", now: 61_000 }, "Not received yet"],
  [{ replayId: "a", now: 76 * 60_000 }, "Never arrived"],
  [{ replayId: "a", state: "missing" as const }, "Never arrived"],
  [{ replayId: "a", state: "deleted" as const }, "Deleted"],
  [{ replayId: "a", state: "available" as const, unplayable: 2 }, "Does not play"],
  [{ side: "browser" as const }, "Not sampled"],
  [{ hasTrace: false }, "No trace"],
  [{ replayId: "a", state: "missing" as const, reason: "recording lost: key quota rate limit" }, "Lost to a rate limit"],
  [{ replayId: "a", state: "missing" as const, reason: "the recorder was only buffering and never sent the recording" }, "Only buffered"],
  [{ headers: browser }, "The browser sent no trace headers"],
  [{ headers: { ...browser, "sentry-trace": "x" } }, "The baggage header is missing"],
  [{ headers: { ...browser, "sentry-trace": "x", baggage: "x" } }, "Session not recorded"],
  [{ headers: { "user-agent": "curl/8" } }, "No browser involved"],
  [{ browserInTrace: true }, "Session not recorded"],
  [{}, "No browser involved"],
])("%j", (change, title) => expect(whyNoReplay({ ...base, ...change }).title).toBe(title));

it("counts the wait", () => expect(whyNoReplay({ ...base, replayId: "a" })).toMatchObject({ progress: 22 / 60, note: "22 of 60 s" }));

it("says what the server knows of a lost recording, and who deleted one", () => {
  expect(whyNoReplay({ ...base, replayId: "a", state: "missing", reason: "recording lost: what the recorder sent could not be read" }).text).toBe("What the recorder sent could not be read.");
  const late = (reason: string) => whyNoReplay({ ...base, replayId: "a", state: "missing", reason });
  expect(late("recording never received; at that time recordings were over the rate limit")).toMatchObject({ title: "Lost to a rate limit", text: "At that time recordings were over the rate limit.", goto: "limits" });
  expect(late("recording never received; at that time browsers could not send recordings")).toMatchObject({ title: "Never arrived", text: "At that time browsers could not send recordings." });
  expect(late("recording never received").text).toMatch(/^The id came with the request/);
  expect(whyNoReplay({ ...base, replayId: "a", state: "deleted", reason: "deleted by ann@example.com on 2 Nov" }).text).toBe("Deleted by ann@example.com on 2 Nov.");
});

it("names one line to add wherever a line would help", () => {
  expect(whyNoReplay({ ...base, headers: browser }).add?.line).toContain("browserTracingIntegration");
  expect(whyNoReplay({ ...base, headers: { ...browser, "sentry-trace": "x" } }).add?.line).toMatch(/^Access-Control-Allow-Headers: baggage/);
});
