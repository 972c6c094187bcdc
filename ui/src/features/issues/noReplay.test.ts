import { expect, it } from "vitest";
import { whyNoReplay } from "./noReplay";

const base = { side: "server" as const, received: 0, now: 22_000, replayId: null, state: null, reason: null, expectsReplay: false, unplayable: 0, hasTrace: true };

it.each([
  [{ replayId: "a" }, "Still arriving"],
  [{ expectsReplay: true }, "Still arriving"],
  [{ replayId: "a", now: 61_000 }, "Not received yet"],
  [{ replayId: "a", now: 76 * 60_000 }, "Never arrived"],
  [{ replayId: "a", state: "missing" as const }, "Never arrived"],
  [{ replayId: "a", state: "deleted" as const }, "Deleted"],
  [{ replayId: "a", state: "available" as const, unplayable: 2 }, "Does not play"],
  [{ side: "browser" as const }, "Not sampled"],
  [{ hasTrace: false }, "No trace"],
  [{}, "No browser involved"],
])("%j", (change, title) => expect(whyNoReplay({ ...base, ...change }).title).toBe(title));

it("counts the wait", () => expect(whyNoReplay({ ...base, replayId: "a" })).toMatchObject({ progress: 22 / 60, note: "22 of 60 s" }));

it("says what the server knows of a lost recording", () => expect(whyNoReplay({ ...base, replayId: "a", state: "missing", reason: "lost to a rate limit" }).text).toBe("Lost to a rate limit."));
