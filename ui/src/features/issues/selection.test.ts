import { expect, it } from "vitest";
import { pick } from "./selection";

const order = ["a", "b", "c", "d", "e"];

it("switches one row", () => {
  expect([...pick(new Set(), order, "b", null, false)]).toEqual(["b"]);
  expect([...pick(new Set(["b", "c"]), order, "b", "c", false)]).toEqual(["c"]);
});

it("takes all between two clicks, in both directions", () => {
  expect([...pick(new Set(["b"]), order, "d", "b", true)].sort()).toEqual(["b", "c", "d"]);
  expect([...pick(new Set(["d"]), order, "a", "d", true)].sort()).toEqual(["a", "b", "c", "d"]);
  expect([...pick(new Set(order), order, "d", "b", true)].sort()).toEqual(["a", "e"]);
});

it("has no range from a row that is gone", () => {
  expect([...pick(new Set(), order, "c", "z", true)]).toEqual(["c"]);
  expect([...pick(new Set(), order, "c", null, true)]).toEqual(["c"]);
});
