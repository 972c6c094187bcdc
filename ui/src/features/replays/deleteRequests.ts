import type { DataStruct, Replay } from "@/api/gen";

export interface DeleteRequest {
  project: string;
  data: DataStruct;
}

const EDGE_MS = 1000;
const units: Record<string, number> = { s: 1000, m: 60_000, h: 3600_000, d: 86_400_000, w: 7 * 86_400_000 };

/** A period back from now, such as 14d, as a range. */
export function rangeOf(period: string, now: number): { rangeStart: string; rangeEnd: string } {
  const m = /^(\d+)([smhdw])$/.exec(period);
  const ms = m ? Number(m[1]) * (units[m[2] ?? ""] ?? 0) : 14 * 86_400_000;
  return { rangeStart: new Date(now - ms).toISOString(), rangeEnd: new Date(now).toISOString() };
}

/** The jobs that delete these replays and no others: one for each project, by id. */
export function deleteRequests(replays: readonly Replay[]): DeleteRequest[] {
  const byProject = new Map<string, Replay[]>();
  for (const r of replays) if (r.project_id && r.started_at) byProject.set(r.project_id, [...(byProject.get(r.project_id) ?? []), r]);
  return [...byProject].map(([project, list]) => {
    const times = list.flatMap((r) => [Date.parse(r.started_at ?? ""), Date.parse(r.finished_at ?? r.started_at ?? "")]);
    return {
      project,
      data: {
        rangeStart: new Date(Math.min(...times) - EDGE_MS).toISOString(),
        rangeEnd: new Date(Math.max(...times) + EDGE_MS).toISOString(),
        environments: [],
        query: `id:[${list.map((r) => r.id).join(",")}]`,
      },
    };
  });
}
