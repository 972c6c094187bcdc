import { queryOptions } from "@tanstack/react-query";
import { countIssues } from "@/api/gen";
import { countIssuesQueryKey, getOrganizationOptions as organization, listEnvironmentsOptions as environments } from "@/api/gen/@tanstack/react-query.gen";
import { scopeQuery, type Scope } from "./search";

export { getAuthOptions, listOrganizationsOptions } from "@/api/gen/@tanstack/react-query.gen";

export const getOrganizationOptions = (org: string) => ({ ...organization({ path: { org }, query: { detailed: "0" } }), staleTime: 300_000 });

export const listEnvironmentsOptions = (org: string) => ({ ...environments({ path: { org } }), staleTime: 60_000 });

const unresolved = "is:unresolved";

/** Open issues, for the rail; asked again every half minute. */
export function issuesCountOptions(org: string, scope: Scope) {
  const options = { path: { org }, query: { query: [unresolved], ...scopeQuery(scope) } };
  return queryOptions({
    queryKey: countIssuesQueryKey(options),
    queryFn: async ({ signal }) => (await countIssues({ ...options, signal, throwOnError: true })).data[unresolved] ?? 0,
    refetchInterval: 30_000,
  });
}
