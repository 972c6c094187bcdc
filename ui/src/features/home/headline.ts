import type { Issue } from "@/api/gen";
import { count, plural } from "@/lib/format";

// The one sentence Home opens with: a template over counts, no more.

export interface Broken {
  issue: Issue;
  why: "regressed" | "new" | "open";
}

/** What broke since a moment, what came back before what is new, then by how many people met it. */
export function whatBroke(issues: readonly Issue[], since: number): Broken[] {
  const rank = { regressed: 0, new: 1, open: 2 };
  const why = (i: Issue): Broken["why"] => (i.substatus === "regressed" && Date.parse(i.lastSeen) >= since ? "regressed" : Date.parse(i.firstSeen) >= since ? "new" : "open");
  return issues
    .map((issue) => ({ issue, why: why(issue) }))
    .sort((a, b) => rank[a.why] - rank[b.why] || b.issue.userCount - a.issue.userCount || Number(b.issue.count) - Number(a.issue.count));
}

export type Words = { text: string; strong?: boolean; issue?: Issue }[];

export function headline(broken: readonly Broken[]): Words {
  const fresh = broken.filter((b) => b.why !== "open");
  const [worst, ...others] = fresh;
  if (!worst) return broken.length > 0 ? [{ text: "Nothing new broke.", strong: true }, { text: ` ${plural(broken.length, "issue")} ${broken.length === 1 ? "is" : "are"} still open.` }] : [{ text: "All quiet.", strong: true }, { text: " No issue is open." }];
  const { issue, why } = worst;
  const { replayCount } = issue.hindsight;
  const name = issue.metadata.type || issue.title;
  return [
    { text: `${name} in ${issue.project.slug}`, strong: true },
    { text: why === "regressed" ? " came back: " : " is new: " },
    { text: issue.shortId, issue },
    { text: issue.userCount > 0 ? `; ${plural(issue.userCount, "person", "people")} met it` : `; ${plural(Number(issue.count), "event")}` },
    ...(replayCount > 0 ? [{ text: " and " }, { text: plural(replayCount, "replay"), strong: true }, { text: ` ${replayCount === 1 ? "shows" : "show"} how.` }] : [{ text: ", without a replay." }]),
    { text: others.length > 0 ? ` ${count(others.length)} more broke.` : " Everything else is quiet." },
  ];
}
