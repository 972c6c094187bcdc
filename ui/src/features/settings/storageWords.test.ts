import { describe, expect, it } from "vitest";
import type { KindStorage, ProjectStorage } from "@/api/gen";
import { kindName, sumOfKinds, sure } from "./storageWords";

const kind = (k: Partial<KindStorage>): KindStorage => ({ kind: "errors", rows: 1, bytes: 10, sure: "exact", oldest: null, days: 90, ...k });
const project = (slug: string, ...kinds: KindStorage[]): ProjectStorage => ({ id: slug, slug, bytes: 0, kinds });

describe("what is kept, over all projects", () => {
  it("adds up each kind", () => {
    const sums = sumOfKinds([
      project("a", kind({ rows: 2, oldest: "2026-02-01T00:00:00Z" }), kind({ kind: "logs" })),
      project("b", kind({ rows: 5000, bytes: 70, sure: "about", oldest: "2026-01-01T00:00:00Z", days: 30 })),
    ]);
    expect(sums).toEqual([
      kind({ rows: 5002, bytes: 80, sure: "about", oldest: "2026-01-01T00:00:00Z", days: 90 }),
      kind({ kind: "logs" }),
    ]);
  });

  it("keeps what has no end without one", () => expect(sumOfKinds([project("a", kind({ days: 0 })), project("b", kind({ days: 30 }))])[0]?.days).toBe(0));

  it("says how sure it is", () => {
    expect(sure(kind({}))).toBe("");
    expect(sure(kind({ sure: "at least" }))).toBe("at least ");
    expect(kindName("uploads")).toContain("Source maps");
    expect(kindName("new")).toBe("new");
  });
});
