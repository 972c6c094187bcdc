import { expect, it } from "vitest";
import type { ReplayItem } from "@/api/gen";
import { itemWord, mergeItems, toItems, worstOf } from "./items";

const item = (over: Partial<ReplayItem>): ReplayItem => ({
  kind: "log", id: "1", timestamp: "2026-11-28T10:00:00Z", offsetMs: 0, level: null, title: "x", projectSlug: "api", side: "backend", traceId: null, spanId: null,
  durationMs: null, status: null, author: null, contact: null, url: null, tier: 1, flags: [], ...over,
});

it("puts items of every kind in the order of time, each on its side", () => {
  const got = toItems([
    item({ kind: "transaction", id: "b", timestamp: "2026-11-28T10:00:05Z", level: "warning", durationMs: 2000, title: "POST /pay" }),
    item({ kind: "feedback", id: "a", timestamp: "2026-11-28T10:00:01Z", side: "backend", author: null, contact: "ann@shop.example" }),
    item({ kind: "span", id: "c", timestamp: "2026-11-28T10:00:09Z", side: "frontend", level: "error" }),
    item({ kind: "check_in", id: "d", timestamp: "2026-11-28T10:00:07Z", level: "error", status: "missed" }),
    item({ level: "warn", timestamp: "2026-11-28T10:00:02Z" }),
  ]);
  expect(got.map((i) => [i.kind, i.side, i.level, itemWord(i)])).toEqual([
    ["feedback", "browser", null, "Feedback"],
    ["log", "server", "warning", "Warning logged"],
    ["work", "server", "warning", "Slow"],
    ["run", "server", "error", "Job failed"],
    ["work", "browser", "error", "Failed"],
  ]);
  expect(got[0]?.author).toBe("ann@shop.example");
});

it("merges marks that would overlap, and leaves out what is not in view", () => {
  const items = toItems([0, 100, 5000, 60_000].map((ms, n) => item({ id: String(n), timestamp: new Date(1_000_000 + ms).toISOString(), level: n === 1 ? "error" : "warn" })));
  const groups = mergeItems(items, 1_000_000, 1_010_000, 0.02);
  expect(groups.map((g) => [g.left, g.items.length])).toEqual([[0, 2], [0.5, 1]]);
  expect(worstOf(groups[0]?.items ?? [])?.level).toBe("error");
});
