/** A stretch of time with what its runs came to. */
export interface Bucket {
  ts: number; // epoch seconds
  ok: number;
  error: number;
  missed: number;
  timeout: number;
  in_progress: number;
  unknown: number;
}

export type Tone = "bad" | "missed" | "run" | "ok" | "unk" | "none";

/** The worst that happened in a stretch, since that is what one looks for. */
export function tone(b: Bucket): Tone {
  if (b.error + b.timeout > 0) return "bad";
  if (b.missed > 0) return "missed";
  if (b.in_progress > 0) return "run";
  if (b.ok > 0) return "ok";
  return b.unknown > 0 ? "unk" : "none";
}

/** A stretch in words. */
export function say(b: Bucket): string {
  const parts = ([["failed", b.error], ["took too long", b.timeout], ["missed", b.missed], ["running", b.in_progress], ["well", b.ok], ["not known", b.unknown]] as const).flatMap(([what, n]) => (n > 0 ? [`${n} ${what}`] : []));
  return `${new Date(b.ts * 1000).toLocaleString()}: ${parts.join(", ") || "no runs"}`;
}

/** The series of one monitor over all environments, from what monitors-stats says. */
export function sum(series: [number, Record<string, Record<string, number>>][]): Bucket[] {
  return series.map(([ts, environments]) => {
    const b: Bucket = { ts, ok: 0, error: 0, missed: 0, timeout: 0, in_progress: 0, unknown: 0 };
    for (const counts of Object.values(environments)) {
      for (const [status, n] of Object.entries(counts)) if (status in b && status !== "ts") b[status as Exclude<keyof Bucket, "ts">] += n;
    }
    return b;
  });
}

const units: Record<string, string> = { minute: "minute", hour: "hour", day: "day", week: "week", month: "month", year: "year" };

/** A schedule as people say it. */
export function schedule(config: { schedule_type: string; schedule: unknown; timezone: string }): string {
  if (Array.isArray(config.schedule)) {
    const [n, unit] = config.schedule as [number, string];
    return n === 1 ? `every ${units[unit] ?? unit}` : `every ${n} ${units[unit] ?? unit}s`;
  }
  return `${String(config.schedule)} (${config.timezone})`;
}
