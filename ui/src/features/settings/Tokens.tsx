import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { OrganizationDetail } from "@/api/gen";
import { createOrgTokenMutation, createTokenMutation, deleteOrgTokenMutation, deleteTokenMutation, listOrgTokensOptions, listTokensOptions } from "@/api/gen/@tanstack/react-query.gen";
import { useOrg } from "@/app/hooks";
import { Ask } from "@/components/Ask";
import { CopyButton, Section } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { ago } from "@/lib/format";
import { useNow } from "@/lib/now";
import { FormError } from "./Account";
import { may, purposes } from "./access";

interface Row {
  key: string;
  name: string;
  scopes: string[];
  last: string;
  used: string | null;
  whose: string;
  revoke?: (done: { onSuccess: () => void }) => void;
}

/** Bearer tokens: the caller's own, and those of the organisation that CI uses. */
export function Tokens({ organization }: { organization: OrganizationDetail }) {
  const org = useOrg();
  const path = { org };
  const now = useNow();
  const queries = useQueryClient();
  const mine = useQuery(listTokensOptions());
  const ours = useQuery(listOrgTokensOptions({ path }));
  const [adding, setAdding] = useState(false);
  const [going, setGoing] = useState<Row | null>(null);
  const refresh = async () => {
    await queries.invalidateQueries({ queryKey: listTokensOptions().queryKey });
    await queries.invalidateQueries({ queryKey: listOrgTokensOptions({ path }).queryKey });
  };
  const add = useMutation({ ...createTokenMutation(), onSuccess: refresh });
  const addOurs = useMutation({ ...createOrgTokenMutation(), onSuccess: refresh });
  const revoke = useMutation({ ...deleteTokenMutation(), onSuccess: refresh });
  const revokeOurs = useMutation({ ...deleteOrgTokenMutation(), onSuccess: refresh });
  const token = addOurs.data?.token ?? add.data?.token;
  const rows: Row[] = [
    ...(mine.data ?? [])
      .filter((t) => t.organization === org)
      .map((t): Row => ({ key: `u${t.id}`, name: t.name, scopes: t.scopes, last: t.tokenLastCharacters, used: t.dateLastUsed, whose: "yours", revoke: (done) => revoke.mutate({ path: { tokenId: t.id } }, done) })),
    ...(ours.data ?? []).map((t) => ({
      key: `o${t.id}`,
      name: t.name,
      scopes: t.scopes,
      last: t.tokenLastCharacters,
      used: t.dateLastUsed,
      whose: "the organisation's",
      revoke: may(organization, "org:write") ? (done: { onSuccess: () => void }) => revokeOurs.mutate({ path: { org, tokenId: t.id } }, done) : undefined,
    })),
  ];
  const reset = () => {
    add.reset();
    addOurs.reset();
  };
  return (
    <Section
      id="tokens"
      title="API tokens"
      sub="for sentry-cli, bundler plugins, agents and scripts"
      end={
        <button
          type="button"
          className="btn"
          aria-expanded={adding}
          onClick={() => {
            reset();
            setAdding(!adding);
          }}
        >
          <Icon name="plus" size="s" />
          New token
        </button>
      }
    >
      {adding ? (
        <form
          className="inline-form"
          onSubmit={(e) => {
            e.preventDefault();
            reset();
            const form = new FormData(e.currentTarget);
            const name = String(form.get("name"));
            const purpose = purposes.find((p) => p.value === form.get("purpose"));
            if (purpose) add.mutate({ body: { name, scopes: [...purpose.scopes].filter((s) => may(organization, s)), organization: org } });
            else addOurs.mutate({ path, body: { name } });
          }}
        >
          <label className="fld grow">
            <span className="lbl">Name</span>
            <input className="inp" name="name" required maxLength={200} placeholder="laptop, CI, …" autoComplete="off" />
          </label>
          <label className="fld">
            <span className="lbl">It may</span>
            <select className="inp" name="purpose" defaultValue="read">
              {purposes.map((p) => (
                <option key={p.value} value={p.value}>
                  {p.label}
                </option>
              ))}
              {may(organization, "org:write") ? <option value="org">Organisation token for CI</option> : null}
            </select>
          </label>
          <button type="submit" className="btn pri" disabled={add.isPending || addOurs.isPending}>
            Make it
          </button>
          <FormError error={add.error ?? addOurs.error} />
          {token ? (
            <div className="once" role="status">
              <p className="small">Copy it now: it is not shown again.</p>
              <div className="cmd">
                <code className="code">{token}</code>
                <CopyButton text={token} label="Copy the token" className="pb" />
              </div>
            </div>
          ) : null}
        </form>
      ) : null}
      {rows.length === 0 && !mine.isPending && !ours.isPending ? <p className="small t3">None yet.</p> : null}
      <ul className="people">
        {rows.map((t) => (
          <li key={t.key}>
            <span className="people-n">
              <b className="cut">{t.name}</b>
              <span className="micro t3 cut" title={t.scopes.join(", ")}>
                {t.whose} · …{t.last} · {t.scopes.join(", ")}
              </span>
            </span>
            <span className="t3 small num">{t.used ? `used ${ago(t.used, now)}` : "never used"}</span>
            {t.revoke ? (
              <button
                type="button"
                className="btn bare"
                aria-label={`Revoke ${t.name}`}
                onClick={() => {
                  revoke.reset();
                  revokeOurs.reset();
                  setGoing(t);
                }}
              >
                Revoke
              </button>
            ) : null}
          </li>
        ))}
      </ul>
      {going ? (
        <Ask
          title={`Revoke the token ${going.name}?`}
          action="Revoke"
          busy={revoke.isPending || revokeOurs.isPending}
          error={revoke.error ?? revokeOurs.error}
          onYes={() => going.revoke?.({ onSuccess: () => setGoing(null) })}
          onClose={() => setGoing(null)}
        >
          What signs in with …{going.last} is refused from now on; it {going.used ? `was used ${ago(going.used, now)}` : "was never used"}. There is no way back: make a new one instead.
        </Ask>
      ) : null}
    </Section>
  );
}
