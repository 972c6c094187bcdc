import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { errorMessage } from "@/api/client";
import type { Settings } from "@/api/gen";
import { getProjectSettingsOptions, testScrubbingMutation, updateProjectSettingsMutation } from "@/api/gen/@tanstack/react-query.gen";
import { useOrg } from "@/app/hooks";
import { Section, Segmented } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { FilterRules } from "./FilterRules";
import { ForwardingState } from "./ForwardingState";
import { LimitRow, newLimitId, NumberBox, withLimit } from "./LimitRow";
import { Lines, Switch } from "./RuleInputs";
import { ProjectFrame, useSaved, type ProjectPath as Path } from "./ProjectFrame";

/** What a project takes in, what it keeps of it, and where it sends it on: one document, saved whole. */
export function ProjectRules() {
  const org = useOrg();
  const { project } = useParams({ from: "/organizations/$org/settings/projects/$project/rules" });
  const path = { org, project };
  const saved = useSaved(getProjectSettingsOptions({ path }));
  return (
    <ProjectFrame path={path} title={`Rules of ${project}`} what="this project’s rules" saved={saved}>
      {(data) => <Form key={JSON.stringify(data)} path={path} saved={data} />}
    </ProjectFrame>
  );
}

function Form({ path, saved }: { path: Path; saved: Settings }) {
  const queries = useQueryClient();
  const [draft, setDraft] = useState(saved);
  const save = useMutation({ ...updateProjectSettingsMutation(), onSuccess: () => queries.invalidateQueries({ queryKey: getProjectSettingsOptions({ path }).queryKey }) });
  const change = (part: Partial<Settings>) => setDraft((d) => ({ ...d, ...part }));
  const changed = JSON.stringify(draft) !== JSON.stringify(saved);
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault();
        save.mutate({ path, body: draft });
      }}
    >
      <Section id="domains" title="Allowed domains" sub="whose pages may send here; others are refused">
        <Lines label="One per line; * allows all" value={draft.allowedDomains} onChange={(allowedDomains) => change({ allowedDomains })} placeholder="*.example.com" />
      </Section>
      <FilterRules path={path} filters={draft.filters} onChange={(filters) => change({ filters })} />
      <Section id="scrub" title="Scrubbing" sub="before anything is written to disk, recordings too">
        <ul className="rules">
          <Switch label="Scrub" why="off keeps what comes as it comes" on={draft.scrub.enabled} onChange={(enabled) => change({ scrub: { ...draft.scrub, enabled } })} />
          <Switch label="The usual secrets" why="passwords, tokens, card numbers, keys" on={draft.scrub.defaults} onChange={(defaults) => change({ scrub: { ...draft.scrub, defaults } })} />
          <Switch label="Text of recorded pages" why="for apps that do not mask it themselves" on={draft.scrub.domText} onChange={(domText) => change({ scrub: { ...draft.scrub, domText } })} />
          <li>
            <span className="t1">Addresses of visitors</span>
            <span className="sp" />
            <Segmented label="Addresses of visitors" value={draft.ip} onChange={(ip) => change({ ip })} options={[{ value: "store", label: "Store" }, { value: "truncate", label: "Truncate" }, { value: "drop", label: "Drop" }]} />
          </li>
        </ul>
        <div className="pairs-2">
          <Lines label="Also scrub these fields" value={draft.scrub.sensitiveFields} onChange={(sensitiveFields) => change({ scrub: { ...draft.scrub, sensitiveFields } })} placeholder="iban" />
          <Lines label="Never scrub these fields" value={draft.scrub.safeFields} onChange={(safeFields) => change({ scrub: { ...draft.scrub, safeFields } })} placeholder="token_count" />
        </div>
        <Tester path={path} draft={draft} />
      </Section>
      <Section id="limits" title="Rate limits" sub="what is over them is answered with 429, and counted">
        <ul className="rules">
          <Switch label="Spike protection" why="ten times the week’s norm is throttled; other projects are not" on={draft.quotas.spikeProtection} onChange={(spikeProtection) => change({ quotas: { ...draft.quotas, spikeProtection } })} />
          {draft.quotas.limits.map((q, i) => (
            <LimitRow key={q.id} limit={q} onChange={(next) => change({ quotas: { ...draft.quotas, limits: withLimit(draft.quotas.limits, i, next) } })} />
          ))}
        </ul>
        <button type="button" className="btn" onClick={() => change({ quotas: { ...draft.quotas, limits: [...draft.quotas.limits, { id: newLimitId(), scope: "project", categories: ["error"], limit: 1000, windowSeconds: 60 }] } })}>
          <Icon name="plus" size="s" />
          Add a limit
        </button>
      </Section>
      <Section id="retention" title="How long it is kept" sub="in days; empty: as long as the server keeps it (the storage page says how long)">
        <ul className="rules">
          {kept.map(({ of, label, why }) => (
            <DaysRow key={of} label={label} why={why} days={draft.retention?.[of]} onChange={(days) => change({ retention: { ...draft.retention, [of]: days } })} />
          ))}
          <DaysRow label="Recordings" why="from their end" days={draft.recordings?.days} onChange={(days) => change({ recordings: { ...draft.recordings, days } })} />
          <DaysRow label="Recordings of open issues" why="with an error of an unresolved issue" days={draft.recordings?.valuedDays} onChange={(valuedDays) => change({ recordings: { ...draft.recordings, valuedDays } })} />
        </ul>
      </Section>
      <Section id="forward" title="Forwarding" sub="to another Sentry, after scrubbing, beside the local way">
        <label className="lbl">
          DSN of the other project
          <input className="inp code" value={draft.forward.dsn} placeholder="nothing is sent on" onChange={(e) => change({ forward: { ...draft.forward, dsn: e.target.value.trim() } })} />
        </label>
        <ul className="rules">
          <li>
            <span className="t1">What is sent on</span>
            <span className="sp" />
            <Segmented label="What is sent on" value={draft.forward.mode} onChange={(mode) => change({ forward: { ...draft.forward, mode } })} options={[{ value: "all", label: "Everything" }, { value: "errors", label: "Errors" }, { value: "sample", label: "A sample" }]} />
            {draft.forward.mode === "sample" ? <NumberBox label="Share, 0 to 1" value={draft.forward.rate} step="any" onChange={(rate) => change({ forward: { ...draft.forward, rate } })} /> : null}
          </li>
        </ul>
        {saved.forward.dsn !== "" ? <ForwardingState {...path} /> : null}
      </Section>
      <Section id="drains" title="Log drains" sub="what Vercel and Heroku prove who they are with; empty: the key in the drain’s URL is enough">
        <div className="pairs-2">
          <label className="lbl">
            Signature secret of the Vercel drain
            <input className="inp code" type="password" autoComplete="off" value={draft.drains.vercelSecret} onChange={(e) => change({ drains: { ...draft.drains, vercelSecret: e.target.value.trim() } })} />
          </label>
          <label className="lbl">
            Word that Vercel looks for (x-vercel-verify)
            <input className="inp code" autoComplete="off" spellCheck={false} value={draft.drains.vercelVerify} onChange={(e) => change({ drains: { ...draft.drains, vercelVerify: e.target.value.trim() } })} />
          </label>
          <label className="lbl">
            Token of the Heroku drain
            <input className="inp code" type="password" autoComplete="off" value={draft.drains.herokuToken} onChange={(e) => change({ drains: { ...draft.drains, herokuToken: e.target.value.trim() } })} />
          </label>
        </div>
      </Section>
      <div className="save">
        <button type="submit" className="btn pri tall" disabled={!changed || save.isPending}>
          {save.isPending ? "Saving…" : "Save the rules"}
        </button>
        {changed ? (
          <button type="button" className="btn bare tall" onClick={() => setDraft(saved)}>
            Undo the changes
          </button>
        ) : (
          <span className="small t3">Changes reach every relay within seconds.</span>
        )}
        {save.isError ? (
          <p className="note red" role="alert">
            <Icon name="error" size="s" />
            {errorMessage(save.error)}
          </p>
        ) : null}
      </div>
    </form>
  );
}

const kept = [
  { of: "events", label: "Errors", why: "with their files; an issue goes with the last of its events and recordings" },
  { of: "spans", label: "Transactions and spans", why: "a trace stays whole: the project that keeps them longest decides" },
  { of: "logs", label: "Logs", why: "" },
  { of: "items", label: "Metrics and profiles", why: "and whatever else is kept as it came" },
  { of: "sessions", label: "Sessions of releases", why: "" },
  { of: "feedback", label: "Feedback", why: "with its screenshots" },
] as const;

function DaysRow({ label, why, days, onChange }: { label: string; why: string; days: number | undefined; onChange: (days: number | undefined) => void }) {
  return (
    <li className="days">
      <span className="days-l">
        <span className="t1">{label}</span>
        <span className="t3">{why}</span>
      </span>
      <input className="inp num-b" type="number" min={1} max={3650} placeholder="–" aria-label={`${label}, days`} value={days || ""} onChange={(e) => onChange(e.target.value === "" ? undefined : Number(e.target.value))} />
      <span className="t3">days</span>
    </li>
  );
}

const sample = '{"message": "card 4111 1111 1111 1111 refused", "user": {"email": "ann@example.com", "password": "hunter2"}, "extra": {"iban": "DE02120300000000202051"}}';

/** What the rules on this page, saved or not, make of a payload. */
function Tester({ path, draft }: { path: Path; draft: Settings }) {
  const [input, setInput] = useState(sample);
  const { mutate, data, error } = useMutation(testScrubbingMutation());
  const { ip } = draft;
  const scrub = JSON.stringify(draft.scrub);
  useEffect(() => {
    const timer = window.setTimeout(() => mutate({ path: { org: path.org, project: path.project }, body: { type: "event", input, ip, scrub: JSON.parse(scrub) as Settings["scrub"] } }), 300);
    return () => window.clearTimeout(timer);
  }, [mutate, path.org, path.project, input, ip, scrub]);
  return (
    <div className="pairs-2">
      <label className="lbl">
        Try it: an event
        <textarea className="inp area-t code" rows={5} spellCheck={false} value={input} onChange={(e) => setInput(e.target.value)} />
      </label>
      <label className="lbl">
        What would be stored
        <textarea className="inp area-t code" rows={5} readOnly value={error ? errorMessage(error) : (data?.output ?? "")} />
      </label>
    </div>
  );
}
