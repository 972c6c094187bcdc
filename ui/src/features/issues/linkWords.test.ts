import { expect, it } from "vitest";
import { linkWords } from "./linkWords";

const link = (more: object) => ({ tier: 1 as const, signals: ["baggage"], flags: [], reason: "The browser sent this replay’s id with the request", offsetMs: 1000, ...more });

it("says how sure it is before why", () => {
  expect(linkWords(link({}), 10_000).title).toBe("Linked: the browser sent this replay’s id with the request");
  expect(linkWords(link({ tier: 4, reason: "Same request by shape" }), 10_000).title).toBe("Matched by request: same request by shape");
  expect(linkWords(link({ tier: 5, signals: ["same_user"], reason: "Same user" }), 10_000)).toEqual({ title: "Possible: same user", details: ["Known by the same user at the same time.", "Nothing ties them for certain, so it is not counted."] });
});

it("names every signal, and an error outside the session", () => {
  expect(linkWords(link({ signals: ["dsc", "trace_ids"] }), null).details[0]).toBe("2 signals agree: the id in the trace header; the same trace in the recording.");
  expect(linkWords(link({ flags: ["after_session"], offsetMs: 7_210_000 }), 10_000).details.at(-1)).toBe("The error came 2 h after the session had ended.");
});
