import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { errorMessage } from "@/api/client";
import { createMonitorMutation } from "@/api/gen/@tanstack/react-query.gen";
import { useOrg, useProjects, useTitle } from "@/app/hooks";
import { Crumb } from "@/app/Shell";
import { Segmented } from "@/components/basics";
import { Icon } from "@/components/Icon";
import "./crons.css";

export function NewCron() {
  useTitle("New monitor");
  const org = useOrg();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const { projects } = useProjects();
  const waiting = useSearch({ from: "/organizations/$org/crons/new" });
  const [name, setName] = useState(waiting.slug ?? "");
  const [project, setProject] = useState(waiting.of ?? "");
  const [type, setType] = useState<"crontab" | "interval">("crontab");
  const [crontab, setCrontab] = useState("0 3 * * *");
  const [every, setEvery] = useState(1);
  const [unit, setUnit] = useState("hour");
  const [zone, setZone] = useState(Intl.DateTimeFormat().resolvedOptions().timeZone);
  const [numbers, setNumbers] = useState({ checkin_margin: 5, max_runtime: 30, failure_issue_threshold: 1, recovery_threshold: 1 });
  const chosen = project || projects[0]?.slug || "";
  const create = useMutation({
    ...createMonitorMutation(),
    onSuccess: (m) => {
      void queries.invalidateQueries();
      void navigate({ to: "/organizations/$org/crons/$project/$monitor/", params: { org, project: m.project.slug, monitor: m.slug } });
    },
  });
  const number = (key: keyof typeof numbers, label: string, hint: string) => (
    <label className="lbl">
      {label}
      <input className="inp num" type="number" min={1} max={40320} required value={numbers[key]} onChange={(e) => setNumbers({ ...numbers, [key]: Number(e.target.value) })} />
      <small>{hint}</small>
    </label>
  );
  return (
    <div className="cr">
      <Crumb>
        <Link to="/organizations/$org/crons/" params={{ org }}>
          Crons
        </Link>
        <Icon name="right" size="xs" />
        <b>New monitor</b>
      </Crumb>
      <div className="cr-h">
        <h1>New monitor</h1>
      </div>
      <form
        className="cr-form"
        onSubmit={(e) => {
          e.preventDefault();
          const schedule = type === "crontab" ? crontab : [every, unit];
          create.mutate({ path: { org }, body: { name: name.trim(), ...(waiting.slug ? { slug: waiting.slug } : {}), project: chosen, type: "cron_job", config: { schedule_type: type, schedule, timezone: zone, ...numbers } } });
        }}
      >
        <div className="two">
          <label className="lbl">
            Name
            <input className="inp" required maxLength={100} value={name} onChange={(e) => setName(e.target.value)} placeholder="Nightly invoices" />
            {waiting.slug ? <small>takes along what {waiting.slug} has reported</small> : null}
          </label>
          <label className="lbl">
            Project
            <select className="inp" value={chosen} onChange={(e) => setProject(e.target.value)}>
              {projects.map((p) => (
                <option key={p.id} value={p.slug}>
                  {p.slug}
                </option>
              ))}
            </select>
          </label>
        </div>
        <div>
          <Segmented label="Schedule" value={type} onChange={setType} options={[{ value: "crontab", label: "Crontab" }, { value: "interval", label: "Every so often" }]} />
        </div>
        {type === "crontab" ? (
          <div className="two">
            <label className="lbl">
              Crontab
              <input className="inp code" required maxLength={100} value={crontab} onChange={(e) => setCrontab(e.target.value)} />
              <small>minute hour day month weekday</small>
            </label>
            <label className="lbl">
              Time zone
              <input className="inp" required value={zone} onChange={(e) => setZone(e.target.value)} />
            </label>
          </div>
        ) : (
          <div className="two">
            <label className="lbl">
              Every
              <input className="inp num" type="number" min={1} required value={every} onChange={(e) => setEvery(Number(e.target.value))} />
            </label>
            <label className="lbl">
              Unit
              <select className="inp" value={unit} onChange={(e) => setUnit(e.target.value)}>
                {["minute", "hour", "day", "week", "month"].map((u) => (
                  <option key={u} value={u}>
                    {u}s
                  </option>
                ))}
              </select>
            </label>
          </div>
        )}
        <div className="two">
          {number("checkin_margin", "May be late, minutes", "after that it is missed")}
          {number("max_runtime", "May take, minutes", "after that it took too long")}
          {number("failure_issue_threshold", "An issue after", "failures in a row")}
          {number("recovery_threshold", "Well again after", "good runs in a row")}
        </div>
        {create.isError ? (
          <p className="note red" role="alert">
            <Icon name="error" size="s" />
            {errorMessage(create.error)}
          </p>
        ) : null}
        <div>
          <button type="submit" className="btn pri tall" disabled={create.isPending || name.trim() === ""}>
            Make the monitor
          </button>
        </div>
      </form>
    </div>
  );
}
