import { expect, it } from "vitest";
import { unmapped } from "./mapping";

it("says why a frame is not mapped, and nothing of one that is", () => {
  expect(unmapped(undefined)).toBeUndefined();
  expect(unmapped({ resolvedWith: "debug-id" })).toBeUndefined();
  expect(unmapped({ reason: "debug_id_unknown" })?.fix).toContain("sentry-cli sourcemaps upload");
  expect(unmapped({ reason: "a word of a newer server" })?.why).toBeTruthy();
});
