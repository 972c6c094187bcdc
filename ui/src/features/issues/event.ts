import type { BreadcrumbsData, Event, ExceptionData, ExceptionValue, RequestData, Stacktrace, ThreadsData } from "@/api/gen";
import { fromSide } from "@/components/basics";
import type { StoryEvent } from "./story";

interface Entries {
  exception: ExceptionData;
  stacktrace: Stacktrace;
  threads: ThreadsData;
  breadcrumbs: BreadcrumbsData;
  request: RequestData;
}

/** One of an event's entries, by its kind. */
export function entryOf<K extends keyof Entries>(event: Event, type: K): Entries[K] | null {
  return (event.entries.find((e) => e.type === type)?.data as Entries[K] | undefined) ?? null;
}

/** The exceptions, oldest cause first; a bare stack trace or the crashed thread counts as one. */
export function exceptionsOf(event: Event): ExceptionValue[] {
  const values = entryOf(event, "exception")?.values ?? [];
  if (values.length > 0) return values;
  const threads = entryOf(event, "threads")?.values ?? [];
  const stacktrace = entryOf(event, "stacktrace") ?? threads.find((t) => t.crashed || t.current)?.stacktrace ?? null;
  return stacktrace ? [{ type: event.title, value: "", module: null, threadId: null, mechanism: null, stacktrace, rawStacktrace: null }] : [];
}

export function toStoryEvent(event: Event): StoryEvent {
  const raised = exceptionsOf(event).at(-1);
  const frames = raised?.stacktrace?.frames ?? [];
  const frame = frames.findLast((f) => f.inApp) ?? frames.at(-1);
  const line = frame?.context.find(([n]) => n === frame.lineNo)?.[1];
  const file = frame ? (frame.filename ?? frame.module ?? null) : null;
  const trace = event.contexts.trace;
  return {
    id: event.eventID,
    at: Date.parse(event.dateCreated),
    side: fromSide(event.hindsight.side),
    type: raised?.type ?? event.metadata.type ?? event.title,
    value: raised?.value ?? event.metadata.value ?? event.message,
    project: event.projectSlug,
    spanId: typeof trace?.span_id === "string" ? trace.span_id : null,
    place: file ? `${shortPath(file)}${frame?.lineNo != null ? `:${frame.lineNo}` : ""}` : null,
    source: line?.trim() ?? null,
  };
}

/** The last two parts of a path: "payment/charge.go". */
export const shortPath = (path: string) => path.split("/").filter(Boolean).slice(-2).join("/");
