import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { OrganizationDetail } from "@/api/gen";
import { createTeamMutation, deleteTeamMutation, joinTeamMutation, leaveTeamMutation, listMembersOptions, listTeamsOptions } from "@/api/gen/@tanstack/react-query.gen";
import { useOrg } from "@/app/hooks";
import { Ask } from "@/components/Ask";
import { Section } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { Failed, SkeletonLines } from "@/components/states";
import { plural } from "@/lib/format";
import { FormError } from "./Account";
import { may } from "./access";

/** Groups of people: projects are theirs, and issues can be assigned to them. */
export function Teams({ organization }: { organization: OrganizationDetail }) {
  const org = useOrg();
  const path = { org };
  const queries = useQueryClient();
  const teams = useQuery(listTeamsOptions({ path }));
  const [adding, setAdding] = useState(false);
  const [going, setGoing] = useState<string | null>(null);
  const refresh = async () => {
    await queries.invalidateQueries({ queryKey: listTeamsOptions({ path }).queryKey });
    await queries.invalidateQueries({ queryKey: listMembersOptions({ path, query: { per_page: 100 } }).queryKey });
  };
  const add = useMutation({
    ...createTeamMutation(),
    onSuccess: async () => {
      setAdding(false);
      await refresh();
    },
  });
  const join = useMutation({ ...joinTeamMutation(), onSuccess: refresh });
  const leave = useMutation({ ...leaveTeamMutation(), onSuccess: refresh });
  const remove = useMutation({ ...deleteTeamMutation(), onSuccess: refresh });
  const rows = teams.data ?? [];
  return (
    <Section
      id="teams"
      title="Teams"
      sub="projects are theirs, issues can be assigned to them"
      end={
        may(organization, "team:write") ? (
          <button
            type="button"
            className="btn"
            aria-expanded={adding}
            onClick={() => {
              add.reset();
              setAdding(!adding);
            }}
          >
            <Icon name="plus" size="s" />
            New team
          </button>
        ) : null
      }
    >
      {adding ? (
        <form
          className="inline-form"
          onSubmit={(e) => {
            e.preventDefault();
            add.mutate({ path, body: { name: String(new FormData(e.currentTarget).get("name")) } });
          }}
        >
          <label className="fld grow">
            <span className="lbl">Name</span>
            <input className="inp" name="name" required maxLength={200} autoComplete="off" />
          </label>
          <button type="submit" className="btn pri" disabled={add.isPending}>
            Make it
          </button>
          <FormError error={add.error} />
        </form>
      ) : null}
      {teams.isError ? <Failed what="the teams" error={teams.error} retry={() => void teams.refetch()} /> : null}
      {teams.isPending ? <SkeletonLines lines={2} label="Loading teams" /> : null}
      <ul className="people">
        {rows.map((t) => (
          <li key={t.id}>
            <span className="people-n">
              <b className="cut">{t.name}</b>
              <span className="micro t3 cut">
                #{t.slug} · {plural(t.memberCount, "member")} · {t.projects.map((p) => p.slug).join(", ") || "no projects"}
              </span>
            </span>
            <button type="button" className="btn bare" onClick={() => (t.isMember ? leave : join).mutate({ path: { org, member: "me", team: t.slug } })}>
              {t.isMember ? "Leave" : "Join"}
            </button>
            {may(organization, "team:admin") && rows.length > 1 ? (
              <button type="button" className="btn bare" aria-label={`Remove ${t.name}`} onClick={() => setGoing(t.slug)}>
                Remove
              </button>
            ) : null}
          </li>
        ))}
      </ul>
      <FormError error={join.error ?? leave.error} />
      {going ? (
        <Ask title={`Remove the team #${going}?`} action="Remove" busy={remove.isPending} error={remove.error} onYes={() => remove.mutate({ path: { org, team: going } }, { onSuccess: () => setGoing(null) })} onClose={() => setGoing(null)}>
          Its members and projects stay in the organisation. Rules that mail the team, and ownership rules that name it, reach nobody by it.
        </Ask>
      ) : null}
    </Section>
  );
}
