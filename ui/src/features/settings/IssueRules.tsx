import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { errorMessage } from "@/api/client";
import type { ProjectDetail, ProjectOwnership } from "@/api/gen";
import { getOwnershipOptions, getProjectOptions, updateOwnershipMutation, updateProjectMutation } from "@/api/gen/@tanstack/react-query.gen";
import { Section } from "@/components/basics";
import { plural } from "@/lib/format";
import { type Assignment, assignments } from "./assignment";

const ages = [7, 14, 30, 60, 90, 180]; // days

/** After how long, in words; hours that are no days stay hours. */
const ageWords = (hours: number) => (hours === 0 ? "never" : hours % 24 === 0 ? `after ${plural(hours / 24, "day")}` : `after ${plural(hours, "hour")}`);

/** What happens to a project's issues by itself. Each is saved as it is chosen. */
export function IssueRules({ path, project }: { path: { org: string; project: string }; project: ProjectDetail }) {
  const queries = useQueryClient();
  const ownership = useQuery(getOwnershipOptions({ path }));
  const age = useMutation({ ...updateProjectMutation(), onSuccess: () => queries.invalidateQueries({ queryKey: getProjectOptions({ path }).queryKey }) });
  const assign = useMutation({ ...updateOwnershipMutation(), onSuccess: (now: ProjectOwnership) => queries.setQueryData(getOwnershipOptions({ path }).queryKey, now) });
  const hours = age.isPending ? (age.variables.body.resolveAge ?? 0) : project.resolveAge;
  const to = assign.isPending ? assign.variables.body.autoAssignment : ownership.data?.autoAssignment;
  const choices = [0, ...ages.map((d) => d * 24)];
  if (!choices.includes(hours)) choices.push(hours);
  const failed = age.error ?? assign.error;
  return (
    <Section
      id="issues"
      title="Issues"
      sub="what happens to them by itself"
      end={
        <Link className="btn bare" to="/organizations/$org/settings/projects/$project/ownership/" params={path}>
          Ownership rules
        </Link>
      }
    >
      <ul className="rules auto">
        <li>
          <label htmlFor="resolve-age">
            <span className="t1">Resolve</span>
            <span className="t3">what was not seen for so long; it reopens when it is seen again</span>
          </label>
          <select id="resolve-age" className="inp" value={hours} disabled={age.isPending} onChange={(e) => age.mutate({ path, body: { resolveAge: Number(e.target.value) } })}>
            {choices.map((h) => (
              <option key={h} value={h}>
                {ageWords(h)}
              </option>
            ))}
          </select>
        </li>
        <li>
          <label htmlFor="auto-assign">
            <span className="t1">Assign</span>
            <span className="t3">new issues; what a person changes later stays</span>
          </label>
          <select id="auto-assign" className="inp" value={to ?? ""} disabled={assign.isPending || !ownership.data} onChange={(e) => assign.mutate({ path, body: { autoAssignment: e.target.value as Assignment } })}>
            {to === undefined ? <option value="">…</option> : null}
            {assignments.map((a) => (
              <option key={a.value} value={a.value}>
                {a.short}
              </option>
            ))}
          </select>
        </li>
      </ul>
      {failed ? (
        <p className="small red" role="alert">
          Not saved: {errorMessage(failed)}
        </p>
      ) : null}
    </Section>
  );
}
