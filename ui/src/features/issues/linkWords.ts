import type { ReplayLink } from "@/api/gen";
import { duration } from "@/lib/format";

// Why an error and a replay belong together, in words a person would say.

const signalWords: Record<string, string> = {
  dsc: "the id in the trace header",
  baggage: "the id in the request’s baggage",
  event_context: "the id in the event",
  event_tag: "the id in a tag of the event",
  attribute: "the id in an attribute",
  error_ids: "the recording names the error",
  recorded_header: "the same request in the recording",
  trace_ids: "the same trace in the recording",
  trace_bridge: "another item of the trace names the replay",
  request_shape: "a request of the same method, address, status and time",
  same_user: "the same user at the same time",
  feedback: "the feedback names the replay",
  recording: "the issue was made from the recording",
};

const tierTitles = ["Linked", "Linked", "Linked", "Linked", "Matched by request", "Possible"];

export interface LinkWords {
  title: string;
  /** The signals, and what else one should know. */
  details: string[];
}

export function linkWords(link: Pick<ReplayLink, "tier" | "signals" | "flags" | "reason" | "offsetMs">, length: number | null): LinkWords {
  const signals = link.signals.map((s) => signalWords[s] ?? s.replaceAll("_", " "));
  const reason = link.reason.charAt(0).toLowerCase() + link.reason.slice(1);
  const title = /^(linked|matched|possible)/i.test(link.reason) ? link.reason : `${tierTitles[link.tier] ?? "Linked"}: ${reason}`;
  const details: string[] = [];
  if (signals.length > 1) details.push(`${signals.length} signals agree: ${signals.join("; ")}.`);
  else if (signals[0]) details.push(`Known by ${signals[0]}.`);
  if (link.flags.includes("before_session")) details.push("The error came before the recording began, in the same page load.");
  if (link.flags.includes("after_session")) {
    const late = link.offsetMs !== null && length !== null ? link.offsetMs - length : null;
    details.push(`The error came ${late !== null && late > 0 ? `${duration(late)} ` : ""}after the session had ended.`);
  }
  if (link.flags.includes("ambiguous")) details.push("Several sessions share this trace.");
  if (link.tier === 5) details.push("Nothing ties them for certain, so it is not counted.");
  return { title, details };
}
