import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { errorMessage } from "@/api/client";
import { listCombinedRulesOptions, snoozeMetricRuleMutation, snoozeRuleMutation, unsnoozeMetricRuleMutation, unsnoozeRuleMutation } from "@/api/gen/@tanstack/react-query.gen";
import { useOrg } from "@/app/hooks";
import { Icon } from "@/components/Icon";
import { Failed, Middle, SkeletonRows } from "@/components/states";
import { ago } from "@/lib/format";
import { useNow } from "@/lib/now";
import { AlertsFrame } from "./AlertsFrame";
import { numberWords } from "./numbers";

interface AnyRule {
  id: string;
  name: string;
  type: string;
  status: string | number;
  snooze?: boolean;
  state?: string;
  projects: string[];
  lastTriggered: string | null;
  conditions?: { name: string }[];
  filters?: { name: string }[];
  actions?: { name: string }[];
  aggregate?: string;
  dataset?: string;
  timeWindow?: number;
  thresholdType?: number;
  triggers?: { label: string; alertThreshold: number; actions: { desc: string }[] }[];
}

/** As it stands within a sentence; the names of channels and people keep their letters. */
const lower = (words: string) => words.charAt(0).toLowerCase() + words.slice(1);

/** A rule as one sentence. */
function sentence(r: AnyRule): string {
  if (r.type === "alert_rule") {
    const t = r.triggers?.[0];
    return `When ${numberWords(r.dataset ?? "", r.aggregate ?? "")} in ${r.timeWindow} min is ${r.thresholdType === 1 ? "below" : "above"} ${t?.alertThreshold ?? "?"}: ${(t?.actions ?? []).map((a) => lower(a.desc)).join(", ") || "nobody is told"}`;
  }
  const join = (parts: { name: string }[] | undefined, by: string) => (parts ?? []).map((p) => p.name).join(by);
  const when = join(r.conditions, " or ") || "anything happens";
  const cond = join(r.filters, " and ");
  return `When ${when}${cond ? `, if ${cond}` : ""}: ${(r.actions ?? []).map((a) => lower(a.name)).join(", ") || "nobody is told"}`;
}

export function RuleList() {
  const org = useOrg();
  const now = useNow();
  const queries = useQueryClient();
  const options = listCombinedRulesOptions({ path: { org }, query: { per_page: 100 } });
  const list = useQuery(options);
  const done = { onSettled: () => queries.invalidateQueries({ queryKey: options.queryKey }) };
  const snooze = useMutation({ ...snoozeRuleMutation(), ...done });
  const wake = useMutation({ ...unsnoozeRuleMutation(), ...done });
  const rules = (list.data ?? []) as unknown as AnyRule[];
  const snoozeMetric = useMutation({ ...snoozeMetricRuleMutation(), ...done });
  const wakeMetric = useMutation({ ...unsnoozeMetricRuleMutation(), ...done });
  const mutes = [snooze, wake, snoozeMetric, wakeMetric];
  const failed = mutes.find((m) => m.error)?.error;
  const mute = (r: AnyRule) => {
    const rule = Number(r.id);
    const project = r.projects[0] ?? "";
    if (r.type === "alert_rule") return r.snooze ? wakeMetric.mutate({ path: { org, rule } }) : snoozeMetric.mutate({ path: { org, rule }, body: {} });
    return r.snooze ? wake.mutate({ path: { org, project, rule } }) : snooze.mutate({ path: { org, project, rule }, body: {} });
  };
  return (
    <AlertsFrame
      title="Rules"
      end={
        <>
          <Link className="btn" to="/organizations/$org/alerts/new-metric/" params={{ org }}>
            Watch a number
          </Link>
          <Link className="btn pri" to="/organizations/$org/alerts/new/" params={{ org }}>
            <Icon name="plus" size="s" />
            New rule
          </Link>
        </>
      }
    >
      <p className="small t3 al-p">When something happens to an issue, or a number leaves its bounds, the right people are told, with the replay.</p>
      {failed ? <p className="note red" role="alert">{errorMessage(failed)}</p> : null}
      {list.isPending ? (
        <SkeletonRows rows={5} label="Loading rules" />
      ) : list.isError ? (
        <Failed what="the list" error={list.error} retry={() => void list.refetch()} />
      ) : rules.length === 0 ? (
        <Middle
          icon="alert"
          title="No rules yet"
          actions={
            <Link className="btn pri" to="/organizations/$org/alerts/new/" params={{ org }}>
              Make the first rule
            </Link>
          }
        >
          Begin with one that tells you when a backend error has a replay.
        </Middle>
      ) : (
        <ul className="al-list">
          {rules.map((r) => (
            <li key={r.id}>
              <div className="al-main">
                <Link to="/organizations/$org/alerts/rules/$rule/" params={{ org, rule: r.id }}>
                  <b>{r.name}</b>
                </Link>
                <span className="small t3" title={sentence(r)}>
                  {sentence(r)}
                </span>
              </div>
              {r.state === "critical" ? <span className="badge red">Critical</span> : r.state === "warning" ? <span className="badge amber">Warning</span> : null}
              {r.status === "disabled" || r.status === 4 ? <span className="badge line">Off</span> : r.snooze ? <span className="badge">Muted</span> : null}
              <span className="badge line">{r.projects.length === 1 ? r.projects[0] : r.projects.length === 0 ? "all projects" : `${r.projects.length} projects`}</span>
              <span className="small t3 al-when">{r.lastTriggered ? ago(r.lastTriggered, now) : "never yet"}</span>
              {r.type === "alert_rule" || r.projects[0] ? (
                <button type="button" className="btn bare" aria-label={`${r.snooze ? "Unmute" : "Mute"} ${r.name}`} disabled={mutes.some((m) => m.isPending)} onClick={() => mute(r)}>
                  {r.snooze ? "Unmute" : "Mute"}
                </button>
              ) : (
                <span className="al-nomute" />
              )}
            </li>
          ))}
        </ul>
      )}
    </AlertsFrame>
  );
}
