import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { errorMessage } from "@/api/client";
import { createKeyMutation, deleteKeyMutation, getProjectOptions, listKeysOptions, listReplaysOptions, updateKeyMutation } from "@/api/gen/@tanstack/react-query.gen";
import { useOrg } from "@/app/hooks";
import { Ask } from "@/components/Ask";
import { CopyButton, cx, Section, Segmented } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { Failed, SkeletonLines } from "@/components/states";
import { ago } from "@/lib/format";
import { useNow } from "@/lib/now";
import { IssueRules } from "./IssueRules";
import { SettingsFrame } from "./SettingsFrame";
import { platforms, sideOfPlatform } from "./snippets";
import { SnippetView } from "./SnippetView";

export function Project() {
  const org = useOrg();
  const { project: slug } = useParams({ from: "/organizations/$org/settings/projects/$project" });
  const path = { org, project: slug };
  const now = useNow();
  const queries = useQueryClient();
  const waiting = { refetchInterval: (q: { state: { data?: { firstEvent: string | null } } }) => (q.state.data?.firstEvent ? (false as const) : 3000) };
  const project = useQuery({ ...getProjectOptions({ path }), ...waiting });
  const keys = useQuery(listKeysOptions({ path }));
  const [shown, setShown] = useState<string | null>(null);
  const platform = shown ?? project.data?.platform ?? "other";
  const browser = sideOfPlatform(project.data?.platform ?? null) === "browser";
  const replays = useQuery({ ...listReplaysOptions({ path: { org }, query: { projectSlug: [slug], per_page: 1, statsPeriod: "90d" } }), enabled: browser, refetchInterval: (q) => ((q.state.data?.data.length ?? 0) > 0 ? false : 4000) });
  const refresh = { onSuccess: () => queries.invalidateQueries({ queryKey: listKeysOptions({ path }).queryKey }) };
  const addKey = useMutation({ ...createKeyMutation(), ...refresh });
  const setKey = useMutation({ ...updateKeyMutation(), ...refresh });
  const dropKey = useMutation({ ...deleteKeyMutation(), ...refresh });
  const [going, setGoing] = useState<{ id: string; name: string; on: boolean } | null>(null);
  const dsn = keys.data?.find((k) => k.isActive)?.dsn.public;
  if (project.isError) return <Failed what="this project" error={project.error} retry={() => void project.refetch()} />;
  if (!project.data) return <SkeletonLines lines={8} label="Loading the project" />;
  const first = project.data.firstEvent;
  const replay = replays.data?.data[0];
  return (
    <SettingsFrame
      title={project.data.name}
      end={
        <div className="row">
          <Link className="btn" to="/organizations/$org/settings/projects/$project/grouping/" params={path}>
            Grouping
          </Link>
          <Link className="btn" to="/organizations/$org/settings/projects/$project/ownership/" params={path}>
            Ownership
          </Link>
          <Link className="btn" to="/organizations/$org/settings/projects/$project/source-maps/" params={path}>
            Source maps
          </Link>
          <Link className="btn" to="/organizations/$org/settings/projects/$project/rules/" params={path}>
            Filters, scrubbing, limits, forwarding
          </Link>
        </div>
      }
    >
      <Section
        id="paste"
        title="Paste this"
        sub="your DSN is in it; marked lines are what makes a link"
        end={<Segmented label="Platform" value={platform} onChange={setShown} options={platforms.filter((p) => p.side === (browser ? "browser" : "server")).map((p) => ({ value: p.value, label: p.label }))} />}
      >
        {dsn ? <SnippetView platform={platform} dsn={dsn} /> : <p className="small t3">{keys.isPending ? "Loading the key…" : "This project has no active key; make one below."}</p>}
      </Section>
      <Section id="wait" title={first && (!browser || replay) ? "It works" : "Waiting"} sub={first ? undefined : "open the app and click around"}>
        <ol className="wait">
          <li>
            {first ? <Icon name="check" className="green" /> : <span className="pulse" />}
            <span className={first ? "t1" : undefined}>First event</span>
            <span className="sp" />
            <span className="t3 num">{first ? ago(first, now) : "usually under 6 s"}</span>
          </li>
          {browser ? (
            <li>
              {replay ? <Icon name="check" className="green" /> : <span className="pulse" />}
              <span className={replay ? "t1" : undefined}>First piece of a recording</span>
              <span className="sp" />
              {replay ? (
                <Link className="acc small" to="/organizations/$org/replays/$replay/" params={{ org, replay: replay.id }}>
                  Watch it
                </Link>
              ) : (
                <span className="t3">needs a click on the page</span>
              )}
            </li>
          ) : null}
        </ol>
      </Section>
      <IssueRules path={path} project={project.data} />
      <Section
        id="keys"
        title="Keys"
        sub="each is a DSN of its own; turn one off to refuse what uses it"
        end={
          <button type="button" className="btn" disabled={addKey.isPending} onClick={() => addKey.mutate({ path, body: {} })}>
            <Icon name="plus" size="s" />
            New key
          </button>
        }
      >
        <ul className="prj">
          {(keys.data ?? []).map((k) => (
            <li key={k.id}>
              <span className="prj-n">
                <b className={cx("cut", !k.isActive && "t4")}>{k.name}</b>
                <span className="micro t3">{k.isActive ? "active" : "off"}</span>
              </span>
              <span className="prj-d">
                <code className={cx("code cut", !k.isActive && "t4")}>{k.dsn.public}</code>
                <CopyButton text={k.dsn.public} label={`Copy the DSN ${k.name}`} className="pb" />
              </span>
              <span className="row">
                <button type="button" className="btn bare" disabled={setKey.isPending} aria-label={`${k.isActive ? "Turn off" : "Turn on"} the key ${k.name}`} onClick={() => setKey.mutate({ path: { ...path, key: k.id }, body: { isActive: !k.isActive } })}>
                  {k.isActive ? "Turn off" : "Turn on"}
                </button>
                <button type="button" className="btn ico bare" aria-label={`Delete the key ${k.name}`} onClick={() => setGoing({ id: k.id, name: k.name, on: k.isActive })}>
                  <Icon name="x" size="s" />
                </button>
              </span>
            </li>
          ))}
        </ul>
        {setKey.isError || addKey.isError ? (
          <p className="small red" role="alert">
            {errorMessage(setKey.error ?? addKey.error)}
          </p>
        ) : null}
        {going ? (
          <Ask
            title={`Delete the key ${going.name}?`}
            action="Delete"
            busy={dropKey.isPending}
            error={dropKey.error}
            onYes={() => dropKey.mutate({ path: { ...path, key: going.id } }, { onSuccess: () => setGoing(null) })}
            onClose={() => setGoing(null)}
          >
            {going.on ? "Whatever still sends with this DSN is refused within seconds, and what it sends is lost. To see first who uses it, turn it off: that can be undone." : "It is off already, so nothing more is refused. The DSN cannot be had back."}
          </Ask>
        ) : null}
      </Section>
    </SettingsFrame>
  );
}
