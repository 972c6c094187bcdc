import { expect, it, vi } from "vitest";
import type { Replay } from "@/api/gen";
import type { ErrorMark } from "@/lib/chapters";
import { askAgain, isLive, withShortIds } from "./useSession";

const mark = (id: string, issueId: string, shortId: string): ErrorMark => ({ id, at: 1, side: "server", title: "panic", project: "api", issueId, shortId, level: "error", spanId: null });

it("names every error of an issue by the one that is linked with its short id", () => {
  expect(withShortIds([mark("a", "7", ""), mark("b", "7", "API-3"), mark("c", "8", ""), mark("d", "", "")]).map((e) => e.shortId)).toEqual(["API-3", "API-3", "", ""]);
});

it("asks again while a session goes on, seldom while it is idle, and never once it is over", () => {
  vi.useFakeTimers({ now: 1_800_000_000_000 });
  const heard = (agoMs: number, state = "live") => ({ hindsight: { state, lastReceived: new Date(Date.now() - agoMs).toISOString() } }) as Replay;
  expect([heard(1000), heard(60_000), heard(3_600_000)].map((r) => [isLive(r), askAgain(r)])).toEqual([
    [true, 5000],
    [false, 15_000],
    [false, false],
  ]);
  expect(askAgain({ hindsight: { state: "pending", lastReceived: null } } as Replay)).toBe(5000);
  expect(askAgain(undefined)).toBe(false);
  vi.useRealTimers();
});
