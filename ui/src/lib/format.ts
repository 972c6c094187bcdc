// The one place that turns numbers and times into words.

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const groups = new Intl.NumberFormat("en-US");

const two = (n: number) => String(Math.floor(n)).padStart(2, "0");

/** "1,284"; from 100 000 on "128k", "1.3M". Takes the API's strings of digits too. */
export function count(value: number | string | null | undefined): string {
  const n = typeof value === "string" ? Number(value) : (value ?? 0);
  if (!Number.isFinite(n)) return "0";
  if (n >= 1e6) return `${trim(n / 1e6)}M`;
  if (n >= 1e5) return `${trim(n / 1e3)}k`;
  return groups.format(n);
}

/** "1 event", "3 events"; the plural is the word with an s unless given. */
export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

function trim(n: number): string {
  return n >= 100 ? String(Math.round(n)) : n.toFixed(1).replace(/\.0$/, "");
}

/** How long something took: "0.4 ms", "421 ms", "1.84 s", "2 min 8 s", "3 h 2 min". */
export function duration(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return "–";
  if (ms < 10) return `${ms.toFixed(1).replace(/\.0$/, "")} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(2).replace(/0+$/, "").replace(/\.$/, "")} s`;
  if (ms < 60_000) return `${trim(ms / 1000)} s`;
  const s = Math.round(ms / 1000);
  if (s < 3600) return s % 60 === 0 ? `${s / 60} min` : `${Math.floor(s / 60)} min ${s % 60} s`;
  const m = Math.round(s / 60);
  return m % 60 === 0 ? `${m / 60} h` : `${Math.floor(m / 60)} h ${m % 60} min`;
}

/** A position in a recording: "06:05", "1:02:03"; "00:04.2" in one too short for seconds. Never negative. */
export function clock(ms: number, tenths = false): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (tenths) return `${clock(ms)}.${Math.floor(Math.max(0, ms) / 100) % 10}`;
  return s < 3600 ? `${two(s / 60)}:${two(s % 60)}` : `${Math.floor(s / 3600)}:${two((s % 3600) / 60)}:${two(s % 60)}`;
}

/** Seconds from a moment, with a true minus: "−0.412", "0.000", "+1.3 s" beyond ten seconds. */
export function offset(ms: number): string {
  const sign = ms < -0.5 ? "−" : ms > 0.5 ? "+" : "";
  const abs = Math.abs(ms);
  if (abs >= 60_000) return `${sign}${clock(abs)}`;
  return `${sign}${(abs / 1000).toFixed(abs >= 10_000 ? 1 : 3)}`;
}

/** The time since a moment, in one unit: "12 s", "3 min", "5 h", "2 d", "7 w", "4 mo", "2 y". */
export function age(then: number | string, now: number): string {
  const s = Math.max(0, (now - toMs(then)) / 1000);
  if (s < 60) return `${Math.floor(s)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h`;
  const d = s / 86_400;
  if (d < 14) return `${Math.floor(d)} d`;
  if (d < 70) return `${Math.floor(d / 7)} w`;
  if (d < 730) return `${Math.floor(d / 30.44)} mo`;
  return `${Math.floor(d / 365.25)} y`;
}

/** "just now", or the age with "ago". */
export function ago(then: number | string, now: number): string {
  return now - toMs(then) < 5_000 ? "just now" : `${age(then, now)} ago`;
}

/** In the reader's time zone: "20 Nov 14:32:07", with milliseconds "20 Nov 14:32:07.418", in another year "20 Nov 2025 14:32:07". */
export function dateTime(at: number | string, options: { ms?: boolean; now?: number } = {}): string {
  const d = new Date(toMs(at));
  if (Number.isNaN(d.getTime())) return "–";
  const year = d.getFullYear() === new Date(options.now ?? Date.now()).getFullYear() ? "" : ` ${d.getFullYear()}`;
  const fraction = options.ms ? `.${String(d.getMilliseconds()).padStart(3, "0")}` : "";
  return `${d.getDate()} ${months[d.getMonth()]}${year} ${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}${fraction}`;
}

/** "20 Nov", in another year "20 Nov 2025". */
export function day(at: number | string, now = Date.now()): string {
  const d = new Date(toMs(at));
  if (Number.isNaN(d.getTime())) return "–";
  const year = d.getFullYear() === new Date(now).getFullYear() ? "" : ` ${d.getFullYear()}`;
  return `${d.getDate()} ${months[d.getMonth()]}${year}`;
}

/** "14:32:07.418" */
export function timeOfDay(at: number | string): string {
  const d = new Date(toMs(at));
  if (Number.isNaN(d.getTime())) return "–";
  return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}.${String(d.getMilliseconds()).padStart(3, "0")}`;
}

/** "38 B", "18.4 kB", "1.2 MB" (powers of ten). */
export function bytes(n: number | null | undefined): string {
  if (n == null || !Number.isFinite(n)) return "–";
  if (n < 1000) return `${Math.round(n)} B`;
  if (n < 1e6) return `${trim(n / 1e3)} kB`;
  if (n < 1e9) return `${trim(n / 1e6)} MB`;
  return `${trim(n / 1e9)} GB`;
}

/** "61%", below one percent "<1%". */
export function percent(part: number, whole: number): string {
  if (whole <= 0) return "–";
  const p = (part / whole) * 100;
  return p > 0 && p < 1 ? "<1%" : `${Math.round(p)}%`;
}

/** Two letters for a person: "ivan@example.com" → "IV", "Mara Lind" → "ML". Pictures in a name are no letters. */
export function initials(name: string): string {
  const words = name.replace(/@.*/, "").split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  const letters = words.map((w) => [...w]);
  const [first, second] = letters;
  if (!first) return [...name.trim()][0] ?? "?";
  return (second ? `${first[0]}${second[0]}` : first.slice(0, 2).join("")).toUpperCase();
}

export function toMs(at: number | string): number {
  return typeof at === "number" ? at : Date.parse(at);
}

/** The first eight letters of a long id. */
export const shortHex = (id: string) => id.slice(0, 8);
