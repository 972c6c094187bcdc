import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { toPage } from "@/api/client";
import { listUserFeedback } from "@/api/gen";
import { listUserFeedbackQueryKey } from "@/api/gen/@tanstack/react-query.gen";
import { useOrg, useScope, useTitle } from "@/app/hooks";
import { Crumb } from "@/app/Shell";
import { defaultRange } from "@/app/search";
import { Avatar, OutLink } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { Failed, Middle, SkeletonRows } from "@/components/states";
import { ago, clock } from "@/lib/format";
import { useNow } from "@/lib/now";
import "./feedback.css";

/** What people wrote, each with the recording of what they saw when they wrote it. */
export function Feedback() {
  useTitle("Feedback");
  const org = useOrg();
  const now = useNow();
  const scope = useScope();
  const query = { per_page: 50, statsPeriod: scope.statsPeriod ?? defaultRange };
  const list = useInfiniteQuery({
    queryKey: [...listUserFeedbackQueryKey({ path: { org }, query }), "pages"],
    initialPageParam: "",
    queryFn: async ({ signal, pageParam }) => toPage(await listUserFeedback({ path: { org }, query: { ...query, ...(pageParam ? { cursor: pageParam } : {}) }, signal, throwOnError: true })),
    getNextPageParam: (last) => last.next ?? undefined,
    refetchInterval: 30_000,
  });
  const rows = (list.data?.pages ?? []).flatMap((p) => p.rows).filter((f) => !scope.environment || f.environment === scope.environment);
  return (
    <div className="fb">
      <Crumb>
        <b>Feedback</b>
      </Crumb>
      <h1 className="vh">Feedback</h1>
      {list.isPending ? (
        <SkeletonRows rows={6} label="Loading feedback" />
      ) : list.isError ? (
        <Failed what="the feedback" error={list.error} retry={() => void list.refetch()} />
      ) : rows.length === 0 && !list.hasNextPage ? (
        <Middle icon="feedback" title="Nobody wrote in this time range">
          Add <span className="code">Sentry.feedbackIntegration()</span> to the browser app: people get a button, and you get their words with the recording.
        </Middle>
      ) : (
        <ul className="fb-l">
          {rows.map((f) => (
            <li key={`${f.projectSlug}-${f.id}`} className="fb-i">
              <Avatar name={f.name ?? f.email ?? null} title={f.email ?? "Somebody"} large />
              <div className="fb-h">
                <b className="cut">{f.name ?? f.email ?? "Somebody"}</b>
                {f.name && f.email ? <span className="t3 cut hide-s">{f.email}</span> : null}
                <span className="sp" />
                <span className="t3 nowrap" title={f.dateCreated}>
                  {ago(f.dateCreated, now)}
                </span>
              </div>
              <p className="fb-m">{f.comments}</p>
              <div className="fb-f">
                {f.replay?.plays ? (
                  <Link className="btn" to="/organizations/$org/replays/$replay/" params={{ org, replay: f.replay.id }} search={{ t: Math.max(0, f.replay.at - 15) }}>
                    <Icon name="play" size="s" />
                    Replay at {clock(f.replay.at)}
                  </Link>
                ) : null}
                {f.issue ? (
                  <Link to="/organizations/$org/issues/$issue/" params={{ org, issue: f.issue.id }}>
                    {f.issue.shortId} {f.issue.title}
                  </Link>
                ) : null}
                <span>{f.projectSlug}</span>
                {f.url ? (
                  <span className="cut">
                    <OutLink href={f.url}>{f.url}</OutLink>
                  </span>
                ) : null}
              </div>
            </li>
          ))}
        </ul>
      )}
      {list.hasNextPage ? (
        <button type="button" className="btn fb-more" disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          Show older
        </button>
      ) : null}
    </div>
  );
}
