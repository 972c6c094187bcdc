import type { IconName } from "@/components/Icon";

// Why an event has no replay that plays, in words, with what one line would change that.

export interface NoReplay {
  icon: IconName;
  title: string;
  text: string;
  /** A line to add, and where. */
  add?: { line: string; where: string };
  /** How far the wait is, 0–1. */
  progress?: number;
  note?: string;
  /** A page of ours where it can be changed. */
  goto?: "limits" | "doctor";
}

const ARRIVING_MS = 60_000; // segments arrive within 50 s of activity
const FINAL_MS = 75 * 60_000; // the longest recording, with a margin

export interface Absence {
  side: "browser" | "server";
  received: number;
  now: number;
  replayId: string | null;
  state: "available" | "pending" | "missing" | "deleted" | null;
  /** What the server knows of it, in words. */
  reason: string | null;
  expectsReplay: boolean;
  unplayable: number;
  hasTrace: boolean;
  /** The request it failed in, by its headers (lower case); null when it was in none. */
  headers: Record<string, string> | null;
  /** A browser reported to the same trace. */
  browserInTrace: boolean;
}

export function whyNoReplay(e: Absence): NoReplay {
  if (e.state === "deleted") return { icon: "x", title: "Deleted", text: e.reason ? sentenceOf(e.reason) : "The replay of this session was deleted.", note: "The error and its trace stay" };
  if (e.state === "available" && e.unplayable > 0) return { icon: "error", title: "Does not play", text: "The recording came in but none of its pieces can be read. They are kept as they came.", note: `${e.unplayable} unreadable` };
  if (e.replayId || e.expectsReplay) return onItsWay(e);
  if (e.side === "browser") return { icon: "eyeoff", title: "Not sampled", text: "This session was not recorded. To keep every session that fails:", add: { line: "replaysOnErrorSampleRate: 1.0", where: "in the browser’s Sentry.init" } };
  return neverNamed(e);
}

/** Something says that there is a recording. */
function onItsWay(e: Absence): NoReplay {
  const waited = Math.max(0, e.now - e.received);
  const named = e.replayId ? "The browser named a replay" : "The page said that it records";
  if (e.state !== "missing" && waited < ARRIVING_MS) {
    const seconds = Math.floor(waited / 1000);
    return {
      icon: "replay",
      title: e.replayId ? "Recording still arriving" : "Replay expected",
      text: `${named} ${seconds} s ago. Its first piece is due within 60 s; this turns into the player by itself.`,
      progress: waited / ARRIVING_MS,
      note: `${seconds} of 60 s`,
    };
  }
  if (e.state !== "missing" && waited < FINAL_MS) return { icon: "gap", title: "Not received yet", text: `${named}, but no piece of it has come in so far.`, note: "Heals by itself if it comes later" };
  const lost = e.reason?.replace(/^recording (lost:|never received;?)\s*/i, "") ?? "";
  if (/rate|quota|limit/i.test(lost)) return { icon: "perf", title: "Lost to a rate limit", text: /^at that time/i.test(lost) ? sentenceOf(lost) : `The recording was refused: ${lost.replace(/\.$/, "")}.`, goto: "limits" };
  if (/did not sample/i.test(lost)) return { icon: "eyeoff", title: "Not sampled", text: sentenceOf(lost), add: { line: "replaysSessionSampleRate: 0.1, replaysOnErrorSampleRate: 1.0", where: "in the browser’s Sentry.init" } };
  if (/larger/i.test(lost)) return { icon: "gap", title: "Too large", text: `The recording was refused: ${lost}.`, goto: "limits" };
  if (/buffer/i.test(lost)) {
    return { icon: "gap", title: "Only buffered", text: "The recorder kept the last minute in memory and never had a reason of its own to send it. To record from the start:", add: { line: "replaysSessionSampleRate: 0.1", where: "in the browser’s Sentry.init" } };
  }
  return {
    icon: "gap",
    title: "Never arrived",
    text: lost ? sentenceOf(lost) : "The id came with the request, the recording did not: the tab closed before the first send, or something between browser and server blocks it.",
    note: "Heals by itself if it comes later",
    goto: "doctor",
  };
}

/** Nothing says that a session was recorded: what the request itself tells. */
function neverNamed(e: Absence): NoReplay {
  const headers = e.headers;
  if (headers && isBrowser(headers["user-agent"] ?? "")) {
    if (!headers["sentry-trace"] && !headers.traceparent && !headers.baggage) {
      return { icon: "eyeoff", title: "The browser sent no trace headers", text: "A browser made this request, and nothing in it says which session. The tracing integration sends them, without any sample rate:", add: { line: "integrations: [Sentry.browserTracingIntegration(), Sentry.replayIntegration()]", where: "in the browser’s Sentry.init" }, goto: "doctor" };
    }
    if (!headers.baggage) return { icon: "eyeoff", title: "The baggage header is missing", text: "The trace came through, the header with the replay’s id did not. A server on another origin has to allow it:", add: { line: "Access-Control-Allow-Headers: baggage, sentry-trace, traceparent", where: "in the answer to the browser’s preflight" }, goto: "doctor" };
    return { icon: "eyeoff", title: "Session not recorded", text: "The browser traced this request and recorded nothing: the session was not sampled, or no replay integration runs. To record sessions:", add: { line: "replaysSessionSampleRate: 0.1, replaysOnErrorSampleRate: 1.0", where: "in the browser’s Sentry.init" } };
  }
  if (e.browserInTrace) return { icon: "eyeoff", title: "Session not recorded", text: "A browser began this trace and recorded nothing. To record sessions:", add: { line: "replaysSessionSampleRate: 0.1, replaysOnErrorSampleRate: 1.0", where: "in the browser’s Sentry.init" } };
  if (!e.hasTrace) return { icon: "server", title: "No trace", text: "This error carries no trace, so nothing ties it to a browser. Turn tracing on in the service’s SDK:", add: { line: "tracesSampleRate: 1.0", where: "in the service’s Sentry init" } };
  return { icon: "server", title: "No browser involved", text: headers ? "This request came from another program, not from a browser." : "This did not happen in a request: a job or a consumer of a queue began it. The story starts there instead of at a click.", note: "Nothing to do" };
}

const isBrowser = (agent: string) => /^Mozilla\//.test(agent);

const sentenceOf = (words: string) => `${words.charAt(0).toUpperCase()}${words.slice(1)}${/[.!?]$/.test(words) ? "" : "."}`;
