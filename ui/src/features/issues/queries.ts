import { keepPreviousData, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { fillPage, toPage } from "@/api/client";
import { countIssues, getIssueEvent, listIssueEvents, listIssues, listReplayLinks, updateIssues, type IssueUpdate } from "@/api/gen";
import { countIssuesQueryKey, getIssueEventQueryKey, listIssueEventsQueryKey, listIssuesQueryKey, listIssueTagsOptions, listReplayLinksQueryKey } from "@/api/gen/@tanstack/react-query.gen";
import { scopeQuery, type Scope } from "@/app/search";

export const PAGE_ROWS = 25;

export function issuesOptions(org: string, scope: Scope, search: { query: string; sort: string; cursor?: string; project?: string }) {
  const options = {
    path: { org },
    query: {
      ...scopeQuery(scope),
      query: search.query,
      sort: search.sort,
      limit: PAGE_ROWS,
      groupStatsPeriod: "14d",
      shortIdLookup: "1",
      partial: true,
      collapse: ["lifetime", "filtered"],
      ...(search.cursor ? { cursor: search.cursor } : {}),
      ...(search.project ? { project: [search.project] } : {}),
    },
  };
  return queryOptions({
    queryKey: listIssuesQueryKey(options),
    queryFn: ({ signal }) =>
      fillPage(PAGE_ROWS, search.cursor, async (limit, cursor) =>
        toPage(await listIssues({ ...options, query: { ...options.query, limit, ...(cursor ? { cursor } : {}) }, signal, throwOnError: true })),
      ),
    placeholderData: keepPreviousData,
  });
}

export function tabCountsOptions(org: string, scope: Scope, queries: string[], project?: string) {
  const options = { path: { org }, query: { ...scopeQuery(scope), query: queries, ...(project ? { project: [project] } : {}) } };
  return queryOptions({
    queryKey: countIssuesQueryKey(options),
    queryFn: async ({ signal }) => (await countIssues({ ...options, signal, throwOnError: true })).data,
    refetchInterval: 15_000,
  });
}

export function issueEventOptions(org: string, issue: string, event: string, environment?: string) {
  const options = { path: { org, issue, event }, query: environment ? { environment: [environment] } : {} };
  return queryOptions({
    queryKey: getIssueEventQueryKey(options),
    queryFn: async ({ signal }) => (await getIssueEvent({ ...options, signal, throwOnError: true })).data,
    placeholderData: keepPreviousData,
    // A replay may still be on its way: look again until it is there.
    refetchInterval: (q) => (q.state.data?.hindsight.replayPlays === false && Date.now() - Date.parse(q.state.data.dateReceived) < 120_000 ? 3000 : false),
  });
}

export function issueEventsOptions(org: string, issue: string, scope: Scope, cursor?: string, search?: string) {
  const options = { path: { org, issue }, query: { per_page: 50, ...(search ? { query: search } : {}), ...(scope.environment ? { environment: [scope.environment] } : {}), ...(cursor ? { cursor } : {}) } };
  return queryOptions({
    queryKey: listIssueEventsQueryKey(options),
    queryFn: async ({ signal }) => toPage(await listIssueEvents({ ...options, signal, throwOnError: true })),
    placeholderData: keepPreviousData,
  });
}

export function linksOptions(org: string, of: { event?: string; issue?: string; replay?: string }, rows = 100) {
  const options = { path: { org }, query: { ...(of.event ? { event: [of.event] } : {}), ...(of.issue ? { issue: [of.issue] } : {}), ...(of.replay ? { replay: [of.replay] } : {}), per_page: rows } };
  return queryOptions({
    queryKey: listReplayLinksQueryKey(options),
    queryFn: async ({ signal }) => (await listReplayLinks({ ...options, signal, throwOnError: true })).data.data,
  });
}

/** Puts issues of one project together; the one with the most events stays. */
export function useMergeIssues(org: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (ids: string[]) => updateIssues({ path: { org }, query: { id: ids }, body: { merge: true }, throwOnError: true }),
    onSettled: () => queries.invalidateQueries({ predicate: (q) => ["listIssues", "countIssues", "getIssue"].includes((q.queryKey[0] as { _id?: string } | undefined)?._id ?? "") }),
  });
}

/** Resolves, ignores or reopens issues; lists and the issue itself are asked again. */
export function useUpdateIssues(org: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ ids, change }: { ids: string[]; change: IssueUpdate }) => updateIssues({ path: { org }, query: { id: ids }, body: change, throwOnError: true }),
    onSettled: () => queries.invalidateQueries({ predicate: (q) => ["listIssues", "countIssues", "getIssue"].includes((q.queryKey[0] as { _id?: string } | undefined)?._id ?? "") }),
  });
}

/** Of each tag that is shown at once. */
const TOP_VALUES = 5;

/** How the events of an issue are spread over the most frequent values of each tag. */
export function issueTagsOptions(org: string, issue: string, environment?: string) {
  return listIssueTagsOptions({ path: { org, issue }, query: { limit: TOP_VALUES, ...(environment ? { environment: [environment] } : {}) } });
}
