import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { errorMessage } from "@/api/client";
import type { UserReportDetails } from "@/api/gen";
import { getUserFeedbackOptions } from "@/api/gen/@tanstack/react-query.gen";
import { useOrg, useTitle } from "@/app/hooks";
import { Crumb } from "@/app/Shell";
import { Attachments } from "@/components/Attachments";
import { Avatar, OutLink, Section } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { Failed, SkeletonLines } from "@/components/states";
import { ago, dateTime, plural, shortHex } from "@/lib/format";
import { useKeys } from "@/lib/keys";
import { useNow } from "@/lib/now";
import { FeedbackReplay } from "./FeedbackReplay";
import { boxes, nameOf, statusOf, toggled, useSetStatus, type FeedbackStatus } from "./queries";
import "./feedback.css";

/** One message: who wrote what, about which error, and what they saw as they wrote it. */
export function FeedbackPage() {
  const org = useOrg();
  const params = useParams({ from: "/organizations/$org/feedback/$project/$report" });
  const { status: box } = useSearch({ from: "/organizations/$org/feedback/$project/$report" });
  const one = useQuery({ ...getUserFeedbackOptions({ path: params, query: { status: statusOf(box) } }), placeholderData: (old) => (old?.id === params.report ? old : undefined) });
  useTitle(one.data ? `${nameOf(one.data)}: ${one.data.comments.slice(0, 60)}` : "Feedback");
  return (
    <>
      <Crumb>
        <Link to="/organizations/$org/feedback/" params={{ org }} search={{ status: box }}>
          Feedback
        </Link>
        <Icon name="right" size="xs" />
        <b className="cut">{one.data ? nameOf(one.data) : shortHex(params.report)}</b>
      </Crumb>
      {one.isError ? (
        <Failed what="this message" error={one.error} retry={() => void one.refetch()} />
      ) : !one.data ? (
        <SkeletonLines lines={8} label="Loading the message" />
      ) : (
        <Report key={one.data.id} org={org} report={one.data} box={box} />
      )}
    </>
  );
}

const words: Record<FeedbackStatus, [string, string]> = { unresolved: ["badge acc", "Open"], resolved: ["badge green", "Resolved"], spam: ["badge", "Spam"] };

function Report({ org, report: f, box }: { org: string; report: UserReportDetails; box: (typeof boxes)[number]["value"] | undefined }) {
  const now = useNow();
  const navigate = useNavigate();
  const update = useSetStatus(org);
  const go = (to: UserReportDetails["older"]) => to && void navigate({ to: "/organizations/$org/feedback/$project/$report/", params: { org, project: to.projectSlug, report: to.id }, search: { status: box } });
  const mark = (to: "resolved" | "spam") => update.set(f, toggled(f.status, to));
  const [tone, word] = words[f.status];
  useKeys({ "[": () => go(f.older), "]": () => go(f.newer), j: () => go(f.older), k: () => go(f.newer), e: () => mark("resolved"), i: () => mark("spam") });
  return (
    <article className="fbp" aria-labelledby="who">
      <header className="fbp-h">
        <Avatar name={nameOf(f)} title={nameOf(f)} large />
        <div className="fbp-w">
          <h1 id="who" className="cut" dir="auto">
            {nameOf(f)}
          </h1>
          <p className="small t3 cut">
            {f.email && f.email !== nameOf(f) ? `${f.email} · ` : ""}
            <time dateTime={f.dateCreated} title={dateTime(f.dateCreated)}>
              {ago(f.dateCreated, now)}
            </time>
          </p>
        </div>
        <span className={tone}>{word}</span>
        <span className="sp" />
        <div className="row fbp-a">
          {f.email ? (
            <a className="btn" href={`mailto:${f.email}?subject=${encodeURIComponent("Your message")}&body=${encodeURIComponent(quote(f.comments))}`}>
              <Icon name="feedback" size="s" />
              Answer
            </a>
          ) : null}
          <button type="button" className="btn" disabled={update.isPending} onClick={() => mark("spam")}>
            {f.status === "spam" ? "No spam" : "Spam"}
          </button>
          <button type="button" className={f.status === "resolved" ? "btn" : "btn pri"} disabled={update.isPending} onClick={() => mark("resolved")}>
            <Icon name="check" size="s" />
            {f.status === "resolved" ? "Reopen" : "Resolve"}
          </button>
          <span className="split plain">
            <button type="button" className="btn" aria-label="Older message ([)" title="Older ([)" disabled={!f.older} onClick={() => go(f.older)}>
              <Icon name="left" size="s" />
            </button>
            <button type="button" className="btn" aria-label="Newer message (])" title="Newer (])" disabled={!f.newer} onClick={() => go(f.newer)}>
              <Icon name="right" size="s" />
            </button>
          </span>
        </div>
      </header>
      {update.isError ? (
        <p className="small red" role="alert">
          Not saved: {errorMessage(update.error)}
        </p>
      ) : null}
      <div className="fbp-two">
        <div className="fbp-l">
          <blockquote className="fbp-m" dir="auto">
            {f.comments}
          </blockquote>
          {f.attachments.length > 0 ? (
            <Section id="files" title="Attachments" sub={plural(f.attachments.length, "file")}>
              <Attachments org={org} project={f.projectSlug} event={f.id} files={f.attachments} />
            </Section>
          ) : null}
          <Section id="about" title="About">
            <dl className="kv fbp-kv">
              {f.issue ? (
                <Fact name="Error">
                  <Link className="acc" to="/organizations/$org/issues/$issue/events/$event/" params={{ org, issue: f.issue.id, event: f.eventID }}>
                    <span className="code acc">{f.issue.shortId}</span> {f.issue.title}
                  </Link>
                </Fact>
              ) : null}
              {f.url ? (
                <Fact name="Page">
                  <OutLink href={f.url}>{f.url}</OutLink>
                </Fact>
              ) : null}
              <Fact name="Project">
                <Link to="/organizations/$org/issues/" params={{ org }} search={{ project: f.projectSlug }}>
                  {f.projectSlug}
                </Link>
              </Fact>
              {f.environment ? <Fact name="Environment">{f.environment}</Fact> : null}
              {f.release ? (
                <Fact name="Release">
                  <Link to="/organizations/$org/releases/$version/" params={{ org, version: f.release }}>
                    {f.release}
                  </Link>
                </Fact>
              ) : null}
              {f.traceId ? (
                <Fact name="Trace">
                  <Link className="code acc" to="/organizations/$org/traces/$trace/" params={{ org, trace: f.traceId }}>
                    {shortHex(f.traceId)}
                  </Link>
                </Fact>
              ) : null}
              {f.source ? <Fact name="Written in">{sources[f.source] ?? f.source}</Fact> : null}
              <Fact name="Sent">{dateTime(f.dateCreated)}</Fact>
            </dl>
          </Section>
        </div>
        <FeedbackReplay org={org} report={f} />
      </div>
    </article>
  );
}

const sources: Record<string, string> = { widget: "the widget on the page", api: "a form that sends it by the API", "user-report": "the crash dialog" };

/** The message as a mail quotes it, cut so that every mail program takes the link. */
const quote = (text: string) => `\n\n${text.slice(0, 1200).split("\n").map((l) => `> ${l}`).join("\n")}`;

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="kv-r">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
