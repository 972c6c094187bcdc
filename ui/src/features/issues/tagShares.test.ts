import { expect, it } from "vitest";
import { shares, shareWords } from "./tagShares";

it("rounds a share without lying at its ends", () => {
  expect([shareWords(1, 1000), shareWords(999, 1000), shareWords(1000, 1000), shareWords(0, 10), shareWords(1, 3), shareWords(1, 0)]).toEqual(["<1 %", ">99 %", "100 %", "0 %", "33 %", "–"]);
});

it("knows what is left over", () => {
  expect(shares([{ count: 3 }, { count: 4 }], 10)).toEqual({ rest: 3 });
  expect(shares([{ count: 3 }], 2)).toEqual({ rest: 0 });
});
