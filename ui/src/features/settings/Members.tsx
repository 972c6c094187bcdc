import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { OrganizationDetail, OrganizationMember } from "@/api/gen";
import { createMemberMutation, deleteMemberMutation, getAuthOptions, listMembersOptions, listTeamsOptions, updateMemberMutation } from "@/api/gen/@tanstack/react-query.gen";
import { useOrg } from "@/app/hooks";
import { Ask } from "@/components/Ask";
import { Avatar, CopyButton, Section } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { Failed, SkeletonLines } from "@/components/states";
import { FormError } from "./Account";
import { givable, may } from "./access";

/** People who sign in, with their roles. */
export function Members({ organization }: { organization: OrganizationDetail }) {
  const org = useOrg();
  const path = { org };
  const queries = useQueryClient();
  const members = useQuery(listMembersOptions({ path, query: { per_page: 100 } }));
  const { data: me } = useQuery(getAuthOptions());
  const [adding, setAdding] = useState(false);
  const [going, setGoing] = useState<OrganizationMember | null>(null);
  const refresh = async () => {
    await queries.invalidateQueries({ queryKey: listMembersOptions({ path, query: { per_page: 100 } }).queryKey });
    await queries.invalidateQueries({ queryKey: listTeamsOptions({ path }).queryKey });
  };
  const add = useMutation({ ...createMemberMutation(), onSuccess: refresh });
  const change = useMutation({ ...updateMemberMutation(), onSuccess: refresh });
  const remove = useMutation({ ...deleteMemberMutation(), onSuccess: refresh });
  const roles = givable(organization);
  const invited = add.data;
  return (
    <Section
      id="members"
      title="Members"
      sub="people who sign in"
      end={
        may(organization, "member:write") ? (
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
            Add a member
          </button>
        ) : null
      }
    >
      {adding ? (
        <form
          className="inline-form"
          onSubmit={(e) => {
            e.preventDefault();
            const form = new FormData(e.currentTarget);
            add.mutate({ path, body: { email: String(form.get("email")), orgRole: String(form.get("role")) } });
          }}
        >
          <label className="fld grow">
            <span className="lbl">E-mail address</span>
            <input className="inp" name="email" type="email" required maxLength={254} autoComplete="off" />
          </label>
          <label className="fld">
            <span className="lbl">Role</span>
            <select className="inp" name="role" defaultValue="member">
              {roles.map((r) => (
                <option key={r} value={r}>
                  {r}
                </option>
              ))}
            </select>
          </label>
          <button type="submit" className="btn pri" disabled={add.isPending}>
            Add
          </button>
          <FormError error={add.error} />
          {invited ? <Invitation email={invited.email} link={invited.invite_link} /> : null}
        </form>
      ) : null}
      {members.isError ? <Failed what="the members" error={members.error} retry={() => void members.refetch()} /> : null}
      {members.isPending ? <SkeletonLines lines={3} label="Loading members" /> : null}
      <ul className="people">
        {(members.data ?? []).map((m) => (
          <MemberRow
            key={m.id}
            member={m}
            self={m.id === me?.id}
            roles={may(organization, "member:write") && roles.includes(m.role) && !m.isOnlyOwner ? roles : []}
            onRole={(orgRole) => change.mutate({ path: { org, member: m.id }, body: { orgRole } })}
            onRemove={may(organization, "member:admin") && roles.includes(m.role) && !m.isOnlyOwner ? () => setGoing(m) : undefined}
          />
        ))}
      </ul>
      <FormError error={change.error} />
      {going ? (
        <Ask
          title={`Remove ${going.name || going.email}?`}
          action="Remove"
          keep="Keep them"
          busy={remove.isPending}
          error={remove.error}
          onYes={() => remove.mutate({ path: { org, member: going.id } }, { onSuccess: () => setGoing(null) })}
          onClose={() => setGoing(null)}
        >
          They see nothing of this organisation any more, and their tokens for it are refused. Their comments stay; issues that are theirs stay assigned to them until somebody takes over.
        </Ask>
      ) : null}
    </Section>
  );
}

function Invitation({ email, link }: { email: string; link?: string }) {
  return (
    <div className="once" role="status">
      {link ? (
        <>
          <p className="small">
            Send <b>{email}</b> this link. It signs them in once, within a day, and is not shown again.
          </p>
          <div className="cmd">
            <code className="code">{link}</code>
            <CopyButton text={link} label="Copy the link" className="pb" />
          </div>
        </>
      ) : (
        <p className="small">
          <b>{email}</b> has an account here already and can use it now.
        </p>
      )}
    </div>
  );
}

function MemberRow({ member, self, roles, onRole, onRemove }: { member: OrganizationMember; self: boolean; roles: string[]; onRole: (role: string) => void; onRemove?: () => void }) {
  const name = member.name || member.email;
  return (
    <li>
      <Avatar name={name} />
      <span className="people-n">
        <b className="cut">
          {name}
          {self ? <span className="t3"> (you)</span> : null}
        </b>
        <span className="micro t3 cut">
          {name === member.email ? null : `${member.email} · `}
          {member.pending ? "has not signed in yet" : member.teams.join(", ") || "in no team"}
        </span>
      </span>
      {roles.length > 0 && !self ? (
        <select className="inp role" aria-label={`Role of ${name}`} value={member.role} onChange={(e) => onRole(e.target.value)}>
          {roles.map((r) => (
            <option key={r} value={r}>
              {r}
            </option>
          ))}
        </select>
      ) : (
        <span className="badge">{member.role}</span>
      )}
      {onRemove && !self ? (
        <button type="button" className="btn bare" aria-label={`Remove ${name}`} onClick={onRemove}>
          Remove
        </button>
      ) : null}
    </li>
  );
}
