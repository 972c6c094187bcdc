import { Link } from "@tanstack/react-router";
import { Icon } from "@/components/Icon";
import { CopyButton } from "@/components/basics";
import { useNow } from "@/lib/now";
import { whyNoReplay, type Absence } from "./noReplay";

/** Stands where the player would: the fact, then the one line that changes it. */
export function NoReplayPanel({ org, project, ...absence }: Omit<Absence, "now"> & { org: string; project: string }) {
  const now = useNow();
  const why = whyNoReplay({ ...absence, now });
  return (
    <article className="noreplay">
      <h3>
        <Icon name={why.icon} />
        {why.title}
      </h3>
      <p>{why.text}</p>
      {why.progress !== undefined ? (
        <div className="prog" role="progressbar" aria-valuenow={Math.round(why.progress * 100)} aria-label="Waiting for the recording">
          <i style={{ width: `${why.progress * 100}%` }} />
        </div>
      ) : null}
      {why.add ? (
        <>
          <div className="src">
            <div className="add">
              <span>+</span>
              <span>{why.add.line}</span>
            </div>
          </div>
          <div className="row">
            <span className="t3">{why.add.where}</span>
            <span className="sp" />
            <CopyButton text={why.add.line} label="Copy the line" className="btn bare">
              Copy
            </CopyButton>
          </div>
        </>
      ) : null}
      {why.goto === "limits" ? (
        <Link className="btn" to="/organizations/$org/settings/projects/$project/rules/" params={{ org, project }}>
          Raise the limit
        </Link>
      ) : why.goto === "doctor" ? (
        <Link className="acc" to="/organizations/$org/setup-doctor/" params={{ org }}>
          What the setup doctor says
        </Link>
      ) : null}
      {why.note ? <span className="t3">{why.note}</span> : null}
    </article>
  );
}
