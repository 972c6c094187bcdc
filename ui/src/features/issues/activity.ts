import type { Activity, Issue } from "@/api/gen";

const plain: Record<string, string> = {
  first_seen: "saw this issue first",
  set_resolved: "resolved it",
  set_resolved_by_age: "resolved it, as it was not seen for long",
  set_unresolved: "reopened it",
  set_escalating: "reopened it: it is escalating",
  auto_set_ongoing: "marked it as ongoing",
  unassigned: "unassigned it",
  mark_reviewed: "reviewed it",
  set_public: "shared it",
  set_private: "stopped sharing it",
  note: "commented",
  unmerge_source: "took events out of it",
  unmerge_destination: "took its events out of another issue",
};

/** What somebody did, as the rest of a sentence that begins with their name. */
export function activityWords(a: Pick<Activity, "type" | "data">): string {
  const text = (key: string) => (typeof a.data[key] === "string" ? a.data[key] : "");
  switch (a.type) {
    case "set_resolved_in_release":
      return text("version") ? `resolved it in ${text("version")}` : "resolved it in the next release";
    case "set_resolved_in_commit":
      return `resolved it in commit ${text("commit").slice(0, 12)}${text("version") ? `, which came with ${text("version")}` : ""}`;
    case "merge": {
      const n = Array.isArray(a.data.issues) ? a.data.issues.length : 0;
      return n === 1 ? "merged an issue into it" : n > 1 ? `merged ${n} issues into it` : "merged issues into it";
    }
    case "set_regression":
      return text("version") ? `saw it again, in ${text("version")}` : "saw it again";
    case "set_priority":
      return `set its priority to ${text("priority")}`;
    case "assigned":
      return a.data.assigneeType === "team" ? "assigned it to a team" : "assigned it";
    case "set_ignored":
      return ignored(a.data);
  }
  return plain[a.type] ?? a.type.replaceAll("_", " ");
}

function ignored(data: Record<string, unknown>): string {
  const parts: string[] = [];
  if (typeof data.ignoreUntil === "string") parts.push(`until ${data.ignoreUntil.slice(0, 16).replace("T", " ")} UTC`);
  if (typeof data.ignoreCount === "number") parts.push(`for ${data.ignoreCount} more events${typeof data.ignoreWindow === "number" ? ` within ${data.ignoreWindow} minutes` : ""}`);
  if (typeof data.ignoreUserCount === "number") parts.push(`for ${data.ignoreUserCount} more users${typeof data.ignoreUserWindow === "number" ? ` within ${data.ignoreUserWindow} minutes` : ""}`);
  if (data.ignoreUntilEscalating === true) parts.push("until it escalates");
  return `archived it ${parts.length > 0 ? parts.join(", or ") : "for good"}`;
}

/** How an issue is resolved or archived, in a few words. */
export function statusWords(issue: Pick<Issue, "status" | "substatus" | "statusDetails">): string {
  const d = issue.statusDetails;
  if (issue.status === "resolved") {
    if (d.inNextRelease === true || d.inUpcomingRelease === true) return "Resolved in the next release";
    if (typeof d.inRelease === "string") return `Resolved in ${d.inRelease}`;
    return typeof d.inCommit === "object" ? "Resolved in a commit" : "Resolved";
  }
  if (typeof d.ignoreUntil === "string") return `Archived until ${d.ignoreUntil.slice(0, 16).replace("T", " ")} UTC`;
  if (typeof d.ignoreCount === "number") return `Archived for ${d.ignoreCount} more events`;
  if (typeof d.ignoreUserCount === "number") return `Archived for ${d.ignoreUserCount} more users`;
  return issue.substatus === "archived_until_escalating" ? "Archived until it escalates" : "Archived";
}
