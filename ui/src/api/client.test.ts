import { expect, it } from "vitest";
import { readLink } from "./client";

it("reads the cursors of pages that have results", () => {
  const header =
    '<https://h/api/0/x/?query=a%2Cb&cursor=0:0:1>; rel="previous"; results="false"; cursor="0:0:1", <https://h/api/0/x/?cursor=0:100:0>; rel="next"; results="true"; cursor="0:100:0"';
  expect(readLink(header)).toEqual({ previous: null, next: "0:100:0" });
  expect(readLink(null)).toEqual({ previous: null, next: null });
});
