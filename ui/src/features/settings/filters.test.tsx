import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, it } from "vitest";
import type { Filters } from "@/api/gen";
import { getStatsQueryKey } from "@/api/gen/@tanstack/react-query.gen";
import { FilterRules } from "./FilterRules";
import { droppedBy, withBrowser } from "./filters";

const filters: Filters = {
  localhost: false, webCrawlers: false, browserExtensions: false, healthChecks: true, chunkLoadErrors: true, reactHydrationErrors: true,
  legacyBrowsers: [], errorMessages: [], releases: [], logMessages: [], traceMetricNames: [], ipAddresses: [], cspSources: [],
};
const group = (reason: string, category: string, n: number) => ({ by: { reason, category }, series: {}, totals: { "sum(quantity)": n } });
const groups = [group("localhost", "error", 1200), group("localhost", "attachment", 99_999), group("filtered-transaction", "transaction", 7), group("filtered-transaction", "transaction_indexed", 7), group("filtered-transaction", "span", 40), group("log-message", "log_item", 3), group("log-message", "log_byte", 900)];

it("counts items and not their bytes", () => {
  expect(Object.fromEntries(droppedBy(groups))).toEqual({ localhost: 1200, "filtered-transaction": 7, "log-message": 3 });
});

it("keeps old browsers in the order of the list", () => {
  const two = withBrowser(withBrowser(filters, "ie11", true), "ie9", true);
  expect(two.legacyBrowsers).toEqual(["ie9", "ie11"]);
  expect(withBrowser(two, "ie11", false).legacyBrowsers).toEqual(["ie9"]);
});

it("tells beside each filter what it dropped, and turns filters on and off", async () => {
  const queries = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } });
  const path = { org: "main", project: "shop" };
  queries.setQueryData(
    getStatsQueryKey({ path: { org: "main" }, query: { project: ["shop"], groupBy: ["reason", "category"], field: ["sum(quantity)"], outcome: ["filtered"], statsPeriod: "7d", interval: "1d" } }),
    { start: "", end: "", intervals: [], groups },
  );
  let last = filters;
  function Page() {
    const [now, set] = useState(filters);
    last = now;
    return <FilterRules path={path} filters={now} onChange={set} />;
  }
  render(
    <QueryClientProvider client={queries}>
      <Page />
    </QueryClientProvider>,
  );
  expect(screen.getByRole("checkbox", { name: /Localhost/ }).closest("li")?.textContent).toMatch(/1[.,  ]?2.* dropped/);
  expect(screen.getByRole("checkbox", { name: /Web crawlers/ }).closest("li")?.textContent).toContain("none");
  await userEvent.click(screen.getByRole("checkbox", { name: /Localhost/ }));
  await userEvent.click(screen.getByRole("checkbox", { name: /Old browsers/ }));
  await userEvent.click(screen.getByRole("checkbox", { name: "IE 11" }));
  await userEvent.type(screen.getByRole("textbox", { name: /Names of metrics/ }), "debug.*");
  expect(last.localhost).toBe(true);
  expect(last.legacyBrowsers).toHaveLength(8);
  expect(last.legacyBrowsers).not.toContain("ie11");
  expect(last.traceMetricNames).toEqual(["debug.*"]);
});
