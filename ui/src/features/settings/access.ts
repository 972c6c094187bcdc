import type { OrganizationDetail } from "@/api/gen";
import { ApiError } from "@/api/client";

/** Whether the caller may do something here: admin includes write includes read. */
export function may(organization: OrganizationDetail, scope: string): boolean {
  const [family, level] = scope.split(":");
  const enough = { read: ["read", "write", "admin"], write: ["write", "admin"], admin: ["admin"] }[level ?? ""] ?? [level];
  return organization.access.some((s) => enough.some((l) => s === `${family}:${l}`));
}

/** The roles that the caller may give: those with no scope beyond their own. */
export function givable(organization: OrganizationDetail): string[] {
  return organization.orgRoleList.filter((r) => !r.isRetired && r.scopes.every((s) => s === "org:billing" || may(organization, s))).map((r) => r.id);
}

/** What went wrong, for the person who pressed the button. */
export function sentence(error: unknown): string | null {
  if (!error) return null;
  return error instanceof ApiError ? error.message : "The server did not answer. Try again.";
}

/** What a token is for, and the scopes that need. */
export const purposes = [
  { value: "read", label: "Read everything", scopes: ["org:read", "project:read", "team:read", "member:read", "event:read", "alerts:read"] },
  { value: "ci", label: "Upload from CI (sentry-cli, bundlers)", scopes: ["org:read", "project:read", "project:releases", "project:write"] },
  { value: "mcp", label: "Coding agents (MCP)", scopes: ["org:read", "project:read", "project:write", "team:read", "team:write", "event:read", "event:write"] },
  { value: "manage", label: "Manage the organisation (Terraform)", scopes: ["org:write", "project:admin", "team:admin", "member:admin", "event:admin", "alerts:write"] },
] as const;
