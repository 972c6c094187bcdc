import { useInfiniteQuery, useMutation, useQuery, useQueryClient, type InfiniteData } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { errorMessage } from "@/api/client";
import type { ArtifactBundle } from "@/api/gen";
import { deleteArtifactBundle, deleteDebugFile, listArtifactBundles, listDebugFiles } from "@/api/gen";
import { listBundleFilesOptions } from "@/api/gen/@tanstack/react-query.gen";
import { useOrg } from "@/app/hooks";
import { Section } from "@/components/basics";
import { Ask } from "@/components/Ask";
import { Icon } from "@/components/Icon";
import { Failed, Middle, SkeletonRows } from "@/components/states";
import { ago, bytes, plural } from "@/lib/format";
import { useNow } from "@/lib/now";
import { SettingsFrame } from "./SettingsFrame";
import "./sourceMaps.css";

type Path = { org: string; project: string };

/** What was uploaded so that stack traces can be read, newest first. */
export function SourceMaps() {
  const org = useOrg();
  const { project } = useParams({ from: "/organizations/$org/settings/projects/$project/source-maps" });
  const path = { org, project };
  return (
    <SettingsFrame
      title={`Source maps of ${project}`}
      end={
        <Link className="btn" to="/organizations/$org/settings/projects/$project/" params={path}>
          Keys and set-up
        </Link>
      }
    >
      <p className="small t3 set-p">
        Uploaded by sentry-cli or a bundler’s plugin. A frame is mapped by its debug id, else by release, dist and URL; nothing is ever fetched from your site. Events that came before their map are mapped when it arrives.
      </p>
      <Bundles path={path} />
      <DebugFiles path={path} />
    </SettingsFrame>
  );
}

interface PageOf<T> {
  rows: T[];
  next: string | undefined;
}

/** The cursor of the page after one, by its Link header. */
function nextCursor(link: string | null): string | undefined {
  return /rel="next"; results="true"; cursor="([^"]+)"/.exec(link ?? "")?.[1];
}

/** A list that is paged by Sentry’s Link header. */
function usePages<T>(key: string, path: Path, load: (cursor: string | undefined) => Promise<{ data: T[]; response: Response }>) {
  return useInfiniteQuery<PageOf<T>, Error, InfiniteData<PageOf<T>>, string[], string | undefined>({
    queryKey: [key, path.org, path.project],
    initialPageParam: undefined,
    queryFn: async ({ pageParam }) => {
      const { data, response } = await load(pageParam);
      return { rows: data, next: nextCursor(response.headers.get("Link")) };
    },
    getNextPageParam: (last) => last.next,
  });
}

function Bundles({ path }: { path: Path }) {
  const list = usePages("bundles", path, (cursor) => listArtifactBundles({ path, query: cursor ? { cursor } : {}, throwOnError: true }));
  const rows = list.data?.pages.flatMap((p) => p.rows) ?? [];
  return (
    <Section id="bundles" title="Sources and maps" sub="bundles of a build, and single files of a release">
      {list.isPending ? (
        <SkeletonRows rows={4} label="Loading uploads" />
      ) : list.isError ? (
        <Failed what="the uploads" error={list.error} retry={() => void list.refetch()} />
      ) : rows.length === 0 ? (
        <Middle icon="release" title="Nothing was uploaded">
          Add Sentry’s plugin to your bundler, or run <span className="code">sentry-cli sourcemaps inject dist && sentry-cli sourcemaps upload dist</span> in your build.
        </Middle>
      ) : (
        <>
          <ul className="dead">
            {rows.map((b) => (
              <Bundle key={b.id} path={path} bundle={b} />
            ))}
          </ul>
          <More shown={list.hasNextPage} pending={list.isFetchingNextPage} load={() => void list.fetchNextPage()} />
        </>
      )}
    </Section>
  );
}

function More({ shown, pending, load }: { shown: boolean; pending: boolean; load: () => void }) {
  if (!shown) return null;
  return (
    <button type="button" className="btn" disabled={pending} onClick={load}>
      {pending ? "Loading" : "Show more"}
    </button>
  );
}

/** "shop@1.0.0 (dist 7)"; what is of no release is found by debug id alone. */
function uses(b: ArtifactBundle): string {
  const names = b.associations.filter((a) => a.release !== null).map((a) => `${a.release}${a.dist ? ` (dist ${a.dist})` : ""}`);
  return names.length === 0 ? "any release, by debug id" : names.slice(0, 3).join(", ") + (names.length > 3 ? ` and ${names.length - 3} more` : "");
}

function Bundle({ path, bundle }: { path: Path; bundle: ArtifactBundle }) {
  const now = useNow();
  const queries = useQueryClient();
  const [open, setOpen] = useState(false);
  const drop = useMutation({
    mutationFn: () => deleteArtifactBundle({ path: { ...path, bundle: bundle.id }, throwOnError: true }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["bundles", path.org, path.project] }),
  });
  return (
    <li>
      <Row open={open} toggle={() => setOpen(!open)} name={uses(bundle)} size={`${plural(bundle.fileCount, "file")} · ${bytes(bundle.size)}`} when={ago(bundle.date, now)} />
      {open ? (
        <div className="dead-b">
          <Delete what="bundle" note="Events that it mapped stay mapped; new ones are not." pending={drop.isPending} error={drop.error} run={() => drop.mutate()}>
            bundle <span className="code">{bundle.bundleId}</span>
          </Delete>
          <Files path={path} bundle={bundle} />
        </div>
      ) : null}
    </li>
  );
}

function Row({ open, toggle, name, size, when }: { open: boolean; toggle: () => void; name: string; size: string; when: string }) {
  return (
    <button type="button" className="dead-h" aria-expanded={open} onClick={toggle}>
      <Icon name={open ? "down" : "right"} size="s" />
      <b className="cut">{name}</b>
      <span className="sp" />
      <span className="t3 nowrap hide-s">{size}</span>
      <span className="t3 nowrap">{when}</span>
    </button>
  );
}

/** Says what is there, and asks before it goes. */
function Delete({ what, note, pending, error, run, children }: { what: string; note: string; pending: boolean; error: unknown; run: () => void; children: ReactNode }) {
  const [asking, setAsking] = useState(false);
  return (
    <div className="row wrap">
      <button type="button" className="btn danger" disabled={pending} onClick={() => setAsking(true)}>
        Delete {what}…
      </button>
      <span className="small t3 anywhere">{children}</span>
      {asking ? (
        <Ask title={`Delete this ${what}?`} action="Delete" busy={pending} error={error} onYes={run} onClose={() => setAsking(false)}>
          {note}
        </Ask>
      ) : null}
    </div>
  );
}

function Files({ path, bundle }: { path: Path; bundle: ArtifactBundle }) {
  const first = useQuery(listBundleFilesOptions({ path: { ...path, bundle: bundle.id }, query: { per_page: 100 } }));
  if (first.isPending) return <i className="sk w1" />;
  if (first.isError) return <p className="small red">{errorMessage(first.error)}</p>;
  return (
    <>
      <ul className="maps">
        {first.data.map((f) => (
          <li key={f.id}>
            <span className="code cut">{f.filePath}</span>
            <span className="t3 nowrap">{f.fileType.replaceAll("_", " ")}</span>
            <span className="t3 nowrap num">{bytes(f.fileSize)}</span>
            <span className="code t3 cut">{f.debugId ?? "no debug id"}</span>
          </li>
        ))}
      </ul>
      {bundle.fileCount > first.data.length ? <p className="small t3">The first {first.data.length} of {bundle.fileCount} files.</p> : null}
    </>
  );
}

function DebugFiles({ path }: { path: Path }) {
  const now = useNow();
  const queries = useQueryClient();
  const list = usePages("debug-files", path, (cursor) => listDebugFiles({ path, query: cursor ? { cursor } : {}, throwOnError: true }));
  const [open, setOpen] = useState<string | null>(null);
  const drop = useMutation({
    mutationFn: (id: string) => deleteDebugFile({ path, query: { id }, throwOnError: true }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["debug-files", path.org, path.project] }),
  });
  const rows = list.data?.pages.flatMap((p) => p.rows) ?? [];
  return (
    <Section id="debug-files" title="Debug files" sub="of native programs, and ProGuard mappings">
      {list.isPending ? (
        <SkeletonRows rows={2} label="Loading debug files" />
      ) : list.isError ? (
        <Failed what="the debug files" error={list.error} retry={() => void list.refetch()} />
      ) : rows.length === 0 ? (
        <p className="small t3">
          None. <span className="code">sentry-cli debug-files upload</span> and <span className="code">upload-proguard</span> bring them.
        </p>
      ) : (
        <>
          <ul className="dead">
            {rows.map((f) => (
              <li key={f.id}>
                <Row open={open === f.id} toggle={() => setOpen(open === f.id ? null : f.id)} name={`${f.objectName} (${f.cpuName})`} size={`${f.symbolType} · ${bytes(f.size)}`} when={ago(f.dateCreated, now)} />
                {open === f.id ? (
                  <div className="dead-b">
                    <Delete what="file" note="Events that it explained stay as they are; new ones are not explained." pending={drop.isPending} error={drop.error} run={() => drop.mutate(f.id)}>
                      debug id <span className="code">{f.debugId}</span>
                      {f.data.features.length > 0 ? ` · ${f.data.features.join(", ")}` : ""}
                    </Delete>
                  </div>
                ) : null}
              </li>
            ))}
          </ul>
          <More shown={list.hasNextPage} pending={list.isFetchingNextPage} load={() => void list.fetchNextPage()} />
        </>
      )}
    </Section>
  );
}
