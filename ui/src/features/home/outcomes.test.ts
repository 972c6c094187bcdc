import { expect, it } from "vitest";
import { readOutcomes } from "./outcomes";

const group = (outcome: string, category: string, reason: string, series: number[]) => ({ by: { outcome, category, reason }, totals: { "sum(quantity)": series.reduce((a, b) => a + b, 0) }, series: { "sum(quantity)": series } });

it("adds every item up once, by interval and by what became of it", () => {
  const o = readOutcomes({
    start: "", end: "", intervals: ["a", "b"],
    groups: [group("accepted", "error", "", [3, 4]), group("accepted", "span", "", [1, 0]), group("rate_limited", "replay", "key_quota", [0, 5]), group("rate_limited", "error", "key_quota", [1, 0]), group("invalid", "span", "invalid_span", [2, 0]), group("abuse", "error", "x", [0, 1])],
  });
  expect(o.total).toBe(17);
  expect(o.of.accepted).toEqual({ n: 8, why: "" });
  expect(o.of.rate_limited).toEqual({ n: 7, why: "replay, key quota" });
  expect(o.bars.map((b) => [b.of.accepted, b.of.rate_limited, b.of.invalid])).toEqual([[4, 1, 2], [4, 6, 0]]);
});
