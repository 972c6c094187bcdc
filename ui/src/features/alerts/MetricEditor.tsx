import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { MetricAction } from "@/api/gen";
import { createMetricRuleMutation, deleteMetricRuleMutation, getMetricRuleOptions, updateMetricRuleMutation } from "@/api/gen/@tanstack/react-query.gen";
import { useOrg, useProjects } from "@/app/hooks";
import { Failed, SkeletonLines } from "@/components/states";
import { AlertsFrame } from "./AlertsFrame";
import { numbers } from "./numbers";
import { FormEnd, type Recipient, Told, useBackToRules, WhoIsTold } from "./ruleForm";

/** An action of a threshold; the critical one's are the warning's too. */
type Action = Pick<MetricAction, "type" | "targetType" | "targetIdentifier"> & Partial<MetricAction>;

function recipientOf(a: Action): Recipient {
  const id = a.targetIdentifier ?? "";
  if (a.type === "channel") return { to: "channel", id };
  if (a.type === "email") return { to: a.targetType === "team" ? "team" : "member", id };
  return { to: "other", words: a.desc ?? a.type };
}

function actionOf(r: Recipient): Action {
  const id = "id" in r ? r.id : "";
  return r.to === "channel" ? { type: "channel", targetType: "specific", targetIdentifier: id } : { type: "email", targetType: r.to === "team" ? "team" : "user", targetIdentifier: id };
}

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
  actions: Action[];
}

const fresh: Draft = { name: "", project: "", dataset: "events", aggregate: "count()", query: "", environment: "", timeWindow: 60, below: false, critical: 100, warning: "", actions: [] };

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
    actions: at("critical")?.actions ?? [],
  };
  return (
    <AlertsFrame title={r.name} end={<span className={r.state === "ok" ? "badge green" : r.state === "warning" ? "badge amber" : "badge red"}>{r.state === "ok" ? "Well" : r.state === "warning" ? "Warning" : "Critical"}</span>}>
      <MetricForm key={saved.dataUpdatedAt} saved={draft} id={rule} />
      <Told rule={rule} />
    </AlertsFrame>
  );
}

function MetricForm({ saved, id }: { saved: Draft; id?: string }) {
  const org = useOrg();
  const { projects } = useProjects();
  const [draft, setDraft] = useState(saved);
  const change = (part: Partial<Draft>) => setDraft((d) => ({ ...d, ...part }));
  const done = useBackToRules();
  const create = useMutation({ ...createMetricRuleMutation(), ...done });
  const update = useMutation({ ...updateMetricRuleMutation(), ...done });
  const remove = useMutation({ ...deleteMetricRuleMutation(), ...done });
  const failed = create.error ?? update.error ?? remove.error;
  const busy = create.isPending || update.isPending || remove.isPending;
  const save = () => {
    const { actions } = draft;
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
      <WhoIsTold
        sub="tell, and again when it is well"
        assignee={false}
        recipients={draft.actions.map(recipientOf)}
        onAdd={(r) => change({ actions: [...draft.actions, actionOf(r)] })}
        onRemove={(i) => change({ actions: draft.actions.filter((_, j) => j !== i) })}
      />
      <FormEnd failed={failed} busy={busy} ready={draft.name.trim() !== ""} {...(id ? { remove: () => remove.mutate({ path: { org, rule: Number(id) } }) } : {})} />
    </form>
  );
}
