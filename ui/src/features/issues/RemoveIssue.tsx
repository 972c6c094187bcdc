import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { deleteIssue, updateIssues, type IssueDetail } from "@/api/gen";
import { Ask } from "@/components/Ask";
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
    <Ask
      title={how === "discard" ? `Delete ${issue.shortId} and discard its future?` : `Delete ${issue.shortId}?`}
      action={how === "discard" ? "Delete and discard" : "Delete"}
      busy={remove.isPending}
      error={remove.error}
      onYes={() => remove.mutate()}
      onClose={onClose}
    >
      Its {count(issue.count)} events are deleted with their files.{" "}
      {how === "discard" ? "Events like them are dropped from now on, and counted; the project’s grouping settings list it and let it in again." : "An event like them makes a new issue."} Recordings stay.
    </Ask>
  );
}
