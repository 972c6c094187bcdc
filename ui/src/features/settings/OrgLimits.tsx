import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { errorMessage } from "@/api/client";
import type { OrganizationLimit } from "@/api/gen";
import { getOrganizationQuotasOptions, updateOrganizationQuotasMutation } from "@/api/gen/@tanstack/react-query.gen";
import { useOrg } from "@/app/hooks";
import { Section } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { Failed, SkeletonLines } from "@/components/states";
import { LimitRow, newLimitId, withLimit } from "./LimitRow";
import { SettingsFrame } from "./SettingsFrame";

/** Limits that count all projects of the organisation together. */
export function OrgLimits() {
  const path = { org: useOrg() };
  const saved = useQuery({ ...getOrganizationQuotasOptions({ path }), refetchOnWindowFocus: false });
  if (saved.isError) return <Failed what="the limits" error={saved.error} retry={() => void saved.refetch()} />;
  if (!saved.data) return <SkeletonLines lines={5} label="Loading the limits" />;
  return (
    <SettingsFrame title="Limits">
      <Form key={JSON.stringify(saved.data)} org={path.org} saved={saved.data.limits} />
    </SettingsFrame>
  );
}

function Form({ org, saved }: { org: string; saved: OrganizationLimit[] }) {
  const path = { org };
  const queries = useQueryClient();
  const [draft, setDraft] = useState(saved);
  const save = useMutation({ ...updateOrganizationQuotasMutation(), onSuccess: () => queries.invalidateQueries({ queryKey: getOrganizationQuotasOptions({ path }).queryKey }) });
  const changed = JSON.stringify(draft) !== JSON.stringify(saved);
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault();
        save.mutate({ path, body: { limits: draft } });
      }}
    >
      <Section id="limits" title="Over all projects" sub="what is over them is answered with 429, and counted; each project has limits of its own among its rules">
        {draft.length === 0 ? <p className="small t3">Nothing is limited over all projects.</p> : null}
        <ul className="rules">
          {draft.map((l, i) => (
            <LimitRow key={l.id} limit={l} onChange={(next) => setDraft(withLimit(draft, i, next))} />
          ))}
        </ul>
        <button type="button" className="btn" onClick={() => setDraft([...draft, { id: newLimitId(), categories: ["error"], limit: 100000, windowSeconds: 3600 }])}>
          <Icon name="plus" size="s" />
          Add a limit
        </button>
      </Section>
      <div className="save">
        <button type="submit" className="btn pri tall" disabled={!changed || save.isPending}>
          {save.isPending ? "Saving…" : "Save the limits"}
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
