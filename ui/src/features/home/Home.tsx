import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useOrg, useScope, useTitle } from "@/app/hooks";
import { Crumb } from "@/app/Shell";
import { issuesOptions } from "@/features/issues/queries";
import { ago } from "@/lib/format";
import { getPreference, setPreference } from "@/lib/preferences";
import { useNow } from "@/lib/now";
import { Broke } from "./Broke";
import { CoverageSection, WithoutReplay } from "./Coverage";
import { headline, whatBroke } from "./headline";
import { Ingestion } from "./Ingestion";
import { WorthWatching } from "./WorthWatching";
import "./home.css";

const AWAY_MS = 30 * 60_000; // a shorter absence is no absence

/** When this person last looked (a day ago, for one who never did), and that they look now. */
function useLastLook(): { since: number; first: boolean } {
  const [look] = useState(() => {
    const now = Date.now();
    const { at, before } = getPreference("lastLook");
    const since = at === 0 ? now - 24 * 3600_000 : now - at > AWAY_MS ? at : before || at;
    setPreference("lastLook", { at: now, before: since });
    return { since, first: at === 0 };
  });
  return look;
}

/** What broke since you last looked, and whether the tool itself is well. */
export function Home() {
  useTitle("Home");
  const org = useOrg();
  const scope = useScope();
  const now = useNow();
  const { since, first } = useLastLook();
  const issues = useQuery(issuesOptions(org, scope, { query: "is:unresolved", sort: "date" }));
  const broken = whatBroke(issues.data?.rows ?? [], since);
  return (
    <>
      <Crumb>
        <b>Home</b>
      </Crumb>
      <p className="small t3">{first ? "In the last day" : `Since you last looked, ${ago(since, now)}`}</p>
      <h1 className="sum">
        {issues.data
          ? headline(broken).map((w, i) =>
              w.issue ? (
                <Link key={i} className="acc" to="/organizations/$org/issues/$issue/" params={{ org, issue: w.issue.id }}>
                  {w.text}
                </Link>
              ) : w.strong ? (
                <b key={i}>{w.text}</b>
              ) : (
                w.text
              ),
            )
          : "\u00a0"}
      </h1>
      <div className="hg">
        <Broke org={org} broken={broken} query={issues} />
        <WorthWatching org={org} />
        <CoverageSection org={org} />
        <WithoutReplay org={org} />
        <Ingestion org={org} />
      </div>
    </>
  );
}
