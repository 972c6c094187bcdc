import type { Recipient } from "./ruleForm";

/** A condition, filter or action as the API has it: told apart by its id. */
export type Part = { id: string } & Record<string, unknown>;

export type Input =
  | { kind: "number"; key: string; min?: number }
  | { kind: "text"; key: string; placeholder: string }
  | { kind: "choice"; key: string; options: [value: string, label: string][] }
  | { kind: "words"; text: string };

/** How a part is said: words and inputs, in the order of a sentence. */
export interface PartForm {
  id: string;
  label: string;
  fresh: Record<string, unknown>;
  inputs: Input[];
}

const condition = (path: string) => `sentry.rules.conditions.${path}`;
const filter = (path: string) => `sentry.rules.filters.${path}`;
const words = (text: string): Input => ({ kind: "words", text });

const windows: [string, string][] = [["1m", "a minute"], ["5m", "5 minutes"], ["15m", "15 minutes"], ["1h", "an hour"], ["1d", "a day"], ["1w", "a week"], ["30d", "30 days"]];
const matches: [string, string][] = [["eq", "is"], ["ne", "is not"], ["co", "contains"], ["nc", "does not contain"], ["sw", "begins with"], ["ew", "ends with"], ["is", "is set"], ["ns", "is not set"]];
const levels: [string, string][] = [["50", "fatal"], ["40", "error"], ["30", "warning"], ["20", "info"], ["10", "debug"]];

const frequency = (id: string, label: string, what: string): PartForm => ({
  id: condition(`event_frequency.${id}`),
  label,
  fresh: { comparisonType: "count", value: 100, interval: "1h" },
  inputs: [words("it has more than"), { kind: "number", key: "value", min: 0 }, words(`${what} in`), { kind: "choice", key: "interval", options: windows }],
});

/** What can set a rule off. */
export const conditions: PartForm[] = [
  { id: condition("first_seen_event.FirstSeenEventCondition"), label: "A new issue is created", fresh: {}, inputs: [words("a new issue is created")] },
  { id: condition("regression_event.RegressionEventCondition"), label: "An issue comes back after it was resolved", fresh: {}, inputs: [words("an issue comes back after it was resolved")] },
  { id: condition("reappeared_event.ReappearedEventCondition"), label: "An archived issue escalates", fresh: {}, inputs: [words("an archived issue escalates")] },
  { id: "hindsight.conditions.backend_replay.BackendErrorWithReplayCondition", label: "A backend error has a replay", fresh: {}, inputs: [words("a backend error has a replay, also when the replay comes later")] },
  { id: condition("high_priority_issue.NewHighPriorityIssueCondition"), label: "A new issue has high priority", fresh: {}, inputs: [words("a new issue has high priority")] },
  frequency("EventFrequencyCondition", "An issue has many events", "events"),
  frequency("EventUniqueUserFrequencyCondition", "An issue has many users", "users"),
  { id: "hindsight.conditions.check_in.CheckInFailureCondition", label: "A scheduled job fails or is missed", fresh: {}, inputs: [words("a scheduled job fails or is missed")] },
  { id: "hindsight.conditions.resolved.IssueResolvedCondition", label: "An issue is resolved", fresh: {}, inputs: [words("an issue is resolved")] },
  { id: condition("every_event.EveryEventCondition"), label: "Any event", fresh: {}, inputs: [words("an issue has an event")] },
];

/** What narrows a rule. */
export const filters: PartForm[] = [
  { id: filter("level.LevelFilter"), label: "Level", fresh: { level: "40", match: "gte" }, inputs: [words("the level is"), { kind: "choice", key: "match", options: [["eq", "exactly"], ["gte", "at least"], ["lte", "at most"]] }, { kind: "choice", key: "level", options: levels }] },
  { id: filter("tagged_event.TaggedEventFilter"), label: "Tag", fresh: { key: "", match: "eq", value: "" }, inputs: [words("the tag"), { kind: "text", key: "key", placeholder: "plan" }, { kind: "choice", key: "match", options: matches }, { kind: "text", key: "value", placeholder: "paid" }] },
  { id: filter("event_attribute.EventAttributeFilter"), label: "Attribute of the event", fresh: { attribute: "exception.type", match: "eq", value: "" }, inputs: [words("the event’s"), { kind: "choice", key: "attribute", options: ["message", "exception.type", "exception.value", "platform", "environment", "user.id", "user.email", "http.method", "http.url", "stacktrace.filename", "stacktrace.module", "error.handled"].map((a) => [a, a]) }, { kind: "choice", key: "match", options: matches }, { kind: "text", key: "value", placeholder: "TypeError" }] },
  { id: filter("issue_occurrences.IssueOccurrencesFilter"), label: "Number of events so far", fresh: { value: 10 }, inputs: [words("the issue has had at least"), { kind: "number", key: "value", min: 1 }, words("events")] },
  { id: filter("age_comparison.AgeComparisonFilter"), label: "Age of the issue", fresh: { comparison_type: "older", value: 1, time: "hour" }, inputs: [words("the issue is"), { kind: "choice", key: "comparison_type", options: [["older", "older than"], ["newer", "newer than"]] }, { kind: "number", key: "value", min: 0 }, { kind: "choice", key: "time", options: [["minute", "minutes"], ["hour", "hours"], ["day", "days"], ["week", "weeks"]] }] },
  { id: filter("assigned_to.AssignedToFilter"), label: "Nobody has it", fresh: { targetType: "Unassigned" }, inputs: [words("the issue is assigned to nobody")] },
  { id: filter("latest_release.LatestReleaseFilter"), label: "Latest release", fresh: {}, inputs: [words("the event is of the latest release")] },
  { id: "hindsight.filters.first_release.FirstReleaseFilter", label: "Began in this release", fresh: {}, inputs: [words("the issue began in the event’s release")] },
  { id: "hindsight.filters.has_replay.HasReplayFilter", label: "Has a replay", fresh: {}, inputs: [words("the event has a replay that plays")] },
  { id: filter("issue_category.IssueCategoryFilter"), label: "Category", fresh: { value: "1" }, inputs: [words("the issue is"), { kind: "choice", key: "value", options: [["1", "an error"], ["4", "of a scheduled job"], ["6", "feedback"]] }] },
];

export const mailAction = "sentry.mail.actions.NotifyEmailAction";
export const channelAction = "hindsight.actions.channel.ChannelAction";

const targets: Record<string, "member" | "team"> = { Member: "member", Team: "team" };

/** Whom an action tells. */
export function recipientOf(a: Part): Recipient {
  if (a.id === channelAction) return { to: "channel", id: String(a.channelId) };
  const to = targets[String(a.targetType)];
  if (a.id === mailAction && to) return { to, id: String(a.targetIdentifier) };
  if (a.id === mailAction) return { to: "assignee" };
  return { to: "other", words: String(a.name ?? a.id) };
}

/** The action that tells somebody; one that came from elsewhere is never made here. */
export function actionOf(r: Recipient): Part {
  switch (r.to) {
    case "channel":
      return { id: channelAction, channelId: r.id };
    case "member":
      return { id: mailAction, targetType: "Member", targetIdentifier: r.id };
    case "team":
      return { id: mailAction, targetType: "Team", targetIdentifier: r.id };
    default:
      return { id: mailAction, targetType: "IssueOwners", fallthroughType: "AllMembers" };
  }
}

export const formOf = (forms: PartForm[], id: string): PartForm | undefined => forms.find((f) => f.id === id);

/** A part says what it is in words of the server's; this is what is sent back: no words. */
export function bare(part: Part): Part {
  const rest = { ...part };
  delete rest.name;
  return rest;
}

export interface ChannelField {
  key: "url" | "secret" | "token" | "chatId" | "topic" | "key" | "to";
  label: string;
  placeholder: string;
  secret?: boolean;
  optional?: boolean;
}

export interface ChannelKind {
  kind: string;
  label: string;
  how: string;
  fields: ChannelField[];
}

/** The kinds of channel and what each needs. */
export const channelKinds: ChannelKind[] = [
  { kind: "email", label: "E-mail", how: "To fixed addresses, through the server’s mail server.", fields: [{ key: "to", label: "Addresses, one per line", placeholder: "oncall@example.com" }] },
  { kind: "slack", label: "Slack", how: "An incoming webhook of a Slack app, for one channel.", fields: [{ key: "url", label: "Webhook address", placeholder: "https://hooks.slack.com/services/…", secret: true }] },
  { kind: "msteams", label: "Microsoft Teams", how: "A workflow “when a Teams webhook request is received” that posts a card.", fields: [{ key: "url", label: "Workflow address", placeholder: "https://….logic.azure.com/…", secret: true }] },
  { kind: "discord", label: "Discord", how: "A webhook from the channel’s integrations.", fields: [{ key: "url", label: "Webhook address", placeholder: "https://discord.com/api/webhooks/…", secret: true }] },
  { kind: "webhook", label: "Webhook", how: "JSON by POST with an Idempotency-Key; signed when there is a secret.", fields: [{ key: "url", label: "Address", placeholder: "https://example.com/alerts" }, { key: "secret", label: "Signing secret", placeholder: "at least 16 characters", secret: true, optional: true }] },
  { kind: "pagerduty", label: "PagerDuty", how: "Events API v2 of a service; one incident per issue.", fields: [{ key: "key", label: "Integration key", placeholder: "32 characters", secret: true }] },
  { kind: "telegram", label: "Telegram", how: "A bot, and the chat it writes to.", fields: [{ key: "token", label: "Bot token", placeholder: "123456:ABC…", secret: true }, { key: "chatId", label: "Chat id", placeholder: "-1001234567890" }] },
  { kind: "ntfy", label: "ntfy", how: "A topic on ntfy.sh or a server of yours.", fields: [{ key: "topic", label: "Topic", placeholder: "my-alerts" }, { key: "url", label: "Server", placeholder: "https://ntfy.sh", optional: true }, { key: "token", label: "Access token", placeholder: "tk_…", secret: true, optional: true }] },
];

export const kindLabel = (kind: string) => channelKinds.find((k) => k.kind === kind)?.label ?? kind;
