import { useMutation, useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import type { AlertRule } from "@/api/gen";
import { createRuleMutation, deleteRuleMutation, getRuleOptions, listCombinedRulesOptions, updateRuleMutation } from "@/api/gen/@tanstack/react-query.gen";
import { useOrg, useProjects } from "@/app/hooks";
import { Icon } from "@/components/Icon";
import { Menu } from "@/components/Menu";
import { Failed, SkeletonLines } from "@/components/states";
import { AlertsFrame } from "./AlertsFrame";
import { MetricEditor } from "./MetricEditor";
import { actionOf, bare, conditions, filters, type Part, type PartForm, recipientOf } from "./parts";
import { PartRow } from "./PartRow";
import { FormEnd, Told, useBackToRules, WhoIsTold } from "./ruleForm";

interface Draft {
  name: string;
  actionMatch: string;
  filterMatch: string;
  frequency: number;
  environment: string;
  conditions: Part[];
  filters: Part[];
  actions: Part[];
  status: string;
  digest: { minSeconds: number; maxSeconds: number } | null;
  quiet: { timeZone: string; start: string; end: string; days?: number[] } | null;
}

const fresh: Draft = {
  name: "",
  actionMatch: "any",
  filterMatch: "all",
  frequency: 30,
  environment: "",
  conditions: [{ id: conditions[0]?.id ?? "" }],
  filters: [],
  actions: [],
  status: "active",
  digest: null,
  quiet: null,
};

export function NewRule() {
  const { projects } = useProjects();
  const [project, setProject] = useState("");
  const chosen = project || projects[0]?.slug || "";
  return (
    <AlertsFrame title="New rule">
      <div className="al-form">
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
      {chosen ? <RuleForm project={chosen} saved={fresh} /> : null}
    </AlertsFrame>
  );
}

/** A rule by its id; which project it is of, the list says. */
export function RuleEditor() {
  const org = useOrg();
  const { rule } = useParams({ from: "/organizations/$org/alerts/rules/$rule" });
  const list = useQuery(listCombinedRulesOptions({ path: { org }, query: { per_page: 100 } }));
  const row = (list.data ?? []).find((r) => (r as { id?: string }).id === rule) as { type: string; projects: string[] } | undefined;
  if (list.isPending) return <SkeletonLines lines={8} label="Loading the rule" />;
  if (list.isError) return <Failed what="this rule" error={list.error} retry={() => void list.refetch()} />;
  if (!row)
    return (
      <AlertsFrame title="Rule">
        <p className="note">There is no such rule; it may have been deleted.</p>
      </AlertsFrame>
    );
  return row.type === "rule" ? <IssueRule rule={rule} project={row.projects[0] ?? ""} /> : <MetricEditor rule={rule} />;
}

function IssueRule({ rule, project }: { rule: string; project: string }) {
  const org = useOrg();
  const saved = useQuery({ ...getRuleOptions({ path: { org, project, rule: Number(rule) } }), refetchOnWindowFocus: false });
  if (saved.isPending) return <SkeletonLines lines={8} label="Loading the rule" />;
  if (saved.isError) return <Failed what="this rule" error={saved.error} retry={() => void saved.refetch()} />;
  return (
    <AlertsFrame title={saved.data.name}>
      <RuleForm key={saved.dataUpdatedAt} project={project} saved={draftOf(saved.data)} id={rule} />
      <Told rule={rule} />
    </AlertsFrame>
  );
}

const draftOf = (r: AlertRule): Draft => ({
  name: r.name,
  actionMatch: r.actionMatch,
  filterMatch: r.filterMatch,
  frequency: r.frequency,
  environment: r.environment ?? "",
  conditions: r.conditions as Part[],
  filters: r.filters as Part[],
  actions: r.actions as Part[],
  status: r.status,
  digest: r.digest,
  quiet: r.quiet,
});

function RuleForm({ project, saved, id }: { project: string; saved: Draft; id?: string }) {
  const org = useOrg();
  const [draft, setDraft] = useState(saved);
  const done = useBackToRules();
  const create = useMutation({ ...createRuleMutation(), ...done });
  const update = useMutation({ ...updateRuleMutation(), ...done });
  const remove = useMutation({ ...deleteRuleMutation(), ...done });
  const busy = create.isPending || update.isPending || remove.isPending;
  const failed = create.error ?? update.error ?? remove.error;
  const change = (part: Partial<Draft>) => setDraft((d) => ({ ...d, ...part }));
  const save = () => {
    const { digest, quiet, ...rest } = draft;
    const body = { ...rest, environment: draft.environment || null, conditions: draft.conditions.map(bare), filters: draft.filters.map(bare), actions: draft.actions.map(bare), ...(digest ? { digest } : {}), ...(quiet ? { quiet } : {}) };
    if (id) update.mutate({ path: { org, project, rule: Number(id) }, body });
    else create.mutate({ path: { org, project }, body });
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
          <input className="inp" required maxLength={200} value={draft.name} onChange={(e) => change({ name: e.target.value })} placeholder="Backend errors with a replay" />
        </label>
        <label className="lbl">
          Environment
          <input className="inp" maxLength={64} value={draft.environment} onChange={(e) => change({ environment: e.target.value })} placeholder="all" />
        </label>
      </div>
      <Parts title="When" sub="any of these happens" lead="When" also="or" forms={conditions} parts={draft.conditions} onChange={(next) => change({ conditions: next })} add="Add what sets it off" />
      <Parts title="If" sub="all of these hold; none: always" lead="If" also="and" forms={filters} parts={draft.filters} onChange={(next) => change({ filters: next })} add="Narrow it" />
      <WhoIsTold
        sub="tell"
        assignee
        recipients={draft.actions.map(recipientOf)}
        onAdd={(r) => change({ actions: [...draft.actions, actionOf(r)] })}
        onRemove={(i) => change({ actions: draft.actions.filter((_, j) => j !== i) })}
      />
      <fieldset>
        <legend>How often</legend>
        <div className="al-part">
          <span>At most once in</span>
          <input className="inp n num" type="number" min={1} max={43200} required aria-label="Minutes between two alerts on one issue" value={draft.frequency} onChange={(e) => change({ frequency: Number(e.target.value) })} />
          <span>minutes for each issue</span>
        </div>
        <div className="al-part">
          <label className="row">
            <input type="checkbox" className="chk" checked={draft.digest !== null} onChange={(e) => change({ digest: e.target.checked ? { minSeconds: 300, maxSeconds: 1800 } : null })} />
            Together in one message
          </label>
          {draft.digest ? (
            <>
              <span>after</span>
              <input className="inp n num" type="number" min={0} max={1440} aria-label="Minutes without another alert" value={draft.digest.minSeconds / 60} onChange={(e) => change({ digest: { minSeconds: Number(e.target.value) * 60, maxSeconds: Math.max(draft.digest?.maxSeconds ?? 0, Number(e.target.value) * 60) } })} />
              <span>minutes of silence, at the latest after</span>
              <input className="inp n num" type="number" min={0} max={1440} aria-label="Minutes at most" value={draft.digest.maxSeconds / 60} onChange={(e) => change({ digest: { minSeconds: draft.digest?.minSeconds ?? 0, maxSeconds: Number(e.target.value) * 60 } })} />
              <span>minutes</span>
            </>
          ) : null}
        </div>
        <div className="al-part">
          <label className="row">
            <input type="checkbox" className="chk" checked={draft.quiet !== null} onChange={(e) => change({ quiet: e.target.checked ? { timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone, start: "22:00", end: "07:00" } : null })} />
            Quiet hours
          </label>
          {draft.quiet ? (
            <>
              <span>from</span>
              <input className="inp" type="time" required aria-label="Quiet from" value={draft.quiet.start} onChange={(e) => draft.quiet && change({ quiet: { ...draft.quiet, start: e.target.value } })} />
              <span>to</span>
              <input className="inp" type="time" required aria-label="Quiet until" value={draft.quiet.end} onChange={(e) => draft.quiet && change({ quiet: { ...draft.quiet, end: e.target.value } })} />
              <input className="inp w" required aria-label="Time zone" value={draft.quiet.timeZone} onChange={(e) => draft.quiet && change({ quiet: { ...draft.quiet, timeZone: e.target.value } })} />
              <span className="t3">what happens meanwhile is told together afterwards</span>
            </>
          ) : null}
        </div>
      </fieldset>
      <FormEnd failed={failed} busy={busy} ready={draft.name.trim() !== ""} {...(id ? { remove: () => remove.mutate({ path: { org, project, rule: Number(id) } }) } : {})}>
        {id ? (
          <button type="button" className="btn tall" disabled={busy} onClick={() => change({ status: draft.status === "active" ? "disabled" : "active" })}>
            {draft.status === "active" ? "Turn off" : "Turn on"}
          </button>
        ) : null}
      </FormEnd>
    </form>
  );
}

function Parts({ title, sub, lead, also, forms, parts, onChange, add }: { title: string; sub: string; lead: string; also: string; forms: PartForm[]; parts: Part[]; onChange: (parts: Part[]) => void; add: string }) {
  return (
    <fieldset>
      <legend>
        {title} <span>{sub}</span>
      </legend>
      {parts.map((p, i) => (
        <PartRow key={i} part={p} forms={forms} lead={i === 0 ? lead : also} onChange={(next) => onChange(parts.flatMap((old, j) => (j === i ? (next ? [next] : []) : [old])))} />
      ))}
      <div className="al-add">
        <Menu
          align="start"
          items={forms.map((f) => ({ label: f.label, onSelect: () => onChange([...parts, { id: f.id, ...f.fresh }]) }))}
          trigger={
            <button type="button" className="btn">
              <Icon name="plus" size="s" />
              {add}
            </button>
          }
        />
      </div>
    </fieldset>
  );
}
