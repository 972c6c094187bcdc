import type { SearchFields } from "@/components/useOffers";
import type { Suggestion } from "@/components/searchSuggest";

// What issues are searched by beside their tags (api/search/issue_fields.go), in the order people need it.

const fields: Suggestion[] = [
  { insert: "is:", what: "unresolved, regressed, assigned …" },
  { insert: "has:replay", what: "with a recording of the user’s session" },
  { insert: "assigned:", what: "me, none, an e-mail address" },
  { insert: "level:", what: "fatal, error, warning …" },
  { insert: "age:", what: "how long ago it was first seen" },
  { insert: "lastSeen:", what: "how long ago it was last seen" },
  { insert: "timesSeen:", what: "number of events" },
  { insert: "userCount:", what: "number of users" },
  { insert: "release:", what: "also with *: shop@1.*" },
  { insert: "release:latest", what: "the newest of each project" },
  { insert: "release.version:", what: "1.2.*, >=1.4, <2" },
  { insert: "firstRelease:", what: "the release it came with" },
  { insert: "environment:", what: "production, staging …" },
  { insert: "project:", what: "a project’s slug" },
  { insert: "issue.priority:", what: "high, medium, low" },
  { insert: "side:", what: "backend, frontend" },
  { insert: "has:", what: "any field that is there" },
  { insert: "user.email:", what: "also user.id, user.username, user.ip" },
  { insert: "error.type:", what: "TypeError, *Timeout*" },
  { insert: "error.unhandled:", what: "crashes" },
  { insert: "message:", what: "part of a message" },
  { insert: "stack.filename:", what: "any frame of the stack" },
  { insert: "stack.function:", what: "any frame of the stack" },
  { insert: "http.url:", what: "also http.method, http.status_code" },
  { insert: "transaction:", what: "what was being done" },
  { insert: "trace:", what: "a trace id" },
  { insert: "bookmarks:me", what: "what I starred" },
  { insert: "subscribed:me", what: "what I follow" },
];

const words = (...list: string[]): Suggestion[] => list.map((insert) => ({ insert, what: "" }));

const since: Suggestion[] = [
  { insert: "-1h", what: "in the last hour" },
  { insert: "-24h", what: "in the last day" },
  { insert: "-7d", what: "in the last week" },
  { insert: "+7d", what: "longer ago than a week" },
  { insert: "+30d", what: "longer ago than 30 days" },
];

const numbers = (of: string): Suggestion[] => [
  ...[10, 100, 1000].map((n) => ({ insert: `>${n}`, what: `more than ${n} ${of}` })),
  { insert: "<10", what: `fewer than 10 ${of}` },
  { insert: "1", what: `exactly 1, or another number` },
];

const values: Record<string, Suggestion[]> = {
  is: [
    { insert: "unresolved", what: "open" },
    { insert: "resolved", what: "done" },
    { insert: "archived", what: "out of the way" },
    { insert: "for_review", what: "nobody looked at it yet" },
    { insert: "new", what: "first seen in the last days" },
    { insert: "regressed", what: "came back after it was resolved" },
    { insert: "escalating", what: "far more than usual" },
    { insert: "ongoing", what: "none of these" },
    { insert: "assigned", what: "somebody has it" },
    { insert: "unassigned", what: "nobody has it" },
    { insert: "archived_until_escalating", what: "" },
    { insert: "archived_forever", what: "" },
  ],
  has: words("replay", "user", "release", "environment", "trace", "assigned", "url"),
  level: words("fatal", "error", "warning", "info", "debug"),
  "issue.priority": words("high", "medium", "low"),
  side: words("backend", "frontend"),
  "error.unhandled": words("true", "false"),
  "error.handled": words("true", "false"),
  age: since,
  firstSeen: since,
  lastSeen: since,
  timesSeen: numbers("events"),
  userCount: numbers("users"),
  message: [],
  trace: [],
  bookmarks: words("me"),
  subscribed: words("me"),
};

/** The fields, with the people and projects there are. */
export function issueFields(of: { projects: string[]; people: { email: string; name: string }[] }): SearchFields {
  const assigned = [{ insert: "me", what: "I have it" }, { insert: "none", what: "nobody has it" }, ...of.people.map((p) => ({ insert: p.email, what: p.name }))];
  return { fields, values: { ...values, project: words(...of.projects), assigned } };
}
