import { expect, it } from "vitest";
import type { ErrorMark } from "@/lib/chapters";
import { withShortIds } from "./useSession";

const mark = (id: string, issueId: string, shortId: string): ErrorMark => ({ id, at: 1, side: "server", title: "panic", project: "api", issueId, shortId, level: "error", spanId: null });

it("names every error of an issue by the one that is linked with its short id", () => {
  expect(withShortIds([mark("a", "7", ""), mark("b", "7", "API-3"), mark("c", "8", ""), mark("d", "", "")]).map((e) => e.shortId)).toEqual(["API-3", "API-3", "", ""]);
});
