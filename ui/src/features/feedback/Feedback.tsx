import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { errorMessage, toPage } from "@/api/client";
import { listUserFeedback, type UserReport } from "@/api/gen";
import { listUserFeedbackQueryKey } from "@/api/gen/@tanstack/react-query.gen";
import { useOrg, useScope, useTitle } from "@/app/hooks";
import { Crumb } from "@/app/Shell";
import { defaultRange, rangeLabel } from "@/app/search";
import { Avatar, cx } from "@/components/basics";
import { Failed, Middle, SkeletonRows } from "@/components/states";
import { ago, clock } from "@/lib/format";
import { useKeys } from "@/lib/keys";
import { useNow } from "@/lib/now";
import { boxes, nameOf, statusOf, toggled, useSetStatus } from "./queries";
import "./feedback.css";

/** What people wrote, worked through like an inbox; each with the recording of what they saw when they wrote it. */
export function Feedback() {
  useTitle("Feedback");
  const org = useOrg();
  const scope = useScope();
  const navigate = useNavigate();
  const { status: box } = useSearch({ from: "/organizations/$org/feedback" });
  const query = { per_page: 50, statsPeriod: scope.statsPeriod ?? defaultRange, status: statusOf(box) };
  const list = useInfiniteQuery({
    queryKey: [...listUserFeedbackQueryKey({ path: { org }, query }), "pages"],
    initialPageParam: "",
    queryFn: async ({ signal, pageParam }) => toPage(await listUserFeedback({ path: { org }, query: { ...query, ...(pageParam ? { cursor: pageParam } : {}) }, signal, throwOnError: true })),
    getNextPageParam: (last) => last.next ?? undefined,
    refetchInterval: 30_000,
  });
  const rows = (list.data?.pages ?? []).flatMap((p) => p.rows).filter((f) => !scope.environment || f.environment === scope.environment);
  const update = useSetStatus(org);
  const [cursor, setCursor] = useState(0);
  const at = Math.min(cursor, rows.length - 1);
  const move = (by: number) => {
    const next = Math.max(0, Math.min(rows.length - 1, at + by));
    setCursor(next);
    document.getElementById(`fb-${rows[next]?.id}`)?.scrollIntoView({ block: "nearest" });
  };
  const open = () => {
    const f = rows[at];
    if (f) void navigate({ to: "/organizations/$org/feedback/$project/$report/", params: { org, project: f.projectSlug, report: f.id }, search: { status: box } });
  };
  const mark = (to: "resolved" | "spam") => {
    const f = rows[at];
    if (f) update.set(f, toggled(f.status, to));
  };
  useKeys({ j: () => move(1), k: () => move(-1), ArrowDown: () => move(1), ArrowUp: () => move(-1), Enter: open, o: open, e: () => mark("resolved"), i: () => mark("spam") });
  return (
    <div className="fb">
      <Crumb>
        <b>Feedback</b>
      </Crumb>
      <h1 className="vh">Feedback</h1>
      <nav className="tabs" aria-label="Inbox">
        {boxes.map((b) => (
          <Link key={b.value} to="/organizations/$org/feedback/" params={{ org }} search={{ status: b.value === "unresolved" ? undefined : b.value }} aria-current={(box ?? "unresolved") === b.value ? "page" : undefined} activeOptions={{ exact: true, includeSearch: true, explicitUndefined: true }}>
            {b.label}
          </Link>
        ))}
      </nav>
      {update.isError ? (
        <p className="small red" role="alert">
          Not saved: {errorMessage(update.error)}
        </p>
      ) : null}
      {list.isPending ? (
        <SkeletonRows rows={6} label="Loading feedback" />
      ) : list.isError ? (
        <Failed what="the feedback" error={list.error} retry={() => void list.refetch()} />
      ) : rows.length === 0 && !list.hasNextPage ? (
        <Empty box={box} range={rangeLabel(scope.statsPeriod)} environment={scope.environment} />
      ) : (
        <>
          <ul className="fb-l">
            {rows.map((f, i) => (
              <Row key={`${f.projectSlug}-${f.id}`} org={org} report={f} box={box} current={i === at} />
            ))}
          </ul>
          <div className="fb-foot">
            {list.hasNextPage ? (
              <button type="button" className="btn" disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
                Show older
              </button>
            ) : (
              <span>{rows.length} shown</span>
            )}
            <span className="sp" />
            <span className="hide-s hint">
              <kbd>j</kbd> <kbd>k</kbd> move <kbd>enter</kbd> open <kbd>e</kbd> resolve <kbd>i</kbd> spam
            </span>
          </div>
        </>
      )}
    </div>
  );
}

function Row({ org, report: f, box, current }: { org: string; report: UserReport; box: (typeof boxes)[number]["value"] | undefined; current: boolean }) {
  const now = useNow();
  return (
    <li id={`fb-${f.id}`} className={cx("fb-i", current && "cur")}>
      <Avatar name={nameOf(f)} title={f.email ?? nameOf(f)} large />
      <div className="fb-t">
        <div className="fb-h">
          <b className="cut">{nameOf(f)}</b>
          {f.name && f.email ? <span className="t3 cut hide-s">{f.email}</span> : null}
          {box === "all" && f.status !== "unresolved" ? <span className={f.status === "resolved" ? "badge green" : "badge"}>{f.status === "resolved" ? "Resolved" : "Spam"}</span> : null}
          <span className="sp" />
          <span className="t3 nowrap" title={f.dateCreated}>
            {ago(f.dateCreated, now)}
          </span>
        </div>
        <Link className="fb-m" dir="auto" to="/organizations/$org/feedback/$project/$report/" params={{ org, project: f.projectSlug, report: f.id }} search={{ status: box }}>
          {f.comments}
        </Link>
        <div className="fb-f">
          {f.replay?.plays ? <span className="rp">Replay at {clock(f.replay.at * 1000)}</span> : null}
          {f.issue ? (
            <span className="cut">
              <span className="code">{f.issue.shortId}</span> {f.issue.title}
            </span>
          ) : null}
          <span className="nowrap">{f.projectSlug}</span>
          {f.url ? <span className="cut hide-s">{f.url.replace(/^https?:\/\//, "")}</span> : null}
        </div>
      </div>
    </li>
  );
}

function Empty({ box, range, environment }: { box: (typeof boxes)[number]["value"] | undefined; range: string; environment: string | undefined }) {
  const where = `${environment ? ` in ${environment}` : ""} in the ${range.toLowerCase()}`;
  if (box === "resolved" || box === "spam") {
    return (
      <Middle icon="feedback" title={box === "spam" ? "No spam" : "Nothing was resolved"}>
        None{where}. {box === "spam" ? "Mark a message as spam with i, and it waits here." : "Resolve a message with e, and it moves here."}
      </Middle>
    );
  }
  return (
    <Middle icon="feedback" title={box === "all" ? "Nobody wrote" : "Nothing waits for you"}>
      {box === "all" ? "Nobody wrote" : "No open message"}
      {where}. <span className="code">Sentry.feedbackIntegration()</span> in the browser app gives people a button, and you their words with the recording.
    </Middle>
  );
}
