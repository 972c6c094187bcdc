import { errorMessage } from "@/api/client";
import type { Issue } from "@/api/gen";
import { Dialog } from "@/components/Dialog";
import { count, plural } from "@/lib/format";
import { useUpdateIssues } from "./queries";
import { splitTitle } from "./IssueRow";

/** The one the others go into: with the most events, the older of two. */
export function parentOf<T extends { count: string; firstSeen: string }>(issues: T[]): T | undefined {
  return [...issues].sort((a, b) => Number(b.count) - Number(a.count) || a.firstSeen.localeCompare(b.firstSeen))[0];
}

/** Says into which issue the others go, and asks. */
export function MergeIssues({ org, issues, onMerged, onClose }: { org: string; issues: Issue[]; onMerged: () => void; onClose: () => void }) {
  const update = useUpdateIssues(org);
  const parent = parentOf(issues);
  const merge = () =>
    update.mutate(
      { ids: issues.map((i) => i.id), change: { merge: 1 } },
      {
        onSuccess: () => {
          onClose();
          onMerged();
        },
      },
    );
  return (
    <Dialog title={`Merge ${plural(issues.length, "issue")}?`} onClose={onClose}>
      <div className="ask">
        {parent ? (
          <p>
            They become <b className="code t1">{parent.shortId}</b> {splitTitle(parent).type}, which has the most events. Events like theirs go there from now on; its Merged tab takes them apart again.
          </p>
        ) : null}
        <ul>
          {issues
            .filter((i) => i !== parent)
            .map((i) => (
              <li key={i.id} className="row small">
                <span className="code">{i.shortId}</span>
                <span className="cut">{splitTitle(i).type}</span>
                <span className="sp" />
                <span className="num t3">{count(i.count)}</span>
              </li>
            ))}
        </ul>
        {update.isError ? (
          <p className="small red" role="alert">
            {errorMessage(update.error)}
          </p>
        ) : null}
        <div className="row">
          <button type="button" className="btn pri" disabled={update.isPending} onClick={merge}>
            {update.isPending ? "Merging…" : "Merge"}
          </button>
          <button type="button" className="btn bare" onClick={onClose}>
            Keep them apart
          </button>
        </div>
      </div>
    </Dialog>
  );
}
