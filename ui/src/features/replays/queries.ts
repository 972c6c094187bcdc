import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { toPage } from "@/api/client";
import { listReplayLinks, listReplays } from "@/api/gen";
import { listReplayLinksQueryKey, listReplaysQueryKey } from "@/api/gen/@tanstack/react-query.gen";
import { scopeQuery, type Scope } from "@/app/search";

export function replaysOptions(org: string, scope: Scope, search: { query?: string; sort?: string; cursor?: string; rows?: number }) {
  const options = {
    path: { org },
    query: { ...scopeQuery(scope), per_page: search.rows ?? 25, sort: search.sort ?? "-started_at", ...(search.query ? { query: search.query } : {}), ...(search.cursor ? { cursor: search.cursor } : {}) },
  };
  return queryOptions({
    queryKey: listReplaysQueryKey(options),
    queryFn: async ({ signal }) => {
      const page = toPage(await listReplays({ ...options, signal, throwOnError: true }));
      return { ...page, rows: page.rows.data };
    },
    placeholderData: keepPreviousData,
  });
}

export function replayLinksOptions(org: string, replay: string) {
  const options = { path: { org }, query: { replay: [replay], per_page: 100 } };
  return queryOptions({
    queryKey: listReplayLinksQueryKey(options),
    queryFn: async ({ signal }) => (await listReplayLinks({ ...options, signal, throwOnError: true })).data.data,
  });
}
