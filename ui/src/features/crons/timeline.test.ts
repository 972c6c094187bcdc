import { describe, expect, it } from "vitest";
import { schedule, sum, tone } from "./timeline";

const empty = { ts: 0, ok: 0, error: 0, missed: 0, timeout: 0, in_progress: 0, unknown: 0 };

describe("timeline", () => {
  it("shows the worst of a stretch", () => {
    expect(tone(empty)).toBe("none");
    expect(tone({ ...empty, ok: 3 })).toBe("ok");
    expect(tone({ ...empty, ok: 3, missed: 1 })).toBe("missed");
    expect(tone({ ...empty, ok: 3, missed: 1, timeout: 1 })).toBe("bad");
    expect(tone({ ...empty, unknown: 1 })).toBe("unk");
  });
  it("adds up environments", () => {
    expect(sum([[60, { production: { ok: 1, missed: 2 }, staging: { ok: 3 } }]])).toEqual([{ ...empty, ts: 60, ok: 4, missed: 2 }]);
  });
  it("says schedules", () => {
    expect(schedule({ schedule_type: "interval", schedule: [1, "hour"], timezone: "UTC" })).toBe("every hour");
    expect(schedule({ schedule_type: "interval", schedule: [10, "minute"], timezone: "UTC" })).toBe("every 10 minutes");
    expect(schedule({ schedule_type: "crontab", schedule: "0 3 * * *", timezone: "Europe/Berlin" })).toBe("0 3 * * * (Europe/Berlin)");
  });
});
