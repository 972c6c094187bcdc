import { expect, it } from "vitest";
import type { Chapter, ErrorMark } from "./chapters";
import { axisTicks, findGaps, layoutChapters, mergeErrors } from "./timeline";

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
