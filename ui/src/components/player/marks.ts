import type { ReplayLink } from "@/api/gen";
import type { ErrorMark } from "@/lib/chapters";

/** The errors a replay is linked to, as marks on its time line. */
export function toMarks(links: ReplayLink[]): ErrorMark[] {
  return links.flatMap((l) => {
    if (l.itemKind !== "event" || !l.timestamp || l.tier < 1 || l.tier > 4) return [];
    return [
      {
        id: l.itemId,
        at: Date.parse(l.timestamp),
        side: l.side === "frontend" ? ("browser" as const) : ("server" as const),
        title: l.title ?? "Error",
        project: l.projectSlug ?? "",
        issueId: l.issueId ?? "",
        shortId: l.shortId ?? "",
        level: l.level ?? "error",
        spanId: null,
      },
    ];
  });
}
