// What browser SDKs say of a body they recorded or could not record
// (sentry-javascript: packages/replay-internal/src/types/request.ts), in words.
const words: Record<string, string> = {
  MAYBE_JSON_TRUNCATED: "The recorder cut this body; it may be no whole JSON.",
  TEXT_TRUNCATED: "The recorder cut this body at its limit of 150 kB.",
  JSON_TRUNCATED: "The recorder cut this body at its limit of 150 kB.",
  URL_SKIPPED: "Not recorded: add this address to networkDetailAllowUrls of replayIntegration to see headers and bodies.",
  BODY_PARSE_ERROR: "The recorder could not read this body.",
  BODY_PARSE_TIMEOUT: "Reading this body took too long, so the recorder let it go.",
  UNPARSEABLE_BODY_TYPE: "A body of this kind is not recorded.",
  INVALID_JSON: "This body says that it is JSON, and is not.",
};

export const bodyNotes = (warnings: readonly string[]): string[] => [...new Set(warnings.map((w) => words[w] ?? w.replaceAll("_", " ").toLowerCase()))];
