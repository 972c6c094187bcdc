import { expect, it } from "vitest";
import type { Chapter, ErrorMark } from "./chapters";
import { axisTicks, findGaps, layoutChapters, mergeErrors, mergeMoments, zoomBy, zoomTo } from "./timeline";

const chapter = (at: number, end: number) => ({ at, end }) as Chapter;
const error = (at: number) => ({ at, id: String(at) }) as ErrorMark;

it("places chapters side by side, wide enough to hit", () => {
  const [a, b] = layoutChapters([chapter(0, 100), chapter(500, 900)], 0, 1000);
  expect(a).toMatchObject({ left: 0, width: 0.1 });
  expect(b).toMatchObject({ left: 0.5, width: 0.4 });
  const [short, next] = layoutChapters([chapter(0, 0), chapter(5, 10)], 0, 1000);
  expect(short?.width).toBeLessThanOrEqual(next?.left ?? 0);
});

it("merges errors that stand on one another", () => {
  expect(mergeErrors([error(500), error(100), error(505)], 0, 1000, 0.01).map((m) => m.errors.length)).toEqual([1, 2]);
});

it("finds where nothing happened", () => {
  expect(findGaps([100, 9000], 0, 10_000, 5000)).toEqual([{ left: 0.01, width: 0.89, ms: 8900 }]);
  expect(findGaps([], 0, 1000, 5000)).toEqual([]);
});

it("writes few, round times", () => expect(axisTicks(521_000, 6)).toEqual([0, 120_000, 240_000, 360_000, 480_000]));

it("merges thousands of moments into what a line can show", () => {
  const moments = mergeMoments(Array.from({ length: 5000 }, (_, i) => i), 0, 5000, 0.01);
  expect(moments.length).toBeLessThanOrEqual(100);
  expect(moments.reduce((n, m) => n + m.n, 0)).toBe(5000);
  expect(mergeMoments([1, 2, 9000], 0, 5000, 0.01)).toEqual([{ left: 0.0002, n: 2 }]);
});

it("leaves out what a zoomed view does not show", () => {
  expect(layoutChapters([chapter(0, 100), chapter(500, 900)], 400, 1000)).toHaveLength(1);
  expect(mergeErrors([error(-50_000), error(600)], 400, 1000, 0.01)).toHaveLength(1);
});

it("zooms into a stretch that was drawn, and around a moment", () => {
  const whole = { from: 0, to: 10_000 };
  expect(zoomTo(8000, 2000, whole)).toEqual({ from: 2000, to: 8000 });
  expect(zoomTo(8000, 8100, whole)).toBeNull();
  expect(zoomBy(0.5, 5000, whole, whole)).toEqual({ from: 2500, to: 7500 });
  expect(zoomBy(0.5, 0, whole, whole)).toEqual({ from: 0, to: 5000 });
  expect(zoomBy(4, 5000, { from: 2500, to: 7500 }, whole)).toEqual(whole);
});
