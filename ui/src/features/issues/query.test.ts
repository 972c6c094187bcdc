import { expect, it } from "vitest";
import { tabOf, withTab } from "./query";

it("knows the tab a query stands in", () => {
  expect([tabOf("is:unresolved x"), tabOf("x"), tabOf("is:unresolved is:assigned"), tabOf("is:assigned"), tabOf("x is:unresolved is:for_review")]).toEqual(["unresolved", "all", null, null, "review"]);
});

it("moves a search to another tab and keeps the rest", () => {
  expect(withTab("is:unresolved level:error", "resolved")).toBe("is:resolved level:error");
  expect(withTab("is:resolved", "all")).toBe("");
});
