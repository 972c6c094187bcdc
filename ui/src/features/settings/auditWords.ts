import type { AuditLog } from "@/api/gen";

/** What each event of the audit log says, and of what kind of thing it is. */
const verbs: Record<string, string> = {
  "user.sign-in": "signed in",
  "user.password-edit": "changed the password of",
  "user.identity-link": "linked a sign-in of the company to",
  "user.identity-unlink": "unlinked a sign-in of the company from",
  "member.invite": "made a sign-in link for",
  "member.add": "added the member",
  "member.edit": "changed the role of",
  "member.remove": "removed the member",
  "member.join-team": "put into a team:",
  "member.leave-team": "took out of a team:",
  "team.create": "made the team",
  "team.edit": "changed the team",
  "team.remove": "deleted the team",
  "token.create": "made the token",
  "token.remove": "revoked the token",
  "org.create": "made the organisation",
  "org.edit": "renamed the organisation",
  "org.quota-edit": "changed the limits of the organisation",
  "project.create": "made the project",
  "project.edit": "changed the project",
  "project.remove": "deleted the project",
  "project.team-add": "gave to a team the project",
  "project.team-remove": "took from a team the project",
  "project.settings-edit": "changed settings of",
  "project.scrubbing-edit": "changed the scrubbing rules of",
  "project.filters-edit": "changed the inbound filters of",
  "project.quota-edit": "changed the limits of",
  "project.retention-edit": "changed how long is kept what comes to",
  "project.forwarding-edit": "changed the forwarding of",
  "project.grouping-edit": "changed the grouping rules of",
  "project.ownership-edit": "changed the owners’ rules of",
  "projectkey.create": "made the key",
  "projectkey.edit": "changed the key",
  "projectkey.remove": "removed the key",
  "issue.delete": "deleted the issue",
  "issue.discard-end": "lets in again the events of",
  "replay.delete": "deleted the replay",
  "replay.delete-many": "deleted replays of",
  "release.delete": "deleted the release",
  "artifact.delete": "deleted uploads of",
  "debug-file.delete": "deleted the debug file",
  "export.evidence": "saved as a file the error",
  "dead-letter.resend": "sent again the dead letter",
  "dead-letter.drop": "dropped the dead letter",
  "rule.create": "made the alert rule",
  "rule.edit": "changed the alert rule",
  "rule.remove": "deleted the alert rule",
  "rule.snooze": "silenced or unsilenced the alert rule",
  "alert-channel.create": "made the alert channel",
  "alert-channel.edit": "changed the alert channel",
  "alert-channel.remove": "deleted the alert channel",
  "monitor.add": "made the cron monitor",
  "monitor.edit": "changed the cron monitor",
  "monitor.remove": "deleted the cron monitor",
};

/** What was done, without who and to what. */
export const auditVerb = (event: string): string => verbs[event] ?? event;

/** An event as a choice of a filter: "Project · scrubbing edit". */
export function auditOption(event: string): string {
  const [kind = "", what = ""] = event.split(".");
  const words = (s: string) => s.replaceAll("-", " ").replace("projectkey", "key");
  return `${words(kind).replace(/^./, (c) => c.toUpperCase())} · ${words(what)}`;
}

/** What an entry is about, by its name or id; empty where the person did it to themselves. */
export function auditTarget(e: AuditLog): string {
  if (e.event === "user.sign-in") return "";
  if (e.targetKind === "user" && e.actor && e.targetObject === e.actor.id) return "their own account";
  if (e.targetKind === "key") return e.targetName ? `${e.targetName} ${e.targetObject}` : e.targetObject;
  return e.targetName || e.targetObject;
}

/** What changed, a line each: "role: member → admin". */
export function auditChanges(data: Record<string, unknown>): string[] {
  const lines: string[] = [];
  for (const [name, value] of Object.entries(data)) {
    if (name === "changed" && isRecord(value)) lines.push(...auditChanges(value));
    else if (isRecord(value)) lines.push("to" in value ? `${label(name)}: ${shown(value.from)} → ${shown(value.to)}` : `${label(name)} changed`);
    else if (value !== "" && value !== null) lines.push(`${label(name)}: ${shown(value)}`);
  }
  return lines;
}

const isRecord = (v: unknown): v is Record<string, unknown> => typeof v === "object" && v !== null && !Array.isArray(v);

/** sensitiveFields → sensitive fields; scrub.defaults → scrub, defaults. */
const label = (name: string) =>
  name
    .replaceAll(".", ", ")
    .replaceAll(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase();

function shown(v: unknown): string {
  if (v === null || v === undefined || v === "") return "none";
  if (v === true) return "on";
  if (v === false) return "off";
  if (Array.isArray(v)) {
    if (v.length === 0) return "none";
    return v.every((x) => typeof x !== "object") ? v.join(", ") : `${v.length} ${v.length === 1 ? "entry" : "entries"}`;
  }
  return typeof v === "object" ? JSON.stringify(v) : String(v as string | number);
}
