import { useQuery } from "@tanstack/react-query";
import { getEventCommittersOptions } from "@/api/gen/@tanstack/react-query.gen";
import { CopyButton, Section } from "@/components/basics";
import { ago } from "@/lib/format";
import { useNow } from "@/lib/now";

/** The commits of the event's release that last touched the files of its frames; nothing when none are known. */
export function SuspectCommits({ org, project, event }: { org: string; project: string; event: string }) {
  const now = useNow();
  const found = useQuery({ ...getEventCommittersOptions({ path: { org, project, event } }), retry: false });
  const rows = (found.data?.committers ?? []).flatMap((c) => c.commits.map((commit) => ({ author: c.author, commit }))).slice(0, 5);
  if (rows.length === 0) return null;
  return (
    <Section id="suspects" title={rows.length === 1 ? "Suspect commit" : "Suspect commits"} sub="of this event’s release, on files of its stack trace">
      <ul className="suspects">
        {rows.map(({ author, commit }) => (
          <li key={commit.id}>
            <span className="t1 cut" title={commit.message}>
              {commit.message.split("\n")[0] || "No message"}
            </span>
            <span className="small t3 row">
              {author.name || author.email} · {ago(commit.dateCreated, now)} · <span className="code">{commit.id.slice(0, 12)}</span>
              <CopyButton text={commit.id} label="Copy the commit’s id" className="pb small-pb" />
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}
