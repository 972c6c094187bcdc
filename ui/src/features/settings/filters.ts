import type { Filters, StatsGroup } from "@/api/gen";

/** A filter that is on or off; reason is how what it drops is counted. */
export type OnOff = { key: "browserExtensions" | "localhost" | "webCrawlers" | "healthChecks" | "chunkLoadErrors" | "reactHydrationErrors"; reason: string; label: string; why: string };

export const onOff: OnOff[] = [
  { key: "browserExtensions", reason: "browser-extensions", label: "Browser extensions", why: "errors of code that is not yours" },
  { key: "localhost", reason: "localhost", label: "Localhost", why: "events of your own machines" },
  { key: "webCrawlers", reason: "web-crawlers", label: "Web crawlers", why: "what bots trip over" },
  { key: "healthChecks", reason: "filtered-transaction", label: "Health checks", why: "transactions of probes" },
  { key: "chunkLoadErrors", reason: "chunk-load-error", label: "Chunk load errors", why: "pages open over a deploy" },
  { key: "reactHydrationErrors", reason: "react-hydration-errors", label: "React hydration errors", why: "mismatches of markup" },
];

/** A filter that is a list of patterns. */
export type Listed = { key: "errorMessages" | "releases" | "ipAddresses" | "cspSources" | "logMessages" | "traceMetricNames"; reason: string; label: string; placeholder: string };

export const listed: Listed[] = [
  { key: "errorMessages", reason: "error-message", label: "Error messages, * for anything", placeholder: "*ResizeObserver loop*" },
  { key: "releases", reason: "release-version", label: "Releases", placeholder: "1.0.*" },
  { key: "ipAddresses", reason: "ip-address", label: "Addresses", placeholder: "10.0.0.0/8" },
  { key: "cspSources", reason: "invalid-csp", label: "Sources of security reports", placeholder: "*.extension.example" },
  { key: "logMessages", reason: "log-message", label: "Log messages", placeholder: "GET /healthz*" },
  { key: "traceMetricNames", reason: "trace-metric-name", label: "Names of metrics", placeholder: "debug.*" },
];

export const oldBrowsers: { name: string; label: string }[] = [
  { name: "ie_pre_9", label: "IE 8 and older" },
  { name: "ie9", label: "IE 9" },
  { name: "ie10", label: "IE 10" },
  { name: "ie11", label: "IE 11" },
  { name: "edge_pre_79", label: "Edge before 79" },
  { name: "safari_pre_6", label: "Safari before 6" },
  { name: "opera_pre_15", label: "Opera before 15" },
  { name: "opera_mini_pre_8", label: "Opera Mini before 8" },
  { name: "android_pre_4", label: "Android before 4" },
];

/** The filters with one old browser more or less, in the order of the list. */
export function withBrowser(filters: Filters, name: string, on: boolean): Filters {
  const chosen = new Set(filters.legacyBrowsers);
  if (on) chosen.add(name);
  else chosen.delete(name);
  return { ...filters, legacyBrowsers: oldBrowsers.map((b) => b.name).filter((n) => chosen.has(n)) };
}

/** What each filter dropped, by its reason: items, not the bytes and spans that are counted beside them. */
export function droppedBy(groups: StatsGroup[]): Map<string, number> {
  const dropped = new Map<string, number>();
  for (const g of groups) {
    const category = String(g.by.category);
    if (category === "attachment" || category === "attachment_item" || category === "span" || category.endsWith("_byte") || category.endsWith("_indexed")) continue;
    const reason = String(g.by.reason);
    dropped.set(reason, (dropped.get(reason) ?? 0) + (g.totals["sum(quantity)"] ?? 0));
  }
  return dropped;
}
