import { describe, expect, it } from "vitest";
import type { AuditLog } from "@/api/gen";
import { auditChanges, auditOption, auditTarget, auditVerb } from "./auditWords";

const entry = (e: Partial<AuditLog>): AuditLog => ({
  id: "1",
  actor: { id: "7", name: "ann@acme.example", email: "ann@acme.example", username: "ann@acme.example" },
  event: "project.edit",
  ipAddress: null,
  note: "",
  targetObject: "2",
  targetUser: null as never,
  targetKind: "project",
  targetName: "web",
  data: {},
  dateCreated: "2026-11-28T10:00:00Z",
  ...e,
});

describe("the audit log in words", () => {
  it("says what was done", () => {
    expect(auditVerb("project.scrubbing-edit")).toBe("changed the scrubbing rules of");
    expect(auditVerb("something.new")).toBe("something.new");
    expect(auditOption("projectkey.edit")).toBe("Key · edit");
    expect(auditOption("dead-letter.resend")).toBe("Dead letter · resend");
  });

  it("names the target", () => {
    expect(auditTarget(entry({}))).toBe("web");
    expect(auditTarget(entry({ event: "user.sign-in", targetKind: "user", targetObject: "7" }))).toBe("");
    expect(auditTarget(entry({ event: "user.password-edit", targetKind: "user", targetObject: "7" }))).toBe("their own account");
    expect(auditTarget(entry({ event: "member.edit", targetKind: "user", targetObject: "8", targetName: "bob@acme.example" }))).toBe("bob@acme.example");
    expect(auditTarget(entry({ targetKind: "key", targetObject: "…ab12", targetName: "Default" }))).toBe("Default …ab12");
  });

  it("tells changes, also those whose values are kept out of the log", () => {
    expect(auditChanges({ role: { from: "member", to: "admin" } })).toEqual(["role: member → admin"]);
    expect(auditChanges({ project: "web", active: { from: true, to: false }, rateLimit: { from: "", to: "5 in 60 s" } })).toEqual([
      "project: web",
      "active: on → off",
      "rate limit: none → 5 in 60 s",
    ]);
    expect(auditChanges({ changed: { "scrub.sensitiveFields": { from: [], to: ["iban"] }, "drains.url": {} } })).toEqual([
      "scrub, sensitive fields: none → iban",
      "drains, url changed",
    ]);
    expect(auditChanges({ limits: { from: [], to: [{ id: "a" }] } })).toEqual(["limits: none → 1 entry"]);
    expect(auditChanges({})).toEqual([]);
  });
});
