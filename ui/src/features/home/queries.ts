import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { getReplayCoverage, getStats } from "@/api/gen";
import { getReplayCoverageQueryKey, getSetupDoctorOptions, getStatsQueryKey } from "@/api/gen/@tanstack/react-query.gen";
import { scopeQuery, type Scope } from "@/app/search";

export function coverageOptions(org: string, scope: Scope) {
  const options = { path: { org }, query: scopeQuery(scope) };
  return queryOptions({
    queryKey: getReplayCoverageQueryKey(options),
    queryFn: async ({ signal }) => (await getReplayCoverage({ ...options, signal, throwOnError: true })).data,
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  });
}

/** What is counted in items; bytes, and indexed twins of what is counted already, are left out. */
const categories = ["error", "transaction", "span", "replay", "log_item", "session", "attachment", "monitor", "feedback", "profile"];

export function outcomesOptions(org: string, period: { statsPeriod: string; interval: string }) {
  const options = { path: { org }, query: { ...period, groupBy: ["outcome", "reason", "category"], field: ["sum(quantity)"], category: categories } };
  return queryOptions({
    queryKey: getStatsQueryKey(options),
    queryFn: async ({ signal }) => (await getStats({ ...options, signal, throwOnError: true })).data,
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  });
}

export const doctorOptions = (org: string) => ({ ...getSetupDoctorOptions({ path: { org } }), staleTime: 60_000 });
