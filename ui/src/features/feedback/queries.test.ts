import { expect, test } from "vitest";
import { nameOf, statusOf, toggled } from "./queries";

test("a tab asks for its status, the first for what is open, the last for all", () => {
  expect([undefined, "unresolved" as const, "spam" as const, "all" as const].map(statusOf)).toEqual(["unresolved", "unresolved", "spam", ""]);
});

test("the same key again takes it back", () => {
  expect(toggled("unresolved", "spam")).toBe("spam");
  expect(toggled("spam", "spam")).toBe("unresolved");
  expect(toggled("spam", "resolved")).toBe("resolved");
});

test("whoever wrote has a name", () => {
  expect(nameOf({ name: "", email: "a@b.example", user: null })).toBe("a@b.example");
  expect(nameOf({ name: null, email: null, user: null })).toBe("Somebody");
});
