import { expect, test } from "vitest";
import { activityWords } from "./activity";

test("activity reads as a sentence", () => {
  const words = (type: string, data: Record<string, unknown> = {}) => activityWords({ type, data });
  expect(words("set_resolved_in_release", { version: "shop@2.0" })).toBe("resolved it in shop@2.0");
  expect(words("set_resolved_in_release", { version: "" })).toBe("resolved it in the next release");
  expect(words("set_ignored", { ignoreCount: 5, ignoreWindow: 60 })).toBe("archived it for 5 more events within 60 minutes");
  expect(words("set_ignored", { ignoreUntilEscalating: true })).toBe("archived it until it escalates");
  expect(words("set_ignored")).toBe("archived it for good");
  expect(words("deleted_attachment")).toBe("deleted attachment");
});
