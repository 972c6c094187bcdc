import { Link } from "@tanstack/react-router";
import { useOrg, useProjects } from "@/app/hooks";
import { Middle } from "@/components/states";

/** A list without rows: what it means, and what to do next. */
export function EmptyList({ query, tab, filtered, onClear }: { query: string; tab: string | null; filtered: boolean; onClear: () => void }) {
  const org = useOrg();
  const { projects } = useProjects();
  if (filtered) {
    return (
      <Middle
        icon="filter"
        title="Nothing matches"
        actions={
          <button type="button" className="btn" onClick={onClear}>
            Drop the filters
          </button>
        }
      >
        No issue in this time range and environment matches <span className="code">{query || "your filters"}</span>.
      </Middle>
    );
  }
  if (projects.some((p) => p.firstEvent) || tab !== "unresolved") {
    return (
      <Middle icon="check" title={tab === "unresolved" ? "Nothing is broken" : "Nothing here"}>
        {tab === "unresolved" ? "No unresolved issue in this time range. New ones show up here by themselves." : "No issue of this kind in this time range."}
      </Middle>
    );
  }
  return (
    <Middle
      icon="pulse"
      title="Waiting for the first event"
      actions={
        <Link className="btn pri" to="/organizations/$org/settings/projects/" params={{ org }}>
          Get a DSN
        </Link>
      }
    >
      Point the DSN of a browser app and of its backend here; their errors, and the sessions that caused them, show up in this list.
    </Middle>
  );
}
