import { expect, test } from "vitest";
import { healthOf, rate } from "./health";

const share = (h: Record<string, number | null> | null) => ({ healthData: h }) as never;

test("a release's health is that of its projects together", () => {
  const h = healthOf({
    projects: [
      share({ totalSessions: 90, totalUsers: 10, sessionsCrashed: 0, crashFreeUsers: 100, totalSessions24h: 10, totalProjectSessions24h: 20 }),
      share({ totalSessions: 10, totalUsers: 0, sessionsCrashed: 5, crashFreeUsers: null, totalSessions24h: 0, totalProjectSessions24h: 20 }),
      share(null),
    ],
  });
  expect(h).toEqual({ sessions: 100, users: 10, crashed: 5, crashFree: 95, crashFreeUsers: 100, adoption: 25 });
  expect(healthOf({ projects: [share(null)] }).crashFree).toBeNull();
});

test("a crash is never rounded away", () => {
  expect(rate(99.999)).toBe("99.99 %");
  expect(rate(100)).toBe("100 %");
  expect(rate(95.25)).toBe("95.2 %");
  expect(rate(0.01)).toBe("<0.1 %");
  expect(rate(0)).toBe("0 %");
});
