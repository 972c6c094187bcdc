import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { errorMessage } from "@/api/client";
import { deleteIssue, updateIssues, type IssueDetail } from "@/api/gen";
import { Dialog } from "@/components/Dialog";
import { count } from "@/lib/format";

export type Removal = "delete" | "discard";

/** Asks before an issue goes for good, and says what becomes of its events. */
export function RemoveIssue({ org, issue, how, onClose }: { org: string; issue: IssueDetail; how: Removal; onClose: () => void }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const remove = useMutation({
    mutationFn: () =>
      how === "discard"
        ? updateIssues({ path: { org }, query: { id: [issue.id] }, body: { discard: true }, throwOnError: true })
        : deleteIssue({ path: { org, issue: issue.id }, throwOnError: true }),
    onSuccess: async () => {
      await navigate({ to: "/organizations/$org/issues/", params: { org } });
      await queries.invalidateQueries();
    },
  });
  return (
    <Dialog title={how === "discard" ? `Delete ${issue.shortId} and discard its future?` : `Delete ${issue.shortId}?`} onClose={onClose}>
      <div className="ask">
        <p>
          Its {count(issue.count)} events are deleted with their files.{" "}
          {how === "discard" ? "Events like them are dropped from now on, and counted; the project’s grouping settings list it and let it in again." : "An event like them makes a new issue."} Recordings stay.
        </p>
        {remove.isError ? (
          <p className="small red" role="alert">
            {errorMessage(remove.error)}
          </p>
        ) : null}
        <div className="row">
          <button type="button" className="btn pri" disabled={remove.isPending} onClick={() => remove.mutate()}>
            {remove.isPending ? "Deleting…" : how === "discard" ? "Delete and discard" : "Delete"}
          </button>
          <button type="button" className="btn bare" onClick={onClose}>
            Keep it
          </button>
        </div>
      </div>
    </Dialog>
  );
}
