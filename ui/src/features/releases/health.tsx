import type { Release } from "@/api/gen";
import { cx } from "@/components/basics";
import { count } from "@/lib/format";

/** How the sessions of a release went, over the projects that share in it; nulls where no session was told of. */
export interface Health {
  sessions: number;
  users: number;
  crashed: number;
  /** Percent of sessions, and of users, without a crash. */
  crashFree: number | null;
  crashFreeUsers: number | null;
  /** Percent of the last day's sessions that ran it. */
  adoption: number | null;
}

/** Sums the shares of a release's projects; users of two projects count in each. */
export function healthOf(release: Pick<Release, "projects">): Health {
  const out: Health = { sessions: 0, users: 0, crashed: 0, crashFree: null, crashFreeUsers: null, adoption: null };
  let free = 0;
  let day = 0;
  let whole = 0;
  for (const { healthData: h } of release.projects) {
    if (!h) continue;
    out.sessions += h.totalSessions;
    out.users += h.totalUsers;
    out.crashed += h.sessionsCrashed;
    free += ((h.crashFreeUsers ?? 0) / 100) * h.totalUsers;
    day += h.totalSessions24h;
    whole += h.totalProjectSessions24h;
  }
  if (out.sessions > 0) out.crashFree = 100 * (1 - out.crashed / out.sessions);
  if (out.users > 0) out.crashFreeUsers = (100 * free) / out.users;
  if (whole > 0) out.adoption = (100 * day) / whole;
  return out;
}

/** A percentage that never rounds a crash away: 99.98 % is not 100 %. */
export function rate(percent: number): string {
  if (percent > 0 && percent < 0.1) return "<0.1 %";
  const digits = percent >= 99 && percent < 100 ? 2 : percent % 1 === 0 ? 0 : 1;
  return `${(Math.floor(percent * 10 ** digits) / 10 ** digits).toFixed(digits)} %`;
}

/** The share without a crash; red below 98 %, amber below 99.5 %, in words for those who see no hue. */
export function CrashFree({ percent }: { percent: number | null }) {
  if (percent === null) return <span className="t4">–</span>;
  const bad = percent < 98 ? "red" : percent < 99.5 ? "amber" : undefined;
  return (
    <span className={cx("num", bad)} title={bad === "red" ? "Below 98 %" : bad === "amber" ? "Below 99.5 %" : undefined}>
      {rate(percent)}
    </span>
  );
}

export function Facts({ health }: { health: Health }) {
  const facts: [string, React.ReactNode][] = [
    ["Crash-free sessions", <CrashFree key="s" percent={health.crashFree} />],
    ["Crash-free users", <CrashFree key="u" percent={health.crashFreeUsers} />],
    ["Sessions", count(health.sessions)],
    ["Crashed", count(health.crashed)],
    ["Users", health.users > 0 ? count(health.users) : "–"],
    ["Adoption, last day", health.adoption === null ? "–" : rate(health.adoption)],
  ];
  return (
    <dl className="facts-row">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt className="small t3">{name}</dt>
          <dd className="num t1">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
