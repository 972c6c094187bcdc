import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { toPage, type Page } from "@/api/client";
import { listReplayItems, listReplayLinks, listReplays, type ReplayItem } from "@/api/gen";
import { listReplayItemsQueryKey, listReplayLinksQueryKey, listReplaysQueryKey } from "@/api/gen/@tanstack/react-query.gen";
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

/** How many items of a replay are read at most, a hundred at once. */
const MAX_ITEMS = 500;

/** What a replay has besides errors, in the order of time; `more`: there are others after them. */
export function replayItemsOptions(org: string, replay: string) {
  const options = { path: { org, replay }, query: { per_page: 100 } };
  return queryOptions({
    queryKey: listReplayItemsQueryKey(options),
    queryFn: async ({ signal }) => {
      const items: ReplayItem[] = [];
      let cursor: string | null = null;
      do {
        const page: Page<{ data: ReplayItem[] }> = toPage(await listReplayItems({ ...options, query: { ...options.query, ...(cursor ? { cursor } : {}) }, signal, throwOnError: true }));
        items.push(...page.rows.data);
        cursor = page.next;
      } while (cursor && items.length < MAX_ITEMS);
      return { items, more: cursor !== null };
    },
  });
}
