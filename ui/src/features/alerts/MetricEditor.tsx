import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { errorMessage } from "@/api/client";
import { createMetricRuleMutation, deleteMetricRuleMutation, getMetricRuleOptions, listAlertChannelsOptions, updateMetricRuleMutation } from "@/api/gen/@tanstack/react-query.gen";
import { useOrg, useProjects } from "@/app/hooks";
import { Icon } from "@/components/Icon";
import { Failed, SkeletonLines } from "@/components/states";
import { AlertsFrame } from "./AlertsFrame";
import { DeliveryList } from "./DeliveryList";

const numbers: Record<string, { label: string; options: [aggregate: string, label: string][] }> = {
  events: { label: "Errors", options: [["count()", "how many"], ["count_unique(user)", "how many users"]] },
  transactions: { label: "Transactions", options: [["count()", "how many"], ["p50(transaction.duration)", "median, ms"], ["p95(transaction.duration)", "95th percentile, ms"], ["p99(transaction.duration)", "99th percentile, ms"], ["avg(transaction.duration)", "average, ms"]] },
  logs: { label: "Logs", options: [["count()", "how many"]] },
  sessions: { label: "Sessions", options: [["crash_free_rate(session)", "crash-free, percent"]] },
};

interface Draft {
  name: string;
  project: string;
  dataset: string;
  aggregate: string;
  query: string;
  environment: string;
  timeWindow: number;
  below: boolean;
  critical: number;
  warning: string;
  channels: string[];
}

const fresh: Draft = { name: "", project: "", dataset: "events", aggregate: "count()", query: "", environment: "", timeWindow: 60, below: false, critical: 100, warning: "", channels: [] };

export function NewMetric() {
  return (
    <AlertsFrame title="Watch a number">
      <MetricForm saved={fresh} />
    </AlertsFrame>
  );
}

export function MetricEditor({ rule }: { rule: string }) {
  const org = useOrg();
  const saved = useQuery({ ...getMetricRuleOptions({ path: { org, rule: Number(rule) } }), refetchOnWindowFocus: false });
  if (saved.isPending) return <SkeletonLines lines={8} label="Loading the rule" />;
  if (saved.isError) return <Failed what="this rule" error={saved.error} retry={() => void saved.refetch()} />;
  const r = saved.data;
  const at = (label: string) => r.triggers.find((t) => t.label === label);
  const draft: Draft = {
    name: r.name,
    project: r.projects.length === 1 ? (r.projects[0] ?? "") : "",
    dataset: r.dataset in numbers ? r.dataset : "events",
    aggregate: r.aggregate,
    query: r.query,
    environment: r.environment ?? "",
    timeWindow: r.timeWindow,
    below: r.thresholdType === 1,
    critical: at("critical")?.alertThreshold ?? 0,
    warning: at("warning") ? String(at("warning")?.alertThreshold) : "",
    channels: (at("critical")?.actions ?? []).filter((a) => a.type === "channel").map((a) => a.targetIdentifier ?? ""),
  };
  return (
    <AlertsFrame title={r.name} end={<span className={r.state === "ok" ? "badge green" : r.state === "warning" ? "badge amber" : "badge red"}>{r.state === "ok" ? "Well" : r.state === "warning" ? "Warning" : "Critical"}</span>}>
      <MetricForm key={saved.dataUpdatedAt} saved={draft} id={rule} />
      <section className="sec" aria-labelledby="told">
        <div className="sec-h">
          <h2 id="told">What it told</h2>
        </div>
        <DeliveryList rule={Number(rule)} perPage={10} />
      </section>
    </AlertsFrame>
  );
}

function MetricForm({ saved, id }: { saved: Draft; id?: string }) {
  const org = useOrg();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const { projects } = useProjects();
  const channels = useQuery(listAlertChannelsOptions({ path: { org } }));
  const [draft, setDraft] = useState(saved);
  const change = (part: Partial<Draft>) => setDraft((d) => ({ ...d, ...part }));
  const done = {
    onSuccess: () => {
      void queries.invalidateQueries();
      void navigate({ to: "/organizations/$org/alerts/rules/", params: { org } });
    },
  };
  const create = useMutation({ ...createMetricRuleMutation(), ...done });
  const update = useMutation({ ...updateMetricRuleMutation(), ...done });
  const remove = useMutation({ ...deleteMetricRuleMutation(), ...done });
  const failed = create.error ?? update.error ?? remove.error;
  const busy = create.isPending || update.isPending || remove.isPending;
  const save = () => {
    const actions = draft.channels.map((c) => ({ type: "channel", targetType: "specific", targetIdentifier: c }));
    const triggers = [{ label: "critical", alertThreshold: draft.critical, actions }, ...(draft.warning === "" ? [] : [{ label: "warning", alertThreshold: Number(draft.warning), actions }])];
    const body = { name: draft.name, dataset: draft.dataset, aggregate: draft.aggregate, query: draft.dataset === "events" ? draft.query : "", environment: draft.environment || null, timeWindow: draft.timeWindow, thresholdType: draft.below ? 1 : 0, triggers, projects: draft.project ? [draft.project] : [] };
    if (id) update.mutate({ path: { org, rule: Number(id) }, body });
    else create.mutate({ path: { org }, body });
  };
  return (
    <form
      className="al-form"
      onSubmit={(e) => {
        e.preventDefault();
        save();
      }}
    >
      <div className="al-two">
        <label className="lbl">
          Name
          <input className="inp" required maxLength={200} value={draft.name} onChange={(e) => change({ name: e.target.value })} placeholder="Checkout is failing" />
        </label>
        <label className="lbl">
          Project
          <select className="inp" value={draft.project} onChange={(e) => change({ project: e.target.value })}>
            <option value="">all projects</option>
            {projects.map((p) => (
              <option key={p.id} value={p.slug}>
                {p.slug}
              </option>
            ))}
          </select>
        </label>
      </div>
      <fieldset>
        <legend>When</legend>
        <div className="al-part">
          <span>Of</span>
          <select
            className="inp"
            aria-label="Of what"
            value={draft.dataset}
            onChange={(e) => change({ dataset: e.target.value, aggregate: numbers[e.target.value]?.options[0]?.[0] ?? "count()", below: e.target.value === "sessions" })}
          >
            {Object.entries(numbers).map(([value, n]) => (
              <option key={value} value={value}>
                {n.label.toLowerCase()}
              </option>
            ))}
          </select>
          <select className="inp" aria-label="Which number" value={draft.aggregate} onChange={(e) => change({ aggregate: e.target.value })}>
            {numbers[draft.dataset]?.options.map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
          <span>in</span>
          <input className="inp n num" type="number" min={1} max={43200} required aria-label="Minutes" value={draft.timeWindow} onChange={(e) => change({ timeWindow: Number(e.target.value) })} />
          <span>minutes</span>
        </div>
        {draft.dataset === "events" ? (
          <div className="al-part">
            <span>that match</span>
            <input className="inp w code" style={{ flex: 1 }} aria-label="Query" maxLength={4096} value={draft.query} onChange={(e) => change({ query: e.target.value })} placeholder="level:error environment:production — empty: all" />
          </div>
        ) : null}
        <div className="al-part">
          <span>is</span>
          <select className="inp" aria-label="Above or below" value={draft.below ? "below" : "above"} onChange={(e) => change({ below: e.target.value === "below" })}>
            <option value="above">above</option>
            <option value="below">below</option>
          </select>
          <input className="inp n num" type="number" step="any" required aria-label="Critical threshold" value={draft.critical} onChange={(e) => change({ critical: Number(e.target.value) })} />
          <span>, or for a warning</span>
          <input className="inp n num" type="number" step="any" aria-label="Warning threshold" placeholder="none" value={draft.warning} onChange={(e) => change({ warning: e.target.value })} />
        </div>
      </fieldset>
      <fieldset>
        <legend>
          Then <span>tell, and again when it is well</span>
        </legend>
        {(channels.data ?? []).map((c) => (
          <div className="al-part" key={c.id}>
            <label className="row">
              <input type="checkbox" className="chk" checked={draft.channels.includes(c.id)} onChange={(e) => change({ channels: e.target.checked ? [...draft.channels, c.id] : draft.channels.filter((x) => x !== c.id) })} />
              {c.name}
            </label>
          </div>
        ))}
        {channels.data?.length === 0 ? <p className="small t3">There is no channel yet: make one first.</p> : null}
      </fieldset>
      {failed ? (
        <p className="note red" role="alert">
          <Icon name="error" size="s" />
          {errorMessage(failed)}
        </p>
      ) : null}
      <div className="al-foot">
        <button type="submit" className="btn pri tall" disabled={busy || draft.name.trim() === ""}>
          {id ? "Save" : "Make the rule"}
        </button>
        {id ? (
          <>
            <span className="sp" />
            <button type="button" className="btn tall danger" disabled={busy} onClick={() => window.confirm("Delete this rule?") && remove.mutate({ path: { org, rule: Number(id) } })}>
              Delete
            </button>
          </>
        ) : null}
      </div>
    </form>
  );
}
