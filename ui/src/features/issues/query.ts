import { tokens } from "@/components/searchSuggest";

// The search box holds words and key:value tokens; the tabs are its is: token.

export type IssueTab = "unresolved" | "review" | "regressed" | "ignored" | "resolved" | "all";

export const issueTabs: { value: IssueTab; label: string; query: string }[] = [
  { value: "unresolved", label: "Unresolved", query: "is:unresolved" },
  { value: "review", label: "For review", query: "is:unresolved is:for_review" },
  { value: "regressed", label: "Regressed", query: "is:regressed" },
  { value: "ignored", label: "Archived", query: "is:ignored" },
  { value: "resolved", label: "Resolved", query: "is:resolved" },
  { value: "all", label: "All", query: "" },
];

export function tabOf(query: string): IssueTab | null {
  const is = tokens(query).filter((t) => t.startsWith("is:"));
  if (is.length === 0) return "all";
  return issueTabs.find((t) => t.query === is.join(" "))?.value ?? null;
}

/** The same search within another tab. */
export function withTab(query: string, tab: IssueTab): string {
  const rest = tokens(query).filter((t) => !t.startsWith("is:"));
  const own = issueTabs.find((t) => t.value === tab)?.query;
  return [own, ...rest].filter(Boolean).join(" ");
}
