import type { KindStorage, ProjectStorage } from "@/api/gen";

const names: Record<string, string> = {
  errors: "Errors",
  spans: "Spans",
  logs: "Logs",
  replays: "Replays",
  items: "Metrics, profiles, others",
  sessions: "Sessions",
  feedback: "Feedback",
  attachments: "Attachments",
  uploads: "Source maps, debug files",
};

export const kindName = (kind: string): string => names[kind] ?? kind;

/** How sure a number is, as a word before it. */
export const sure = (k: KindStorage): string => (k.sure === "exact" ? "" : `${k.sure} `);

const order = ["exact", "about", "at least"];

/** What each kind takes over all projects; as unsure as its least sure part, with the oldest of all. */
export function sumOfKinds(projects: ProjectStorage[]): KindStorage[] {
  const sums = new Map<string, KindStorage>();
  for (const k of projects.flatMap((p) => p.kinds)) {
    const s = sums.get(k.kind);
    if (!s) sums.set(k.kind, { ...k });
    else {
      s.rows += k.rows;
      s.bytes += k.bytes;
      if (order.indexOf(k.sure) > order.indexOf(s.sure)) s.sure = k.sure;
      if (k.oldest && (!s.oldest || k.oldest < s.oldest)) s.oldest = k.oldest;
      s.days = s.days === 0 || k.days === 0 ? 0 : Math.max(s.days, k.days);
    }
  }
  return [...sums.values()];
}
