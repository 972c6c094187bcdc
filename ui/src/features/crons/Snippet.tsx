import { useQuery } from "@tanstack/react-query";
import { listKeysOptions } from "@/api/gen/@tanstack/react-query.gen";
import { useOrg } from "@/app/hooks";
import { CopyButton } from "@/components/basics";

/** The shortest way to report: a request before the job and one after it. */
export function Snippet({ slug, project }: { slug: string; project: string }) {
  const org = useOrg();
  const keys = useQuery(listKeysOptions({ path: { org, project } }));
  const address = keys.data?.[0]?.dsn.crons.replace("___MONITOR_SLUG___", slug);
  if (!address) return null;
  const text = `curl "${address}?status=in_progress"\nyour-job && curl "${address}?status=ok" || curl "${address}?status=error"`;
  return (
    <div>
      <p className="small t3">No check-in has come yet. Around the job, in a crontab or a script:</p>
      <pre className="json">{text}</pre>
      <CopyButton className="btn" text={text} label="Copy the lines">
        Copy
      </CopyButton>
    </div>
  );
}
