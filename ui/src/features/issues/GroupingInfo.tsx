import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { GroupingComponent, GroupingVariant } from "@/api/gen";
import { getGroupingInfoOptions } from "@/api/gen/@tanstack/react-query.gen";
import { cx, Section } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { Failed, SkeletonLines } from "@/components/states";
import g from "./grouping.module.css";

/** Why an event is in its issue: the parts that made its hash, and on demand those that did not. */
export function GroupingInfo({ org, project, event }: { org: string; project: string; event: string }) {
  const [open, setOpen] = useState(false);
  const [all, setAll] = useState(false);
  const info = useQuery({ ...getGroupingInfoOptions({ path: { org, project, event } }), enabled: open });
  const variants = Object.entries(info.data ?? {}).sort(([, a], [, b]) => Number(b.contributes) - Number(a.contributes));
  const decides = variants.find(([, v]) => v.contributes)?.[1];
  return (
    <Section
      id="why-together"
      title="Why these are together"
      sub={decides ? `by ${decides.description}` : "what made this event’s hash"}
      end={
        <button type="button" className="btn" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? "Hide" : "Show"}
        </button>
      }
    >
      {!open ? null : info.isError ? (
        <Failed what="the grouping" error={info.error} retry={() => void info.refetch()} />
      ) : !info.data ? (
        <SkeletonLines lines={4} label="Loading the grouping" />
      ) : (
        <>
          {decides?.hashMismatch ? (
            <p className="note">
              <Icon name="info" size="s" />
              This event came in by another hash: the rules or the way of grouping changed since. It stays where it is.
            </p>
          ) : null}
          {variants.map(([name, v]) => (v.contributes || all ? <Variant key={name} variant={v} all={all} /> : null))}
          <div className="row">
            <label className="rule small">
              <input type="checkbox" className="chk" checked={all} onChange={(e) => setAll(e.target.checked)} />
              Also what did not count, and why
            </label>
            <span className="sp" />
            <Link className="acc small" to="/organizations/$org/settings/projects/$project/grouping/" params={{ org, project }} search={{ event }}>
              Try rules on it
            </Link>
          </div>
        </>
      )}
    </Section>
  );
}

function Variant({ variant: v, all }: { variant: GroupingVariant; all: boolean }) {
  return (
    <div className={g.variant}>
      <p className="small">
        <b className="t1">{v.contributes ? "Decided by" : "Also known by"}</b> {v.description} <code className="code t3">{v.hash}</code>
      </p>
      {v.matchedRule ? <p className="code small">{v.matchedRule}</p> : null}
      {v.component ? <Part part={v.component} all={all} depth={0} /> : null}
    </div>
  );
}

const isPart = (v: unknown): v is GroupingComponent => typeof v === "object" && v !== null && "values" in v;

function Part({ part, all, depth }: { part: GroupingComponent; all: boolean; depth: number }) {
  if (!part.contributes && !all) return null;
  const texts = part.values.filter((v) => typeof v === "string");
  const parts = part.values.filter(isPart);
  const shown = part.name === "frame" || part.name === "exception" ? [...parts] : parts;
  return (
    <div className={cx(g.part, depth > 0 && g.in, !part.contributes && g.off)}>
      <span className={g.name}>{part.name}</span>
      {texts.length > 0 ? <span className="code">{texts.join(" ")}</span> : null}
      {part.hint ? <span className="t3 small"> {part.hint}</span> : null}
      {shown.map((c, i) => (
        <Part key={i} part={c} all={all} depth={depth + 1} />
      ))}
    </div>
  );
}
