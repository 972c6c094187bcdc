import { useState } from "react";
import type { Issue, IssueUpdate } from "@/api/gen";
import { cx } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { Menu } from "@/components/Menu";
import { archiveItems, resolveItems } from "./Actions";
import { AssignMenu } from "./AssignMenu";
import { MergeIssues } from "./MergeIssues";
import s from "./issueList.module.css";

interface Props {
  org: string;
  chosen: Issue[];
  busy: boolean;
  /** Whether the list of people is open, where a key opens it too. */
  assigning?: boolean;
  onAssigning?: (open: boolean) => void;
  onChange: (change: IssueUpdate) => void;
  onClear: () => void;
}

/** What can be done with the chosen issues at once. */
export function BulkBar({ org, chosen, busy, assigning, onAssigning, onChange, onClear }: Props) {
  const [merging, setMerging] = useState(false);
  const open = chosen.some((i) => i.status === "unresolved");
  const projects = new Set(chosen.map((i) => i.project.id)).size;
  return (
    <div className={cx("row", s.acts)}>
      <span className={cx("t1", s.n)}>
        {chosen.length}
        <span className="hide-s"> selected</span>
      </span>
      {open ? (
        <>
          <span className="split plain">
            <button type="button" className="btn" disabled={busy} onClick={() => onChange({ status: "resolved" })}>
              <Icon name="check" size="s" />
              Resolve
            </button>
            <Menu
              items={resolveItems(onChange, undefined)}
              trigger={
                <button type="button" className="btn" disabled={busy} aria-label="Resolve in another way">
                  <Icon name="down" size="s" />
                </button>
              }
            />
          </span>
          <Menu
            heading="Archive"
            align="start"
            items={archiveItems(onChange)}
            trigger={
              <button type="button" className="btn" disabled={busy}>
                <Icon name="eyeoff" size="s" />
                Archive
                <Icon name="down" size="s" className="hide-s" />
              </button>
            }
          />
        </>
      ) : (
        <button type="button" className="btn" disabled={busy} onClick={() => onChange({ status: "unresolved" })}>
          Reopen
        </button>
      )}
      <AssignMenu
        org={org}
        to={undefined}
        set={onChange}
        align="start"
        open={assigning}
        onOpenChange={onAssigning}
        trigger={
          <button type="button" className="btn" disabled={busy}>
            <Icon name="user" size="s" />
            Assign
          </button>
        }
      />
      <button type="button" className="btn hide-s" disabled={busy} onClick={() => onChange({ inbox: false })}>
        Mark reviewed
      </button>
      <button
        type="button"
        className="btn hide-s"
        disabled={busy || chosen.length < 2 || projects > 1}
        title={projects > 1 ? "Only issues of one project can be merged" : chosen.length < 2 ? "Select at least two" : undefined}
        onClick={() => setMerging(true)}
      >
        <Icon name="merge" size="s" />
        Merge
      </button>
      <button type="button" className="btn bare" aria-label="Clear the selection" onClick={onClear}>
        <span className="hide-s">Clear</span>
        <Icon name="x" size="s" className="only-s" />
      </button>
      {merging ? <MergeIssues org={org} issues={chosen} onMerged={onClear} onClose={() => setMerging(false)} /> : null}
    </div>
  );
}
