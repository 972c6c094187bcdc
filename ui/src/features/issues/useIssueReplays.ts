import { useQueries, useQuery } from "@tanstack/react-query";
import type { Replay, ReplayLink } from "@/api/gen";
import { getReplayOptions } from "@/api/gen/@tanstack/react-query.gen";
import { linksOptions } from "./queries";

/** The newest replays of an issue, without the one in view. */
export function useIssueReplays(org: string, issue: string, without: string | null, rows = 4): { links: ReplayLink[]; replays: Replay[] } {
  const links = useQuery(linksOptions(org, { issue }));
  const ids = [...new Set((links.data ?? []).filter((l) => l.plays && l.tier >= 1 && l.tier <= 4).map((l) => l.replayId))].filter((id) => id !== without).slice(0, rows);
  const replays = useQueries({ queries: ids.map((replay) => ({ ...getReplayOptions({ path: { org, replay } }), staleTime: 60_000 })) });
  return { links: links.data ?? [], replays: replays.flatMap((r) => (r.data ? [r.data.data] : [])) };
}
