import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams, useSearch } from "@tanstack/react-router";
import { useDeferredValue, useEffect, useState, type ReactNode } from "react";
import { errorMessage } from "@/api/client";
import type { GroupingTest, LineError, Settings } from "@/api/gen";
import { deleteTombstoneMutation, getProjectSettingsOptions, listTombstonesOptions, testGroupingMutation, updateProjectSettingsMutation } from "@/api/gen/@tanstack/react-query.gen";
import { useOrg } from "@/app/hooks";
import { cx, Level, Section } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { Failed, SkeletonLines } from "@/components/states";
import { ago, count } from "@/lib/format";
import { useNow } from "@/lib/now";
import g from "./grouping.module.css";
import { ProjectFrame, useSaved, type ProjectPath as Path } from "./ProjectFrame";

/** Which events are the same issue: a project's rules, with what they make of an event beside them. */
export function Grouping() {
  const org = useOrg();
  const { project } = useParams({ from: "/organizations/$org/settings/projects/$project/grouping" });
  const path = { org, project };
  const saved = useSaved(getProjectSettingsOptions({ path }));
  return (
    <ProjectFrame path={path} title={`Grouping of ${project}`} what="this project’s grouping" saved={saved}>
      {(data) => (
        <>
          <Rules key={JSON.stringify(data.grouping)} path={path} saved={data} />
          <Discarded path={path} />
        </>
      )}
    </ProjectFrame>
  );
}

const fingerprintHelp = `# one rule a line, the first that matches counts
error.type:DatabaseUnavailable -> system-down
message:"payment * refused" -> {{ default }}, {{ tags.bank }} title="Payment refused by {{ tags.bank }}"`;

const stackHelp = `# every rule looks at every frame
stack.abs_path:**/generated/** -group
family:native stack.function:std::* -app
stack.function:panic_handler ^-group`;

const sample = `{
  "platform": "python",
  "exception": {"values": [{"type": "DatabaseUnavailable", "value": "no answer from 10.0.0.7",
    "stacktrace": {"frames": [
      {"module": "shop.views", "function": "checkout", "in_app": true},
      {"module": "psycopg.pool", "function": "getconn", "in_app": false}]}}]}
}`;

function Rules({ path, saved }: { path: Path; saved: Settings }) {
  const queries = useQueryClient();
  const { event: asked } = useSearch({ strict: false }) as { event?: string };
  const [draft, setDraft] = useState(saved.grouping);
  const [input, setInput] = useState(asked ?? sample);
  const save = useMutation({ ...updateProjectSettingsMutation(), onSuccess: () => queries.invalidateQueries({ queryKey: getProjectSettingsOptions({ path }).queryKey }) });
  const tried = useTried(path, draft, input);
  const changed = JSON.stringify(draft) !== JSON.stringify(saved.grouping);
  const wrong = (tried.data?.errors.fingerprintRules.length ?? 0) + (tried.data?.errors.stackTraceRules.length ?? 0);
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault();
        save.mutate({ path, body: { ...saved, grouping: draft } });
      }}
    >
      <div className={g.two}>
        <div>
          <Section id="fingerprints" title="Fingerprint rules" sub="say yourself what belongs together">
            <Editor label="Fingerprint rules" value={draft.fingerprintRules} placeholder={fingerprintHelp} errors={tried.data?.errors.fingerprintRules ?? []} onChange={(fingerprintRules) => setDraft((d) => ({ ...d, fingerprintRules }))} />
          </Section>
          <Section id="stack" title="Stack-trace rules" sub="say which frames are yours, and which count">
            <Editor label="Stack-trace rules" value={draft.stackTraceRules} placeholder={stackHelp} errors={tried.data?.errors.stackTraceRules ?? []} onChange={(stackTraceRules) => setDraft((d) => ({ ...d, stackTraceRules }))} />
          </Section>
        </div>
        <Section id="try" title="Try it" sub="on an event’s id, or an event as an SDK sends it; nothing is saved">
          <textarea className={cx("inp area-t code", g.event)} rows={8} spellCheck={false} aria-label="An event" value={input} onChange={(e) => setInput(e.target.value)} />
          <Verdict test={tried.data} error={tried.error} org={path.org} />
        </Section>
      </div>
      <div className="save">
        <button type="submit" className="btn pri tall" disabled={!changed || save.isPending || wrong > 0}>
          {save.isPending ? "Saving…" : "Save the rules"}
        </button>
        {changed ? (
          <button type="button" className="btn bare tall" onClick={() => setDraft(saved.grouping)}>
            Undo the changes
          </button>
        ) : null}
        <span className="small t3">{wrong > 0 ? "Some lines cannot be read." : "Rules hold for events that come from now on; issues that are there keep theirs."}</span>
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

/** What the rules, saved or not, make of the event: asked when the typing rests. */
function useTried(path: Path, draft: Settings["grouping"], input: string) {
  const { mutate, data, error } = useMutation(testGroupingMutation());
  const rules = useDeferredValue(JSON.stringify(draft));
  const [unread, setUnread] = useState<string | null>(null);
  useEffect(() => {
    const timer = window.setTimeout(() => {
      const what = eventOf(input);
      setUnread(what === null ? "The event is neither an id nor JSON." : null);
      mutate({ path: { org: path.org, project: path.project }, body: { ...(JSON.parse(rules) as Settings["grouping"]), ...(what ?? {}) } });
    }, 300);
    return () => window.clearTimeout(timer);
  }, [mutate, path.org, path.project, rules, input]);
  return { data, error: unread ?? (error ? errorMessage(error) : null) };
}

function eventOf(text: string): { eventId: string } | { event: unknown } | null {
  const t = text.trim();
  if (/^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(t)) return { eventId: t };
  try {
    return { event: JSON.parse(t) as unknown };
  } catch {
    return null;
  }
}

/** A text of rules with its line numbers; the lines that cannot be read are marked and told below. */
function Editor({ label, value, placeholder, errors, onChange }: { label: string; value: string; placeholder: string; errors: LineError[]; onChange: (value: string) => void }) {
  const lines = Math.max(value.split("\n").length, value === "" ? placeholder.split("\n").length : 1) + 1;
  const [scroll, setScroll] = useState(0);
  return (
    <>
      <div className={cx(g.editor, errors.length > 0 && g.bad)}>
        <div className={g.numbers} aria-hidden="true">
          <div style={{ transform: `translateY(${-scroll}px)` }}>
            {Array.from({ length: lines }, (_, i) => (
              <span key={i} className={errors.some((e) => e.line === i + 1) ? g.red : undefined}>
                {i + 1}
              </span>
            ))}
          </div>
        </div>
        <textarea className="code" aria-label={label} aria-invalid={errors.length > 0} rows={Math.min(14, Math.max(5, lines))} wrap="off" spellCheck={false} value={value} placeholder={placeholder} onScroll={(e) => setScroll(e.currentTarget.scrollTop)} onChange={(e) => onChange(e.target.value)} />
      </div>
      <ul className={g.errors} aria-live="polite">
        {errors.slice(0, 5).map((e) => (
          <li key={e.line}>
            <Icon name="error" size="s" className="red" />
            <b className="num">{e.line > 0 ? `Line ${e.line}` : "Too much"}</b> {e.message}
          </li>
        ))}
        {errors.length > 5 ? <li className="t3">and {errors.length - 5} more</li> : null}
      </ul>
    </>
  );
}

function Verdict({ test, error, org }: { test: GroupingTest | undefined; error: string | null; org: string }) {
  if (error) {
    return (
      <p className="note red" role="alert">
        <Icon name="error" size="s" />
        {error}
      </p>
    );
  }
  if (!test || test.hashes.length === 0) return <p className="small t3">The rules have to be readable first.</p>;
  const decides = Object.entries(test.variants).find(([, v]) => v.contributes);
  return (
    <>
      <dl className={g.facts}>
        <Fact name="Title">{test.title}</Fact>
        <Fact name="Goes to">
          {test.issue ? (
            <Link className="acc" to="/organizations/$org/issues/$issue/" params={{ org, issue: test.issue.id }}>
              {test.issue.shortId}
            </Link>
          ) : (
            "a new issue"
          )}
        </Fact>
        <Fact name="Decided by">{test.matchedRule ? <code className="code">{test.matchedRule}</code> : (decides?.[1].description ?? "–")}</Fact>
        <Fact name="Hash">
          <code className="code">{test.hashes[0]}</code>
        </Fact>
      </dl>
      {test.stacks?.map((s, i) => (
        <div key={i} className="scroll-x">
          <table className={cx("tbl", g.frames)}>
            <caption>{s.exception || "Stack trace"}</caption>
            <thead>
              <tr>
                <th>Frame, innermost first</th>
                <th>Yours</th>
                <th>Counts</th>
              </tr>
            </thead>
            <tbody>
              {[...s.frames].reverse().slice(0, 30).map((f, n) => (
                <tr key={n}>
                  <td className={cx("code", !f.contributes && "t3")}>
                    {f.function || "?"} <span className="t3">{f.module || f.filename}</span>
                    {f.hint ? <div className="small t3">{f.hint}</div> : null}
                  </td>
                  <td>{f.inApp ? "yes" : <span className="t4">no</span>}</td>
                  <td>{f.contributes ? <Icon name="check" size="s" className="green" /> : <span className="t4">no</span>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ))}
    </>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Issues that were deleted with their future: what is dropped, and the way back. */
function Discarded({ path }: { path: Path }) {
  const now = useNow();
  const queries = useQueryClient();
  const options = listTombstonesOptions({ path, query: { per_page: 50 } });
  const list = useQuery(options);
  const undo = useMutation({ ...deleteTombstoneMutation(), onSettled: () => queries.invalidateQueries({ queryKey: options.queryKey }) });
  return (
    <Section id="discarded" title="Discarded issues" sub="their events are counted as filtered and dropped">
      {list.isError ? (
        <Failed what="the discarded issues" error={list.error} retry={() => void list.refetch()} />
      ) : !list.data ? (
        <SkeletonLines lines={3} label="Loading the discarded issues" />
      ) : list.data.length === 0 ? (
        <p className="small t3">None. “Delete and discard” on an issue puts it here.</p>
      ) : (
        <ul className="rules">
          {list.data.map((t) => (
            <li key={t.id}>
              <Level level={t.level} />
              <span className={cx("t1 cut", g.stone)}>{t.title}</span>
              <span className="sp" />
              <span className="t3 num nowrap">
                {count(t.timesSeen)} dropped{t.actor ? ` · ${t.actor.name}` : ""} · {ago(t.dateAdded, now)}
              </span>
              <button type="button" className="btn" disabled={undo.isPending} onClick={() => undo.mutate({ path: { ...path, tombstone: t.id } })}>
                Let in again
              </button>
            </li>
          ))}
        </ul>
      )}
      {undo.isError ? <p className="small red" role="alert">{errorMessage(undo.error)}</p> : null}
    </Section>
  );
}
