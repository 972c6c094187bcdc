import { expect, it } from "vitest";
import type { Issue } from "@/api/gen";
import { headline, whatBroke } from "./headline";

const at = (n: number) => new Date(n).toISOString();
const issue = (id: string, more: object): Issue => ({ id, shortId: id, title: id, metadata: { type: "panic" }, project: { slug: "payment" }, count: "9", userCount: 0, substatus: "ongoing", firstSeen: at(0), lastSeen: at(100), hindsight: { replayCount: 0 }, ...more }) as unknown as Issue;
const words = (...issues: Issue[]) => headline(whatBroke(issues, 50)).map((w) => w.text).join("");

it("puts what came back before what is new, and that before what was there", () => {
  const order = whatBroke([issue("OLD", { userCount: 99 }), issue("NEW", { firstSeen: at(60) }), issue("BACK", { substatus: "regressed" }), issue("LONG-BACK", { substatus: "regressed", lastSeen: at(10) })], 50);
  expect(order.map((b) => `${b.issue.id} ${b.why}`)).toEqual(["BACK regressed", "NEW new", "OLD open", "LONG-BACK open"]);
});

it("says one sentence a person could say aloud", () => {
  expect(words(issue("P-1", { substatus: "regressed", userCount: 316, hindsight: { replayCount: 271 } }))).toBe("panic in payment came back: P-1; 316 people met it and 271 replays show how. Everything else is quiet.");
  expect(words(issue("P-1", { firstSeen: at(60), userCount: 1, hindsight: { replayCount: 1 } }), issue("P-2", { firstSeen: at(60) }))).toBe("panic in payment is new: P-1; 1 person met it and 1 replay shows how. 1 more broke.");
  expect(words(issue("OLD", {}))).toBe("Nothing new broke. 1 issue is still open.");
  expect(words()).toBe("All quiet. No issue is open.");
});
