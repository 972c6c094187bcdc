import { client } from "./gen/client.gen";

/** What the server said no with. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

client.setConfig({ baseUrl: "", credentials: "same-origin" });

client.interceptors.error.use((error, response) => {
  const detail = typeof error === "object" && error !== null && "detail" in error ? (error as { detail: unknown }).detail : error;
  const status = response instanceof Response ? response.status : 0;
  if (status === 0) return new ApiError(0, "The server did not answer.");
  return new ApiError(status, typeof detail === "string" && detail !== "" ? detail : `The server answered ${status}.`);
});

/** One page of a list, with the cursors of its Link header. */
export interface Page<T> {
  rows: T;
  previous: string | null;
  next: string | null;
  /** All that match, when the server counted them. */
  hits: number | null;
}

/** Makes a page of an answer of the generated client. */
export function toPage<T>(answer: { data: T; response: Response }): Page<T> {
  const links = readLink(answer.response.headers.get("Link"));
  const hits = answer.response.headers.get("X-Hits");
  return { rows: answer.data, previous: links.previous, next: links.next, hits: hits === null ? null : Number(hits) };
}

/** The cursors of a Link header; a relation without results has none. */
export function readLink(header: string | null): { previous: string | null; next: string | null } {
  const found: Record<string, string> = {};
  for (const part of (header ?? "").split(/,\s*(?=<)/)) {
    const value = (name: string) => new RegExp(`;\\s*${name}="([^"]*)"`).exec(part)?.[1];
    const rel = value("rel");
    const cursor = value("cursor");
    if (rel && cursor && value("results") === "true") found[rel] = cursor;
  }
  return { previous: found.previous ?? null, next: found.next ?? null };
}

export const errorMessage = (error: unknown): string => (error instanceof Error ? error.message : "Something went wrong.");
