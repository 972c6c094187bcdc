import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { listAuditLogs, type AuditLog as Entry } from "@/api/gen";
import { listAuditLogsQueryKey, listMembersOptions } from "@/api/gen/@tanstack/react-query.gen";
import { toPage } from "@/api/client";
import { useOrg } from "@/app/hooks";
import { Avatar } from "@/components/basics";
import { Failed, Middle, SkeletonRows } from "@/components/states";
import { ago, dateTime } from "@/lib/format";
import { useNow } from "@/lib/now";
import { auditChanges, auditOption, auditTarget, auditVerb } from "./auditWords";
import { SettingsFrame } from "./SettingsFrame";
import "./audit.css";

/** Who changed what, the newest first; the address of the page keeps the filters. */
export function AuditLog() {
  const org = useOrg();
  const now = useNow();
  const { actor, event } = useSearch({ from: "/organizations/$org/settings/audit-log" });
  const navigate = useNavigate();
  const path = { org };
  const query = { per_page: 50, ...(actor ? { actor } : {}), ...(event ? { event } : {}) };
  const list = useInfiniteQuery({
    queryKey: [...listAuditLogsQueryKey({ path, query }), "pages"],
    initialPageParam: "",
    queryFn: async ({ signal, pageParam }) => toPage(await listAuditLogs({ path, query: { ...query, ...(pageParam ? { cursor: pageParam } : {}) }, signal, throwOnError: true })),
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const members = useQuery(listMembersOptions({ path, query: { per_page: 100 } }));
  const choose = (change: { actor?: string; event?: string }) =>
    void navigate({ to: "/organizations/$org/settings/audit-log/", params: path, search: { actor, event, ...change }, replace: true });
  const rows = list.data?.pages.flatMap((p) => p.rows.rows) ?? [];
  const options = list.data?.pages[0]?.rows.options ?? (event ? [event] : []);
  const filtered = Boolean(actor ?? event);
  return (
    <SettingsFrame title="Audit log">
      <p className="small t3 set-p">What people, tokens and the command line changed in this organisation. Entries cannot be edited, and are kept for 400 days.</p>
      <div className="audit-f" role="search" aria-label="Filter the audit log">
        <select className="inp" aria-label="Who" value={actor ?? ""} onChange={(e) => choose({ actor: e.target.value || undefined })}>
          <option value="">Everybody</option>
          {(members.data ?? []).map((m) => (
            <option key={m.id} value={m.id}>
              {m.name && m.name !== m.email ? `${m.name} (${m.email})` : m.email}
            </option>
          ))}
        </select>
        <select className="inp" aria-label="What" value={event ?? ""} onChange={(e) => choose({ event: e.target.value || undefined })}>
          <option value="">Every change</option>
          {options.map((o) => (
            <option key={o} value={o}>
              {auditOption(o)}
            </option>
          ))}
        </select>
        {filtered ? (
          <button type="button" className="btn bare" onClick={() => choose({ actor: undefined, event: undefined })}>
            Show all
          </button>
        ) : null}
      </div>
      {list.isPending ? (
        <SkeletonRows rows={8} label="Loading the audit log" />
      ) : list.isError ? (
        <Failed what="the audit log" error={list.error} retry={() => void list.refetch()} />
      ) : rows.length === 0 ? (
        <Middle icon="check" title={filtered ? "No such change" : "Nothing was changed yet"}>
          {filtered ? "Nobody did this in the last 400 days. Show all, or choose another person or change." : "Sign-ins, members, keys, rules, exports and deletions will be listed here."}
        </Middle>
      ) : (
        <>
          <ol className="audit">
            {rows.map((e) => (
              <Row key={e.id} entry={e} now={now} />
            ))}
          </ol>
          {list.hasNextPage ? (
            <button type="button" className="btn" disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
              {list.isFetchingNextPage ? "Loading…" : "Show older"}
            </button>
          ) : null}
        </>
      )}
    </SettingsFrame>
  );
}

function Row({ entry: e, now }: { entry: Entry; now: number }) {
  const who = e.actor?.name ?? "somebody";
  const target = auditTarget(e);
  const changes = auditChanges(e.data);
  return (
    <li>
      <Avatar name={e.actor?.id ? who : null} title={who} />
      <div className="audit-t">
        <p>
          <b className="t1 med">{who}</b> {auditVerb(e.event)} {target ? <b className="t1 med">{target}</b> : null}
        </p>
        {changes.length > 0 ? (
          <p className="micro t3 audit-c" title={changes.join("\n")}>
            {changes.join(" · ")}
          </p>
        ) : null}
      </div>
      <div className="audit-w micro t3">
        <time className="nowrap" dateTime={e.dateCreated} title={dateTime(e.dateCreated)}>
          {ago(e.dateCreated, now)}
        </time>
        <span className="cut">
          {e.actor?.token ? `token ${e.actor.token} · ` : ""}
          <span className="code">{e.ipAddress ?? "this server"}</span>
        </span>
      </div>
    </li>
  );
}
