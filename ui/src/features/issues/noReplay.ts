import type { IconName } from "@/components/Icon";

// Why an event has no replay that plays, in words, with what one line would change that.

export interface NoReplay {
  icon: IconName;
  title: string;
  text: string;
  /** A line to add to the app. */
  add?: string;
  /** How far the wait is, 0–1. */
  progress?: number;
  note?: string;
}

const ARRIVING_MS = 60_000; // segments arrive within 50 s of activity
const FINAL_MS = 75 * 60_000; // the longest recording, with a margin

export function whyNoReplay(e: {
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
}): NoReplay {
  const waited = Math.max(0, e.now - e.received);
  if (e.state === "deleted") return { icon: "x", title: "Deleted", text: "The replay of this session was deleted. The error and its trace stay." };
  if (e.state === "available" && e.unplayable > 0) return { icon: "error", title: "Does not play", text: "The recording came in but none of its pieces can be read. They are kept as they came.", note: `${e.unplayable} unreadable` };
  if (e.replayId || e.expectsReplay) {
    if (e.state !== "missing" && waited < ARRIVING_MS) {
      const seconds = Math.floor(waited / 1000);
      return { icon: "replay", title: "Still arriving", text: `The browser named a replay ${seconds} s ago. Its first piece is due within 60 s; this turns into the player by itself.`, progress: waited / ARRIVING_MS, note: `${seconds} of 60 s` };
    }
    if (e.state !== "missing" && waited < FINAL_MS) return { icon: "gap", title: "Not received yet", text: "The browser said that it records, but no piece of the recording has come in so far.", note: "Heals by itself if it comes later" };
    return { icon: "gap", title: "Never arrived", text: e.reason ? sentenceOf(e.reason) : "The id came with the request, the recording did not: the tab closed before the first send, or the session was kept in the buffer and never flushed.", note: "Heals by itself if it comes later" };
  }
  if (e.side === "browser") return { icon: "eyeoff", title: "Not sampled", text: "This session was not recorded. To keep every session that fails:", add: "replaysOnErrorSampleRate: 1.0" };
  if (!e.hasTrace) return { icon: "server", title: "No trace", text: "This error carries no trace, so nothing ties it to a browser. Turn tracing on in the service's SDK:", add: "tracesSampleRate: 1.0" };
  return { icon: "server", title: "No browser involved", text: "No replay id came with this request, and no recorded session shares its trace. If a browser did call it, its SDK does not record or does not send its headers here:", add: "integrations: [Sentry.replayIntegration()]" };
}

const sentenceOf = (words: string) => `${words.charAt(0).toUpperCase()}${words.slice(1)}${/[.!?]$/.test(words) ? "" : "."}`;
