import { expect, it } from "vitest";
import { lostBetween, spansOf } from "./lost";

const events = (from: number, to: number) => [{ type: 3, timestamp: to }, { type: 5, timestamp: 1 }, { type: 2, timestamp: from }];

it("tells when segments took place, whatever order their events have", () => {
  expect(spansOf([events(10, 20), "broken", []], [0, 1, 2])).toEqual([{ id: 0, from: 10, to: 20 }]);
});

it("finds what is lost between the numbers that came in", () => {
  const spans = spansOf([events(10, 20), events(20, 30), events(60, 70)], [1, 2, 5]);
  expect(lostBetween(spans)).toEqual([{ from: 30, to: 60, segments: 2 }]);
  expect(lostBetween(spansOf([events(1, 2), events(2, 3)], [3, 4]))).toEqual([]);
});
