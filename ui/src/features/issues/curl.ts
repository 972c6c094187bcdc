// "Copy as curl": the words are quoted for a POSIX shell, since they come from strangers.

interface Request {
  method: string | null;
  url: string;
  query: [string, string][];
  headers: [string, string][];
  data: unknown;
}

const quote = (s: string) => `'${s.replaceAll("'", `'\\''`)}'`;

// What curl sets itself, or what makes no sense a second time.
const skip = new Set(["host", "content-length", "accept-encoding", "connection"]);

export function toCurl(r: Request): string {
  const method = (r.method ?? "GET").toUpperCase();
  const query = r.query.map(([k, v]) => `${encodeURIComponent(k)}=${encodeURIComponent(v)}`).join("&");
  const url = query && !r.url.includes("?") ? `${r.url}?${query}` : r.url;
  const lines = [`curl ${quote(url)}`];
  if (method !== "GET") lines.push(`-X ${quote(method)}`);
  for (const [name, value] of r.headers) {
    if (!skip.has(name.toLowerCase()) && !name.startsWith(":")) lines.push(`-H ${quote(`${name}: ${value}`)}`);
  }
  if (r.data !== null && r.data !== undefined && r.data !== "") lines.push(`--data-raw ${quote(typeof r.data === "string" ? r.data : JSON.stringify(r.data))}`);
  return lines.join(" \\\n  ");
}
