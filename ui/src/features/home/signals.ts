const names: Record<string, string> = {
  dsc: "id in the trace header",
  baggage: "id in the request’s baggage",
  event_context: "id in the event",
  event_tag: "id in a tag",
  attribute: "id in an attribute",
  error_ids: "the recording names the error",
  recorded_header: "the very request",
  trace_ids: "the recording names the trace",
  trace_bridge: "same trace as the page",
  request_shape: "matched by request",
  feedback: "feedback",
  recording: "made from the recording",
};

/** A link's signal in few words. */
export const signalName = (signal: string): string => names[signal] ?? signal.replaceAll("_", " ");
