import { describe, expect, it } from "vitest";
import type { OrganizationDetail } from "@/api/gen";
import { givable, may } from "./access";

const as = (access: string[]) =>
  ({
    access,
    orgRoleList: [
      { id: "member", scopes: ["event:read"], isRetired: false },
      { id: "admin", scopes: ["event:read", "team:admin"], isRetired: true },
      { id: "manager", scopes: ["event:read", "member:write"], isRetired: false },
      { id: "owner", scopes: ["event:read", "member:write", "org:admin", "org:billing"], isRetired: false },
    ],
  }) as unknown as OrganizationDetail;

describe("may", () => {
  it("takes a higher level for a lower one", () => {
    expect(may(as(["member:admin"]), "member:write")).toBe(true);
    expect(may(as(["member:read"]), "member:write")).toBe(false);
    expect(may(as(["project:admin"]), "member:read")).toBe(false);
  });
});

describe("givable", () => {
  it("never offers a role above the caller's own", () => {
    expect(givable(as(["event:read"]))).toEqual(["member"]);
    expect(givable(as(["event:read", "member:admin"]))).toEqual(["member", "manager"]);
    expect(givable(as(["event:read", "member:admin", "org:admin"]))).toEqual(["member", "manager", "owner"]);
  });
});
