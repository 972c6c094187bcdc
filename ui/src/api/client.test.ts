import { expect, it } from "vitest";
import { fillPage, readLink } from "./client";

it("reads the cursors of pages that have results", () => {
  const header =
    '<https://h/api/0/x/?query=a%2Cb&cursor=0:0:1>; rel="previous"; results="false"; cursor="0:0:1", <https://h/api/0/x/?cursor=0:100:0>; rel="next"; results="true"; cursor="0:100:0"';
  expect(readLink(header)).toEqual({ previous: null, next: "0:100:0" });
  expect(readLink(null)).toEqual({ previous: null, next: null });
});

/** A list of numbers whose answers have at most two of the rows asked for, as a slow search does. */
const slowly = (all: number[], asked: string[]) => async (rows: number, cursor: string | undefined) => {
  asked.push(`${rows} ${cursor ?? ""}`);
  const [at = 0, , back = 0] = (cursor ?? "").split(":").map(Number);
  const from = back ? Math.max(at - Math.min(rows, 2), 0) : at;
  const to = back ? at : Math.min(at + Math.min(rows, 2), all.length);
  return { rows: all.slice(from, to), previous: from > 0 ? `${from}:0:1` : null, next: to < all.length ? `${to}:0:0` : null, hits: null };
};

it("puts a page together from short answers, in both directions", async () => {
  const asked: string[] = [];
  const read = slowly([1, 2, 3, 4, 5, 6, 7], asked);
  expect(await fillPage(5, undefined, read)).toEqual({ rows: [1, 2, 3, 4, 5], previous: null, next: "5:0:0", hits: null });
  expect(asked).toEqual(["5 ", "3 2:0:0", "1 4:0:0"]);
  expect(await fillPage(5, "5:0:0", read)).toEqual({ rows: [6, 7], previous: "5:0:1", next: null, hits: null });
  expect(await fillPage(3, "5:0:1", read)).toEqual({ rows: [3, 4, 5], previous: "2:0:1", next: "5:0:0", hits: null });
});
