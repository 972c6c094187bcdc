import type { Stats } from "@/api/gen";

// What became of everything that was sent, added up for a picture: every item has one outcome.

export const kinds = ["accepted", "filtered", "rate_limited", "invalid", "client_discard"] as const;
export type Kind = (typeof kinds)[number];

export interface Outcomes {
  /** Of all kinds. */
  total: number;
  of: Record<Kind, { n: number; /** What it was mostly: "replay", "browser extensions". */ why: string }>;
  /** By interval. */
  bars: { at: string; of: Record<Kind, number> }[];
}

const zero = (): Record<Kind, number> => ({ accepted: 0, filtered: 0, rate_limited: 0, invalid: 0, client_discard: 0 });
const FIELD = "sum(quantity)";

/** Outcomes that have no colour of their own (abuse, cardinality) are limits too. */
const kindOf = (outcome: unknown): Kind => kinds.find((k) => k === outcome) ?? "rate_limited";

export function readOutcomes(stats: Stats): Outcomes {
  const totals = zero();
  const bars = stats.intervals.map((at) => ({ at, of: zero() }));
  const whys = new Map<Kind, Map<string, number>>();
  for (const g of stats.groups) {
    const kind = kindOf(g.by.outcome);
    const n = g.totals[FIELD] ?? 0;
    totals[kind] += n;
    g.series[FIELD]?.forEach((v, i) => {
      const bar = bars[i];
      if (bar) bar.of[kind] += v;
    });
    const why = [g.by.category, g.by.reason].filter((v): v is string => typeof v === "string" && v !== "").map((v) => v.replaceAll("_", " ")).join(", ");
    const of = whys.get(kind) ?? new Map<string, number>();
    of.set(why, (of.get(why) ?? 0) + n);
    whys.set(kind, of);
  }
  const most = (kind: Kind) => [...(whys.get(kind) ?? [])].sort((a, b) => b[1] - a[1])[0]?.[0] ?? "";
  return {
    total: kinds.reduce((n, k) => n + totals[k], 0),
    of: Object.fromEntries(kinds.map((k) => [k, { n: totals[k], why: k === "accepted" ? "" : most(k) }])) as Outcomes["of"],
    bars,
  };
}
