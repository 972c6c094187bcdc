import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { getStorage, type KindStorage } from "@/api/gen";
import { getStorageQueryKey } from "@/api/gen/@tanstack/react-query.gen";
import { toPage } from "@/api/client";
import { useOrg } from "@/app/hooks";
import { Section } from "@/components/basics";
import { Failed, SkeletonRows } from "@/components/states";
import { ago, bytes, count, percent } from "@/lib/format";
import { useNow } from "@/lib/now";
import { SettingsFrame } from "./SettingsFrame";
import { kindName, sumOfKinds, sure } from "./storageWords";
import "./storage.css";

/** What is kept, by kind and project, and the room that is left. */
export function Storage() {
  const org = useOrg();
  const now = useNow();
  const path = { org };
  const list = useInfiniteQuery({
    queryKey: [...getStorageQueryKey({ path }), "pages"],
    initialPageParam: "",
    queryFn: async ({ signal, pageParam }) => toPage(await getStorage({ path, query: pageParam ? { cursor: pageParam } : {}, signal, throwOnError: true })),
    getNextPageParam: (last) => last.next ?? undefined,
    staleTime: 60_000,
  });
  const pages = list.data?.pages ?? [];
  const first = pages[0]?.rows;
  const projects = pages.flatMap((p) => p.rows.projects);
  const [full, empty] = parted(projects, (p) => p.kinds.some((k) => k.rows > 0));
  return (
    <SettingsFrame title="Storage">
      <p className="small t3 set-p">What is kept, as it lies in the database and the blob store. Of many rows only some are looked at; then it says about.</p>
      {list.isPending ? (
        <SkeletonRows rows={6} label="Loading what is kept" />
      ) : list.isError ? (
        <Failed what="what is kept" error={list.error} retry={() => void list.refetch()} />
      ) : (
        <>
          {first ? (
            <dl className="fwd">
              <div>
                <dt>Database</dt>
                <dd>
                  {bytes(first.database.bytes)} <span className="t3">{first.database.engine === "sqlite" ? "SQLite" : "Postgres"}, with indexes{first.database.freeBytes > 0 ? `; ${bytes(first.database.freeBytes)} of it are free and filled first` : ""}</span>
                </dd>
              </div>
              {first.machine.diskBytes > 0 ? (
                <div>
                  <dt>Free disk</dt>
                  <dd>
                    {bytes(first.machine.diskFreeBytes)} <span className="t3">{percent(first.machine.diskFreeBytes, first.machine.diskBytes)}</span>
                  </dd>
                </div>
              ) : null}
              {first.unsearchedEvents > 0 ? (
                <div>
                  <dt>Not searched yet</dt>
                  <dd>
                    {first.unsearchedEvents >= 10_000 ? "at least " : ""}
                    {count(first.unsearchedEvents)} <span className="t3">older events; added in the background</span>
                  </dd>
                </div>
              ) : null}
              {first.machine.streamLimitBytes > 0 ? (
                <div>
                  <dt>Stream</dt>
                  <dd>
                    {bytes(first.machine.streamBytes)} <span className="t3">of {bytes(first.machine.streamLimitBytes)}</span>
                  </dd>
                </div>
              ) : null}
            </dl>
          ) : null}
          <Section id="all" title="All together" sub={list.hasNextPage ? `the first ${projects.length} projects` : undefined}>
            <Kinds kinds={[...sumOfKinds(projects), ...(first ? [first.spans] : [])]} now={now} />
          </Section>
          {full.map((p) => (
            <Section
              key={p.id}
              id={`p-${p.slug}`}
              title={p.slug}
              sub={bytes(p.bytes)}
              end={
                <Link className="btn bare" to="/organizations/$org/settings/projects/$project/rules/" params={{ org, project: p.slug }}>
                  How long it is kept
                </Link>
              }
            >
              <Kinds kinds={p.kinds.filter((k) => k.rows > 0)} now={now} />
            </Section>
          ))}
          {empty.length > 0 ? <p className="small t3 set-p">Nothing is kept of {empty.map((p) => p.slug).join(", ")}.</p> : null}
          {list.hasNextPage ? (
            <button type="button" className="btn" disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
              {list.isFetchingNextPage ? "Loading…" : "More projects"}
            </button>
          ) : null}
        </>
      )}
    </SettingsFrame>
  );
}

function parted<T>(all: readonly T[], wanted: (one: T) => boolean): [T[], T[]] {
  return [all.filter(wanted), all.filter((one) => !wanted(one))];
}

function Kinds({ kinds, now }: { kinds: KindStorage[]; now: number }) {
  return (
    <table className="tbl kept">
      <thead>
        <tr>
          <th scope="col">Kind</th>
          <th scope="col" className="r">
            Rows
          </th>
          <th scope="col" className="r">
            Bytes
          </th>
          <th scope="col" className="r">
            Oldest
          </th>
          <th scope="col" className="r">
            Kept
          </th>
        </tr>
      </thead>
      <tbody>
        {kinds.map((k) => (
          <tr key={k.kind}>
            <th scope="row">{kindName(k.kind)}</th>
            <td className="r num">
              {sure(k)}
              {count(k.rows)}
            </td>
            <td className="r num">{k.rows === 0 ? "–" : `${sure(k)}${bytes(k.bytes)}`}</td>
            <td className="r num">{k.oldest ? ago(k.oldest, now) : "–"}</td>
            <td className="r num">{k.days > 0 ? `${k.days} days` : <span className="t3">until deleted</span>}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
