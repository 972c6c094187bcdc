import { expect, it } from "vitest";
import { safeNext } from "./next";

it.each([
  ["/organizations/main/issues/1/?t=3", "/organizations/main/issues/1/?t=3"],
  ["https://evil.example", "/"],
  ["//evil.example", "/"],
  ["/\\evil.example", "/"],
  ["/sign-in?next=/sign-in", "/"],
  [undefined, "/"],
])("%s", (next, want) => expect(safeNext(next)).toBe(want));
