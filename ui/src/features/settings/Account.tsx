import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { getAuthOptions, updateMeMutation } from "@/api/gen/@tanstack/react-query.gen";
import { useOrg } from "@/app/hooks";
import { Avatar, Section } from "@/components/basics";
import { sentence } from "./access";
import { Identities } from "./Identities";

/** The caller: their name and password. */
export function Account({ role }: { role: string }) {
  const org = useOrg();
  const queries = useQueryClient();
  const { data: me } = useQuery(getAuthOptions());
  const [open, setOpen] = useState<"name" | "password" | null>(null);
  const save = useMutation({
    ...updateMeMutation(),
    onSuccess: async () => {
      setOpen(null);
      await queries.invalidateQueries({ queryKey: getAuthOptions().queryKey });
    },
  });
  if (!me) return null;
  const show = (what: "name" | "password") => {
    save.reset();
    setOpen(open === what ? null : what);
  };
  return (
    <Section
      id="me"
      title="You"
      end={
        <>
          <button type="button" className="btn bare" aria-expanded={open === "name"} onClick={() => show("name")}>
            Change name
          </button>
          <button type="button" className="btn bare" aria-expanded={open === "password"} onClick={() => show("password")}>
            {me.hasPasswordAuth ? "Change password" : "Set a password"}
          </button>
        </>
      }
    >
      <div className="row small">
        <Avatar name={me.name || me.email} large />
        <span className="t1 med">{me.name || me.email}</span>
        {me.name && me.name !== me.email ? <span className="t3">{me.email}</span> : null}
        {role ? <span className="badge">{role}</span> : null}
      </div>
      <Identities next={`/organizations/${org}/settings/access/`} />
      {open ? (
        <form
          className="inline-form"
          onSubmit={(e) => {
            e.preventDefault();
            const form = new FormData(e.currentTarget);
            const text = (name: string) => String(form.get(name) ?? "");
            save.mutate({ body: open === "name" ? { name: text("name") } : { password: text("password") || undefined, passwordNew: text("passwordNew") } });
          }}
        >
          {open === "name" ? (
            <label className="fld">
              <span className="lbl">Name</span>
              <input className="inp" name="name" defaultValue={me.name} required maxLength={200} autoComplete="name" />
            </label>
          ) : (
            <>
              {me.hasPasswordAuth ? (
                <label className="fld">
                  <span className="lbl">Present password</span>
                  <input className="inp" name="password" type="password" required autoComplete="current-password" />
                </label>
              ) : null}
              <label className="fld">
                <span className="lbl">New password</span>
                <input className="inp" name="passwordNew" type="password" required minLength={8} autoComplete="new-password" />
              </label>
            </>
          )}
          <button type="submit" className="btn pri" disabled={save.isPending}>
            Save
          </button>
          <FormError error={save.error} />
        </form>
      ) : null}
    </Section>
  );
}

export function FormError({ error }: { error: unknown }) {
  const text = sentence(error);
  return text ? (
    <p className="form-e small red" role="alert">
      {text}
    </p>
  ) : null;
}
