import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { errorMessage, toPage } from "@/api/client";
import { listAlertDeliveries } from "@/api/gen";
import { listAlertDeliveriesQueryKey, resendAlertDeliveryMutation } from "@/api/gen/@tanstack/react-query.gen";
import { useOrg } from "@/app/hooks";
import { Segmented } from "@/components/basics";
import { Failed, Middle, SkeletonRows } from "@/components/states";
import { ago, plural } from "@/lib/format";
import { useNow } from "@/lib/now";
import { AlertsFrame } from "./AlertsFrame";
import { kindLabel } from "./parts";

type Status = "all" | "pending" | "sent" | "failed";

export function DeliveryLog() {
  const [status, setStatus] = useState<Status>("all");
  return (
    <AlertsFrame title="Delivery log" end={<Segmented label="State" value={status} onChange={setStatus} options={[{ value: "all", label: "All" }, { value: "pending", label: "Waiting" }, { value: "sent", label: "Sent" }, { value: "failed", label: "Failed" }]} />}>
      <p className="small t3 al-p">What was told, to whom and why; what waits is tried for a day, with longer and longer pauses. Kept for 30 days.</p>
      <DeliveryList status={status} perPage={50} />
    </AlertsFrame>
  );
}

const tones: Record<string, string> = { sent: "badge green", failed: "badge red", pending: "badge amber", suppressed: "badge line" };
const labels: Record<string, string> = { sent: "Sent", failed: "Failed", pending: "Waiting", suppressed: "Held back" };

/** Deliveries, the newest first, each with its reason and how it ended. */
export function DeliveryList({ rule, channel, status = "all", perPage }: { rule?: number; channel?: number; status?: Status; perPage: number }) {
  const org = useOrg();
  const now = useNow();
  const queries = useQueryClient();
  const query = { per_page: perPage, ...(rule ? { rule } : {}), ...(channel ? { channel } : {}), ...(status === "all" ? {} : { status }) };
  const queryKey = [...listAlertDeliveriesQueryKey({ path: { org }, query }), "pages"];
  const list = useInfiniteQuery({
    queryKey,
    initialPageParam: "",
    queryFn: async ({ signal, pageParam }) => toPage(await listAlertDeliveries({ path: { org }, query: { ...query, ...(pageParam ? { cursor: pageParam } : {}) }, signal, throwOnError: true })),
    getNextPageParam: (last) => last.next ?? undefined,
    refetchInterval: 5_000,
  });
  const resend = useMutation({ ...resendAlertDeliveryMutation(), onSettled: () => queries.invalidateQueries({ queryKey }) });
  if (list.isPending) return <SkeletonRows rows={4} label="Loading deliveries" />;
  if (list.isError) return <Failed what="the log" error={list.error} retry={() => void list.refetch()} />;
  const rows = list.data.pages.flatMap((p) => p.rows);
  if (rows.length === 0)
    return (
      <Middle icon="alert" title="Nothing here yet">
        When a rule fires, what it tells stands here with how it ended.
      </Middle>
    );
  return (
    <>
      {resend.isError ? <p className="note red" role="alert">{errorMessage(resend.error)}</p> : null}
      <ul>
        {rows.map((d) => (
          <li key={d.id} className="al-dl">
            <div className="al-dl-h">
              <span className={tones[d.status] ?? "badge"}>{labels[d.status] ?? d.status}</span>
              <b>{kindLabel(d.kind)}</b>
              <span className="cut">{d.target}</span>
              {d.together ? <span className="badge line">with others</span> : null}
              {d.count > 1 ? <span className="badge line">×{d.count}</span> : null}
              <span className="sp" />
              <span className="t3 nowrap" title={d.dateCreated}>
                {ago(d.dateCreated, now)}
              </span>
              {d.status === "sent" || d.status === "failed" ? (
                <button type="button" className="btn bare" disabled={resend.isPending} onClick={() => resend.mutate({ path: { org, delivery: Number(d.id) } })}>
                  Send again
                </button>
              ) : null}
            </div>
            <span className="small t3">
              {d.ruleId ? (
                <Link to="/organizations/$org/alerts/rules/$rule/" params={{ org, rule: d.ruleId }}>
                  {d.ruleName}
                </Link>
              ) : (
                d.ruleName
              )}
              : {d.reason}
              {d.issueId ? (
                <>
                  {" · "}
                  <Link to="/organizations/$org/issues/$issue/" params={{ org, issue: d.issueId }}>
                    issue
                  </Link>
                </>
              ) : null}
              {d.attempts > 1 ? ` · ${plural(d.attempts, "attempt")}` : ""}
              {d.status === "pending" && d.attempts === 0 && new Date(d.dateDue).getTime() > now + 1_000 ? ` · waits for others until ${new Date(d.dateDue).toLocaleTimeString()}` : ""}
              {d.status === "pending" && d.attempts > 0 ? ` · next ${new Date(d.dateDue).toLocaleTimeString()}` : ""}
            </span>
            {d.error ? <span className="small err">{d.error}</span> : null}
          </li>
        ))}
      </ul>
      {list.hasNextPage ? (
        <button type="button" className="btn al-more" disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          Show older
        </button>
      ) : null}
    </>
  );
}
