import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Finding } from "@/api/gen";
import { useOrg, useTitle } from "@/app/hooks";
import { Crumb } from "@/app/Shell";
import { CopyButton, SideMark } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { Failed, Middle, SkeletonLines } from "@/components/states";
import { count, plural } from "@/lib/format";
import { doctorOptions } from "./queries";
import "./home.css";

/** What the doctor looks for; those it did not find pass. */
const checks: Record<Finding["id"], string> = {
  tracing_missing: "Browsers send trace headers",
  backend_loses_id: "Services keep the replay id they receive",
  cors_blocks: "Other origins allow the headers",
  poisoned_trace: "No page is cached together with its trace",
  buffer_hole: "Sessions are recorded before something fails",
  sdk_too_old: "SDKs are new enough to send the id on every page",
};

/** What in real traffic keeps errors from finding their replay, each with the line to add. */
export function SetupDoctor() {
  useTitle("Setup doctor");
  const org = useOrg();
  const doctor = useQuery(doctorOptions(org));
  const findings = doctor.data?.findings ?? [];
  const found = new Set(findings.map((f) => f.id));
  const passing = (Object.keys(checks) as Finding["id"][]).filter((id) => !found.has(id));
  return (
    <div className="doctor">
      <Crumb>
        <b>Setup doctor</b>
      </Crumb>
      <h1>Setup doctor</h1>
      <p className="t3 lead-s">{doctor.data ? `From the last 7 days of real traffic: ${plural(doctor.data.replays, "replay")}, ${plural(doctor.data.errors, "server error")}.` : "\u00a0"}</p>
      {doctor.isPending ? (
        <SkeletonLines lines={8} label="Loading the findings" />
      ) : doctor.isError ? (
        <Failed what="the findings" error={doctor.error} retry={() => void doctor.refetch()} />
      ) : doctor.data.replays + doctor.data.errors === 0 ? (
        <Middle
          icon="pulse"
          title="Nothing to look at yet"
          actions={
            <Link className="btn" to="/organizations/$org/settings/projects/" params={{ org }}>
              Get a snippet
            </Link>
          }
        >
          The doctor reads what your apps send. Send something, then come back.
        </Middle>
      ) : (
        <>
          <ol className="doc">
            {findings.map((f, i) => (
              <FindingRow key={i} finding={f} id={`finding-${i}`} />
            ))}
          </ol>
          <Passing names={passing.map((id) => checks[id])} open={findings.length === 0} />
        </>
      )}
    </div>
  );
}

function FindingRow({ finding: f, id }: { finding: Finding; id: string }) {
  const share = f.of > 0 ? f.affected / f.of : 0;
  return (
    <li id={id}>
      <Icon name={share >= 0.2 ? "warn" : "info"} className={share >= 0.2 ? "amber" : "blue"} />
      <div className="doc-b">
        <h2>
          {f.title}
          {f.project ? <SideMark side={f.where === "browser" ? "browser" : "server"}>{f.project}</SideMark> : null}
        </h2>
        <p>{f.detail}</p>
        <div className="src">
          <div className="add">
            <span>+</span>
            <span>{f.line}</span>
          </div>
        </div>
        <div className="row t3">
          <span>
            {count(f.affected)} of {count(f.of)} affected · goes into the {f.where}
          </span>
          <span className="sp" />
          <CopyButton text={f.line} label="Copy the line">
            Copy
          </CopyButton>
        </div>
      </div>
    </li>
  );
}

function Passing({ names, open: begin }: { names: string[]; open: boolean }) {
  const [open, setOpen] = useState(begin);
  if (names.length === 0) return null;
  return (
    <section className="passing" aria-label="Checks that pass">
      <div className="row">
        <Icon name="check" size="s" className="green" />
        <span className="t1">{plural(names.length, "check")} {names.length === 1 ? "passes" : "pass"}</span>
        <span className="sp" />
        <button type="button" className="acc small" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? "Hide them" : "Show them"}
        </button>
      </div>
      {open ? (
        <ul>
          {names.map((n) => (
            <li key={n}>
              <Icon name="check" size="s" />
              {n}
            </li>
          ))}
        </ul>
      ) : null}
    </section>
  );
}
