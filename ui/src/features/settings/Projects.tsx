import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Project } from "@/api/gen";
import { listKeysOptions, listProjectsOptions } from "@/api/gen/@tanstack/react-query.gen";
import { useOrg } from "@/app/hooks";
import { CopyButton, SideMark } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { Failed, Middle, SkeletonRows } from "@/components/states";
import { ago } from "@/lib/format";
import { useNow } from "@/lib/now";
import { SettingsFrame } from "./SettingsFrame";
import { sideOfPlatform } from "./snippets";

export function Projects() {
  const org = useOrg();
  const list = useQuery(listProjectsOptions({ path: { org }, query: { per_page: 100 } }));
  const create = (
    <Link className="btn pri" to="/organizations/$org/settings/projects/new/" params={{ org }}>
      <Icon name="plus" size="s" />
      Create project
    </Link>
  );
  return (
    <SettingsFrame title="Projects" end={create}>
      {list.isPending ? (
        <SkeletonRows rows={4} label="Loading projects" />
      ) : list.isError ? (
        <Failed what="the list" error={list.error} retry={() => void list.refetch()} />
      ) : list.data.length === 0 ? (
        <Middle icon="plus" title="No project yet" actions={create}>
          A project is one app or service. Make one for the browser app and one for each backend.
        </Middle>
      ) : (
        <ul className="prj">
          {list.data.map((p) => (
            <Row key={p.id} org={org} project={p} />
          ))}
        </ul>
      )}
    </SettingsFrame>
  );
}

function Row({ org, project: p }: { org: string; project: Project }) {
  const now = useNow();
  const keys = useQuery(listKeysOptions({ path: { org, project: p.slug } }));
  const dsn = keys.data?.find((k) => k.isActive)?.dsn.public;
  return (
    <li>
      <Link className="prj-n" to="/organizations/$org/settings/projects/$project/" params={{ org, project: p.slug }}>
        <SideMark side={sideOfPlatform(p.platform)}>
          <b className="cut">{p.name}</b>
        </SideMark>
        <span className="t3 micro">{[p.slug !== p.name ? p.slug : null, p.platform].filter(Boolean).join(" · ")}</span>
      </Link>
      <span className="prj-d">
        {dsn ? (
          <>
            <code className="code cut">{dsn}</code>
            <CopyButton text={dsn} label={`Copy the DSN of ${p.slug}`} className="pb" />
          </>
        ) : keys.isPending ? (
          <i className="sk w1" />
        ) : (
          <span className="t4">no active key</span>
        )}
      </span>
      <span className="t3 small nowrap hide-s">{p.firstEvent ? `first event ${ago(p.firstEvent, now)}` : "waiting for its first event"}</span>
    </li>
  );
}
