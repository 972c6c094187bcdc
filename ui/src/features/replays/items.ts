import type { ReplayItem } from "@/api/gen";
import type { IconName } from "@/components/Icon";
import type { Side } from "@/lib/trace";

/** Something other than an error that happened in a session: a feedback, a log, a run of a job, a request that failed or was slow. */
export interface ItemMark {
  key: string;
  kind: "feedback" | "log" | "run" | "work";
  /** ms since the epoch, by the clock of whoever reported it. */
  at: number;
  side: Side;
  /** How bad it is; null: not at all. */
  level: "error" | "warning" | null;
  /** The words, the line, the job's name, the transaction's name. */
  title: string;
  project: string;
  traceId: string | null;
  spanId: string | null;
  /** ms, of a run or a transaction. */
  took: number | null;
  status: string | null;
  /** Who wrote a feedback. */
  author: string | null;
  tier: number;
}

const kinds: Record<ReplayItem["kind"], ItemMark["kind"]> = { feedback: "feedback", log: "log", check_in: "run", transaction: "work", span: "work" };

/** Items as marks, in the order of time. */
export function toItems(items: readonly ReplayItem[]): ItemMark[] {
  return items
    .map((i): ItemMark => {
      const kind = kinds[i.kind];
      return {
        key: `${i.kind} ${i.id}`,
        kind,
        at: Date.parse(i.timestamp),
        side: kind === "feedback" || i.side === "frontend" ? "browser" : "server",
        level: i.level === "error" || i.level === "fatal" ? "error" : i.level === "warn" || i.level === "warning" ? "warning" : null,
        title: i.title,
        project: i.projectSlug ?? "",
        traceId: i.traceId,
        spanId: i.spanId,
        took: i.durationMs,
        status: i.status,
        author: i.author ?? i.contact,
        tier: i.tier,
      };
    })
    .sort((a, b) => a.at - b.at);
}

export const itemIcon: Record<ItemMark["kind"], IconName> = { feedback: "feedback", log: "log", run: "cron", work: "trace" };

/** What an item is, in words. */
export function itemWord(i: ItemMark): string {
  switch (i.kind) {
    case "feedback":
      return "Feedback";
    case "log":
      return i.level === "error" ? "Error logged" : "Warning logged";
    case "run":
      return i.level === "error" ? "Job failed" : i.status === "in_progress" ? "Job started" : "Job ran";
    case "work":
      return i.level === "error" ? "Failed" : "Slow";
  }
}

export interface ItemGroup {
  left: number;
  items: ItemMark[];
}

const EDGE_MS = 1000; // clocks of servers differ: what is just outside stands at the edge

/** Marks on a stretch of time, as shares of its width: those closer than `near` (a share) become one. */
export function mergeItems(items: readonly ItemMark[], from: number, to: number, near: number): ItemGroup[] {
  const span = Math.max(1, to - from);
  const out: ItemGroup[] = [];
  for (const item of items) {
    if (item.at < from - EDGE_MS || item.at > to + EDGE_MS) continue;
    const left = Math.max(0, Math.min(1, (item.at - from) / span));
    const last = out.at(-1);
    if (last && left - last.left < near) last.items.push(item);
    else out.push({ left, items: [item] });
  }
  return out;
}

/** The worst of some: what a mark of several is drawn as. */
export const worstOf = (items: readonly ItemMark[]): ItemMark | undefined => items.find((i) => i.level === "error") ?? items.find((i) => i.level === "warning") ?? items[0];
