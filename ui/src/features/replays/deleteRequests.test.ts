import { expect, it } from "vitest";
import type { Replay } from "@/api/gen";
import { deleteRequests, rangeOf } from "./deleteRequests";

const replay = (id: string, project: string, minute: number) => ({ id, project_id: project, started_at: `2026-11-28T10:${String(minute).padStart(2, "0")}:00Z`, finished_at: null }) as Replay;

it("asks for one job a project, for just those replays and the time they took", () => {
  expect(deleteRequests([replay("a", "3", 10), replay("b", "3", 20), replay("c", "4", 5)])).toEqual([
    { project: "3", data: { rangeStart: "2026-11-28T10:09:59.000Z", rangeEnd: "2026-11-28T10:20:01.000Z", environments: [], query: "id:[a,b]" } },
    { project: "4", data: { rangeStart: "2026-11-28T10:04:59.000Z", rangeEnd: "2026-11-28T10:05:01.000Z", environments: [], query: "id:[c]" } },
  ]);
});

it("reads the period of the page", () => expect(rangeOf("24h", Date.parse("2026-11-28T10:00:00Z")).rangeStart).toBe("2026-11-27T10:00:00.000Z"));
