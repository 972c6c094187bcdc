import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { listIdentitiesOptions, unlinkIdentityMutation } from "@/api/gen/@tanstack/react-query.gen";
import { useState } from "react";
import { Ask } from "@/components/Ask";
import { SignOnButton } from "@/components/SignOnButton";
import { ago } from "@/lib/format";
import { useNow } from "@/lib/now";

/** What the caller signs in by besides a password, and a way to link their company's account. */
export function Identities({ next }: { next: string }) {
  const now = useNow();
  const queries = useQueryClient();
  const list = useQuery(listIdentitiesOptions());
  const unlink = useMutation({ ...unlinkIdentityMutation(), onSuccess: () => queries.invalidateQueries({ queryKey: listIdentitiesOptions().queryKey }) });
  const rows = list.data ?? [];
  const [going, setGoing] = useState<(typeof rows)[number] | null>(null);
  return (
    <>
      <ul className="people me-ids">
        {rows.map((i) => (
          <li key={i.id}>
            <span className="people-n">
              <b className="cut">{i.provider || i.issuer}</b>
              <span className="micro t3 cut">{i.email || i.issuer}</span>
            </span>
            <span className="t3 small num">{i.dateLastUsed ? `used ${ago(i.dateLastUsed, now)}` : "never used"}</span>
            <button type="button" className="btn bare" disabled={unlink.isPending} aria-label={`Unlink ${i.provider || i.issuer}`} onClick={() => setGoing(i)}>
              Unlink
            </button>
          </li>
        ))}
      </ul>
      {going ? (
        <Ask title={`Unlink ${going.provider || going.issuer}?`} action="Unlink" busy={unlink.isPending} error={unlink.error} onYes={() => unlink.mutate({ path: { identity: going.id } }, { onSuccess: () => setGoing(null) })} onClose={() => setGoing(null)}>
          {going.email || "This account"} signs you in no more; your password still does. You can link it again.
        </Ask>
      ) : null}
      {list.isSuccess && !rows.some((i) => i.provider) ? (
        <div className="me-link">
          <SignOnButton link next={next} />
        </div>
      ) : null}
    </>
  );
}
