import { useMutation, useQueries, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { createReplayDeleteJob, type DeleteJob, type Replay } from "@/api/gen";
import { getReplayDeleteJobOptions } from "@/api/gen/@tanstack/react-query.gen";
import { useProjects, useScope } from "@/app/hooks";
import { defaultRange, rangeLabel } from "@/app/search";
import { Dialog } from "@/components/Dialog";
import { plural } from "@/lib/format";
import { useNow } from "@/lib/now";
import { deleteRequests, rangeOf, type DeleteRequest } from "./deleteRequests";

interface Props {
  org: string;
  /** The chosen ones; null: all that the search finds. */
  chosen: Replay[] | null;
  query: string;
  onClose: () => void;
}

interface Started {
  project: string;
  job: DeleteJob;
}

/** Asks once, starts the jobs, and shows how far they are. */
export function DeleteReplays({ org, chosen, query, onClose }: Props) {
  const scope = useScope();
  const { projects } = useProjects();
  const [project, setProject] = useState("");
  const [started, setStarted] = useState<Started[]>([]);
  const start = useMutation({
    mutationFn: async (requests: DeleteRequest[]) => {
      for (const r of requests) {
        const { data } = await createReplayDeleteJob({ path: { org, project: r.project }, body: { data: r.data }, throwOnError: true });
        setStarted((s) => [...s, { project: r.project, job: data.data }]);
      }
    },
  });
  const now = useNow();
  const environments = scope.environment ? [scope.environment] : [];
  const requests = chosen ? deleteRequests(chosen) : project ? [{ project, data: { ...rangeOf(scope.statsPeriod ?? defaultRange, now), environments, query } }] : [];
  return (
    <Dialog title={chosen ? `Delete ${plural(chosen.length, "replay")}?` : "Delete all that match?"} onClose={onClose}>
      <div className="ask">
        {started.length > 0 ? (
          <Progress org={org} started={started} />
        ) : (
          <>
            <p>The recordings, their chapters and clicks go for good. The errors stay and say who deleted them and when.</p>
            {chosen ? null : (
              <>
                <p>
                  Every replay of <b className="t1">{rangeLabel(scope.statsPeriod).toLowerCase()}</b>
                  {scope.environment ? <> in {scope.environment}</> : null} that fits {query ? <span className="code t1">{query}</span> : <b className="red">any search at all</b>}, in the project
                </p>
                <select className="inp" aria-label="Project" value={project} onChange={(e) => setProject(e.target.value)}>
                  <option value="">Choose a project</option>
                  {projects.map((p) => (
                    <option key={p.id} value={p.slug}>
                      {p.name || p.slug}
                    </option>
                  ))}
                </select>
              </>
            )}
            {start.isError ? (
              <p className="red" role="alert">
                Not deleted: {start.error.message}
              </p>
            ) : null}
            <div className="row">
              <button type="button" className="btn danger" disabled={requests.length === 0 || start.isPending} onClick={() => start.mutate(requests)}>
                Delete for good
              </button>
              <button type="button" className="btn" onClick={onClose}>
                Keep them
              </button>
            </div>
          </>
        )}
      </div>
    </Dialog>
  );
}

function Progress({ org, started }: { org: string; started: Started[] }) {
  const queries = useQueryClient();
  const jobs = useQueries({
    queries: started.map(({ project, job }) => ({
      ...getReplayDeleteJobOptions({ path: { org, project, job: job.id } }),
      refetchInterval: (q: { state: { data?: { data: DeleteJob } } }) => (isOver(q.state.data?.data) ? false : 1000),
    })),
  });
  const now = jobs.map((j, i) => j.data?.data ?? started[i]?.job);
  const over = now.every(isOver);
  const deleted = now.reduce((n, j) => n + (j?.countDeleted ?? 0), 0);
  const failed = now.some((j) => j?.status === "failed");
  return (
    <>
      <p role="status">
        {failed ? <span className="red">Stopped by an error: </span> : null}
        {plural(deleted, "replay")} deleted{over ? "." : " so far; it goes on when you close this."}
      </p>
      {over ? (
        <button type="button" className="btn" onClick={() => void queries.invalidateQueries({ predicate: (q) => (q.queryKey[0] as { _id?: string } | undefined)?._id === "listReplays" })}>
          Refresh the list
        </button>
      ) : null}
    </>
  );
}

const isOver = (job: DeleteJob | undefined) => job?.status === "completed" || job?.status === "failed";
