import { errorMessage } from "@/api/client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { dropDeadLetterMutation, getDeadLetterOptions, listDeadLettersOptions, listDeadLettersQueryKey, resendDeadLetterMutation } from "@/api/gen/@tanstack/react-query.gen";
import { useOrg } from "@/app/hooks";
import { Ask } from "@/components/Ask";
import { Icon } from "@/components/Icon";
import { Failed, Middle, SkeletonRows } from "@/components/states";
import { ago, bytes, plural } from "@/lib/format";
import { useNow } from "@/lib/now";
import { SettingsFrame } from "./SettingsFrame";

export function DeadLetters() {
  const org = useOrg();
  const now = useNow();
  const queries = useQueryClient();
  const list = useQuery({ ...listDeadLettersOptions({ path: { org }, query: { per_page: 100 } }), refetchInterval: 15_000 });
  const [open, setOpen] = useState<string | null>(null);
  const [going, setGoing] = useState<string | null>(null);
  const done = { onSettled: () => queries.invalidateQueries({ queryKey: listDeadLettersQueryKey({ path: { org }, query: { per_page: 100 } }) }) };
  const resend = useMutation({ ...resendDeadLetterMutation(), ...done });
  const drop = useMutation({ ...dropDeadLetterMutation(), ...done });
  const dying = list.data?.find((l) => l.id === going);
  return (
    <SettingsFrame title="Dead letters">
      <p className="small t3 set-p">Messages that were accepted and could not be stored. Nothing is lost: read one, repair the cause, send it again.</p>
      {list.isPending ? (
        <SkeletonRows rows={4} label="Loading dead letters" />
      ) : list.isError ? (
        <Failed what="the list" error={list.error} retry={() => void list.refetch()} />
      ) : list.data.length === 0 ? (
        <Middle icon="check" title="No dead letters">
          Everything that was accepted has been stored.
        </Middle>
      ) : (
        <ul className="dead">
          {list.data.map((l) => (
            <li key={l.id}>
              <button type="button" className="dead-h" aria-expanded={open === l.id} onClick={() => setOpen(open === l.id ? null : l.id)}>
                <Icon name={open === l.id ? "down" : "right"} size="s" />
                <b>{l.kind}</b>
                <span className="cut">{l.problem || l.reason}</span>
                <span className="sp" />
                <span className="t3 nowrap hide-s">
                  {plural(l.attempts, "attempt")} · {bytes(l.size)}
                </span>
                <span className="t3 nowrap">{ago(l.dateDied, now)}</span>
              </button>
              {open === l.id ? (
                <div className="dead-b">
                  <div className="row">
                    <button type="button" className="btn" disabled={resend.isPending} onClick={() => resend.mutate({ path: { org, letter: Number(l.id) } })}>
                      Send again
                    </button>
                    <button type="button" className="btn danger" disabled={drop.isPending} onClick={() => setGoing(l.id)}>
                      Drop…
                    </button>
                    <span className="small t3">
                      project {l.projectId} · {l.reason}
                    </span>
                  </div>
                  {resend.isError ? (
                    <p className="small red" role="alert">
                      {errorMessage(resend.error)}
                    </p>
                  ) : null}
                  <Letter org={org} id={l.id} />
                </div>
              ) : null}
            </li>
          ))}
        </ul>
      )}
      {dying ? (
        <Ask
          title={`Drop this ${dying.kind}?`}
          action="Drop"
          busy={drop.isPending}
          error={drop.error}
          onYes={() => drop.mutate({ path: { org, letter: Number(dying.id) } }, { onSuccess: () => setGoing(null) })}
          onClose={() => setGoing(null)}
        >
          Its {bytes(dying.size)} are deleted for good; nothing of them was stored. Who dropped it stands in the audit log.
        </Ask>
      ) : null}
    </SettingsFrame>
  );
}

function Letter({ org, id }: { org: string; id: string }) {
  const letter = useQuery(getDeadLetterOptions({ path: { org, letter: Number(id) } }));
  if (letter.isPending) return <i className="sk w1" />;
  if (letter.isError) return <p className="small red">{errorMessage(letter.error)}</p>;
  return <pre className="json">{letter.data.envelope}</pre>;
}
