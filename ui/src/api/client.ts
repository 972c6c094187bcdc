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

/** How many answers one page may be put together from. */
const MAX_PARTS = 50;

/**
 * Reads a page of a list that the server may answer in parts: where few rows match, an answer ends where it was looked
 * for them long enough, with a cursor to go on from. A page that is read backwards is put together backwards.
 */
export async function fillPage<T>(rows: number, cursor: string | undefined, read: (rows: number, cursor: string | undefined) => Promise<Page<T[]>>): Promise<Page<T[]>> {
  let page = await read(rows, cursor);
  const back = cursor !== undefined && !cursor.endsWith(":0");
  for (let parts = 1; parts < MAX_PARTS && page.rows.length < rows; parts++) {
    const on = back ? page.previous : page.next;
    if (on === null) break;
    const more = await read(rows - page.rows.length, on);
    page = back
      ? { ...page, rows: [...more.rows, ...page.rows], previous: more.previous, hits: page.hits ?? more.hits }
      : { ...page, rows: [...page.rows, ...more.rows], next: more.next, hits: page.hits ?? more.hits };
  }
  return page;
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
