import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Covered, ReplayCoverage } from "@/api/gen";
import { useProjects, useScope } from "@/app/hooks";
import { Segmented, SideMark } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { Failed, SkeletonLines } from "@/components/states";
import { count, day, percent } from "@/lib/format";
import { signalName } from "./signals";
import { coverageOptions, doctorOptions } from "./queries";

type By = "projects" | "sdks" | "modes" | "signals";
const bys: { value: By; label: string }[] = [
  { value: "projects", label: "Project" },
  { value: "sdks", label: "SDK" },
  { value: "modes", label: "Mode" },
  { value: "signals", label: "Signal" },
];
const ROWS = 8;
const MIN_DAYS = 14;
const modeNames: Record<string, string> = { session: "session, recorded from the start", buffer: "on error, recorded backwards" };

/** Share of the servers' errors with a replay: the number this product is about. */
export function CoverageSection({ org }: { org: string }) {
  const scope = useScope();
  const [by, setBy] = useState<By>("projects");
  const coverage = useQuery(coverageOptions(org, scope));
  const data = coverage.data;
  return (
    <section className="sec" aria-labelledby="cov">
      <div className="sec-h">
        <h2 id="cov">Server errors with a replay</h2>
        {data ? (
          <>
            <span className="t1 semi">{percent(data.total.covered, data.total.errors)}</span>
            <span className="sub">of {count(data.total.errors)}</span>
          </>
        ) : null}
        <span className="sp" />
        <Segmented label="By" value={by} onChange={setBy} options={bys} />
      </div>
      {coverage.isPending ? (
        <SkeletonLines lines={5} label="Loading coverage" />
      ) : coverage.isError && !data ? (
        <Failed what="the coverage" error={coverage.error} retry={() => void coverage.refetch()} />
      ) : data && data.total.errors === 0 ? (
        <p className="small t3">No server reported an error in this time range.</p>
      ) : data ? (
        <>
          <Days days={data.days} />
          <Table data={data} by={by} />
        </>
      ) : null}
    </section>
  );
}

function Table({ data, by }: { data: ReplayCoverage; by: By }) {
  const { sideOfProject } = useProjects();
  const rows = [...data[by]].sort((a, b) => b.errors - a.errors);
  return (
    <>
      <table className="tbl cov bare">
        <thead>
          <tr>
            <th>{bys.find((b) => b.value === by)?.label}</th>
            <th className="bar">{by === "signals" ? "Errors it was seen on" : "With a replay"}</th>
            <th className="r">Share</th>
            <th className="r hide-s">Errors</th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, ROWS).map((row) => (
            <tr key={row.name}>
              <td className="cut">{by === "projects" ? <SideMark side={sideOfProject(row.name)}>{row.name}</SideMark> : by === "signals" ? signalName(row.name) : (modeNames[row.name] ?? row.name) || "unknown"}</td>
              <td className="bar">
                <Meter row={row} />
              </td>
              <td className="r t1 semi">{percent(row.covered, row.errors)}</td>
              <td className="r hide-s">{count(row.errors)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > ROWS ? <p className="micro t3">and {count(rows.length - ROWS)} more</p> : null}
    </>
  );
}

const Meter = ({ row }: { row: Covered }) => (
  <span className="meter" role="img" aria-label={`${count(row.covered)} of ${count(row.errors)}`}>
    <i className="l1" style={{ width: `${row.share * 100}%` }} />
    <i className="l0" style={{ width: `${(1 - row.share) * 100}%` }} />
  </span>
);

/** The share by day: the height of a bar is how many errors there were, its filled part those with a replay. */
function Days({ days }: { days: Covered[] }) {
  if (days.length < 2) return null;
  const most = days.reduce((n, d) => Math.max(n, d.errors), 1);
  const width = 100 / Math.max(days.length, MIN_DAYS);
  const first = 100 - days.length * width; // few days stand at the right, as wide as many
  return (
    <svg className="days" viewBox="0 0 100 32" preserveAspectRatio="none" role="img" aria-label={`By day: ${days.map((d) => `${day(d.name)} ${percent(d.covered, d.errors)}`).join(", ")}`}>
      {days.map((d, i) => {
        const all = (d.errors / most) * 32;
        const covered = all * d.share;
        return (
          <g key={d.name}>
            <title>{`${day(d.name)}: ${count(d.covered)} of ${count(d.errors)}`}</title>
            <rect className="none" x={first + i * width} y={32 - all} width={width * 0.82} height={all} />
            <rect className="some" x={first + i * width} y={32 - covered} width={width * 0.82} height={covered} />
          </g>
        );
      })}
    </svg>
  );
}

/** Why the rest has none: what real traffic says, each with its way out. */
export function WithoutReplay({ org }: { org: string }) {
  const scope = useScope();
  const { data } = useQuery(coverageOptions(org, scope));
  const doctor = useQuery(doctorOptions(org));
  const missing = data ? data.total.errors - data.total.covered : 0;
  const findings = doctor.data?.findings ?? [];
  return (
    <section className="sec" aria-labelledby="without">
      <div className="sec-h">
        <h2 id="without">{missing > 0 && data ? `Why ${percent(missing, data.total.errors)} have none` : "Setup doctor"}</h2>
        <span className="sp" />
        <Link className="acc small" to="/organizations/$org/setup-doctor/" params={{ org }}>
          All checks
        </Link>
      </div>
      {doctor.isPending ? (
        <SkeletonLines lines={3} label="Loading the findings" />
      ) : findings.length === 0 ? (
        <p className="small row green">
          <Icon name="check" size="s" />
          Nothing in your traffic breaks links.
        </p>
      ) : (
        <ol className="whys">
          {findings.slice(0, 5).map((f, i) => (
            <li key={i}>
              <span className="p num">{count(f.affected)}</span>
              <span className="cut" title={f.detail}>
                {f.title}
                {f.project ? <span className="t3">, {f.project}</span> : null}
              </span>
              <Link className="acc" to="/organizations/$org/setup-doctor/" params={{ org }} hash={`finding-${i}`}>
                one line
              </Link>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
