import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import type { Event } from "@/api/gen";
import { listAttachmentsOptions } from "@/api/gen/@tanstack/react-query.gen";
import { Attachments } from "@/components/Attachments";
import { CopyButton, cx, Section } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { quoteValue } from "@/components/searchSuggest";
import { bytes, count, plural, timeOfDay } from "@/lib/format";
import { entryOf } from "./event";
import { toCurl } from "./curl";
import { issueTagsOptions } from "./queries";
import { shareWords } from "./tagShares";

export function RequestSection({ event }: { event: Event }) {
  const request = entryOf(event, "request");
  if (!request?.url && !request?.method) return null;
  const body = request.data === null || request.data === undefined || request.data === "" ? null : typeof request.data === "string" ? request.data : JSON.stringify(request.data, null, 2);
  return (
    <Section
      id="request"
      title="Request"
      sub={
        <span className="code">
          {request.method} {request.url.replace(/^[a-z]+:\/\/[^/]*/i, "") || request.url}
        </span>
      }
      end={
        <CopyButton text={toCurl(request)} label="Copy as curl">
          Copy as curl
        </CopyButton>
      }
    >
      {body ? (
        <div className="frames">
          <div className="src flat">
            {body.split("\n").slice(0, 200).map((line, i) => (
              <div key={i}>
                <span>{i + 1}</span>
                <span>{line}</span>
              </div>
            ))}
          </div>
        </div>
      ) : null}
      {request.query.length > 0 ? <Pairs heading="Query" pairs={request.query} /> : null}
      {request.headers.length > 0 ? <Pairs heading="Headers" pairs={request.headers} /> : null}
      {request.cookies.length > 0 ? <Pairs heading="Cookies" pairs={request.cookies} /> : null}
    </Section>
  );
}

function Pairs({ heading, pairs }: { heading: string; pairs: [string, string][] }) {
  const [all, setAll] = useState(false);
  const shown = all ? pairs : pairs.slice(0, 5);
  return (
    <div className="pairs">
      <h3>{heading}</h3>
      <dl className="kv">
        {shown.map(([k, v], i) => (
          <div className="kv-r" key={`${k}-${i}`}>
            <dt className="cut" title={k}>{k}</dt>
            <dd className="code">{v}</dd>
          </div>
        ))}
      </dl>
      {pairs.length > shown.length ? (
        <button type="button" className="acc small" onClick={() => setAll(true)}>
          {plural(pairs.length - shown.length, "more line")}
        </button>
      ) : null}
    </div>
  );
}

/** The event's tags, each with the share of the issue's events that have the same. */
export function TagsSection({ org, issue, event }: { org: string; issue: string; event: Event }) {
  const all = useQuery({ ...issueTagsOptions(org, issue), enabled: event.tags.length > 0 });
  if (event.tags.length === 0) return null;
  const shareOf = (key: string, value: string) => {
    const tag = all.data?.find((t) => t.key === key);
    const found = tag?.topValues.find((v) => v.value === value);
    return tag && found ? { part: found.count, whole: tag.totalValues } : null;
  };
  return (
    <Section
      id="tags"
      title="Tags"
      sub="of this event, and their share of all"
      end={
        <Link className="acc small" to="/organizations/$org/issues/$issue/" params={{ org, issue }} search={{ tab: "tags" }}>
          All values
        </Link>
      }
    >
      <dl className="tags">
        {event.tags.map((t) => {
          const share = shareOf(t.key, t.value);
          return (
            <div className="tagr" key={t.key}>
              <dt className="cut" title={t.key}>{t.key}</dt>
              <dd className="cut code" title={t.value}>
                <Link to="/organizations/$org/issues/$issue/" params={{ org, issue }} search={{ tab: "events", query: `${t.key}:${quoteValue(t.value)}` }}>
                  {t.value}
                </Link>
              </dd>
              <dd className="tagr-b" aria-hidden="true">
                {share ? <i style={{ width: `${Math.min(100, (share.part / Math.max(1, share.whole)) * 100)}%` }} /> : null}
              </dd>
              <dd className="num t3 r" title={share ? `${count(share.part)} of ${count(share.whole)} events` : undefined}>
                {share ? shareWords(share.part, share.whole) : ""}
              </dd>
            </div>
          );
        })}
      </dl>
    </Section>
  );
}

/** What is rarely needed: one line each, opened in place. */
export function Folds({ org, event }: { org: string; event: Event }) {
  const crumbs = entryOf(event, "breadcrumbs")?.values ?? [];
  const user = event.user;
  const contexts = Object.entries(event.contexts);
  const extra = Object.entries(event.context);
  const packages = Object.entries(event.packages);
  const json = JSON.stringify(event, null, 2);
  const files = useQuery(listAttachmentsOptions({ path: { org, project: event.projectSlug, event: event.eventID } }));
  return (
    <section className="sec" aria-label="More about this event">
      <div className="folds">
        <Fold title="Breadcrumbs" note={crumbs.length > 0 ? `${crumbs.length}, last: ${crumbs.at(-1)?.message ?? crumbs.at(-1)?.category ?? ""}` : "none"} empty={crumbs.length === 0}>
          <ol className="crumbs">
            {[...crumbs].reverse().map((c, i) => (
              <li key={i}>
                <span className="code t4">{c.timestamp ? timeOfDay(c.timestamp) : ""}</span>
                <span className={cx("med", c.level === "error" || c.level === "fatal" ? "red" : c.level === "warning" ? "amber" : "t1")}>{c.category ?? c.type}</span>
                <span className="brk">{c.message ?? (c.data ? JSON.stringify(c.data) : "")}</span>
              </li>
            ))}
          </ol>
        </Fold>
        <Fold title="User" note={user ? (user.email ?? user.username ?? user.id ?? user.ip_address ?? "") : "nobody was named"} empty={!user}>
          <KeyValues value={{ ...user }} />
        </Fold>
        <Fold title="Contexts" note={contexts.map(([k]) => k).join(", ") || "none"} empty={contexts.length === 0}>
          {contexts.map(([name, value]) => (
            <div key={name} className="pairs">
              <h3>{name}</h3>
              <KeyValues value={value} />
            </div>
          ))}
        </Fold>
        <Fold title="Extra" note={extra.map(([k]) => k).join(", ") || "none"} empty={extra.length === 0}>
          <KeyValues value={event.context} />
        </Fold>
        <Fold title="Packages" note={packages.length > 0 ? plural(packages.length, "package") : "none"} empty={packages.length === 0}>
          <KeyValues value={event.packages} />
        </Fold>
        <Fold title="Attachments" note={files.isError ? "did not load" : !files.data ? "" : files.data.length > 0 ? `${plural(files.data.length, "file")}: ${files.data.map((a) => a.name).join(", ")}` : "none"} empty={!files.data?.length}>
          <Attachments org={org} project={event.projectSlug} event={event.eventID} files={files.data ?? []} />
        </Fold>
        <Fold title="Event JSON" note={bytes(event.size || json.length)}>
          <div className="json-end">
            <CopyButton text={json} label="Copy the JSON">
              Copy
            </CopyButton>
          </div>
          <pre className="json">{json}</pre>
        </Fold>
      </div>
    </section>
  );
}

function KeyValues({ value }: { value: Record<string, unknown> }) {
  return (
    <dl className="kv">
      {Object.entries(value)
        .filter(([, v]) => v !== null && v !== undefined && v !== "")
        .map(([k, v]) => (
          <div className="kv-r" key={k}>
            <dt className="cut" title={k}>{k}</dt>
            <dd className="code">{typeof v === "object" ? JSON.stringify(v) : String(v)}</dd>
          </div>
        ))}
    </dl>
  );
}

function Fold({ title, note, empty, children }: { title: string; note: string; empty?: boolean; children: ReactNode }) {
  const [open, setOpen] = useState(false);
  return (
    <div className={cx("fold", open && "open")}>
      <button type="button" aria-expanded={open} disabled={empty} onClick={() => setOpen(!open)}>
        <Icon name={open ? "down" : "right"} size="s" />
        <b>{title}</b>
        <span className="cut">{note}</span>
      </button>
      {open ? <div className="fold-b">{children}</div> : null}
    </div>
  );
}
