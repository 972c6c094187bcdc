import { expect, it } from "vitest";
import type { ErrorMark } from "@/lib/chapters";
import { errorRows } from "./errorRows";

const error = (id: string, at: number, issueId = ""): ErrorMark => ({ id, at, side: "server", title: id, project: "api", issueId, shortId: "", level: "error", spanId: null });
const recording = { from: 10_000, to: 20_000 };
const shape = (opened: string[] = []) =>
  errorRows([error("c", 15_000, "1"), error("a", 12_000, "1"), error("b", 13_000, "2"), error("early", 8000), error("late", 90_000, "1")], recording, new Set(opened)).map((r) =>
    r.kind === "head" ? r.where : r.kind === "group" ? `${r.group.errors.map((e) => e.id).join("+")}` : `${r.nested ? ">" : ""}${r.error.id}`,
  );

it("puts errors of one issue under one head, and what is outside the recording apart", () => {
  expect(shape()).toEqual(["before", "early", "a+c", "b", "after", "late"]);
  expect(shape(["1"])).toEqual(["before", "early", "a+c", ">a", ">c", "b", "after", "late"]);
});

it("takes thousands as one row until it is opened", () => {
  const many = Array.from({ length: 5000 }, (_, i) => error(`e${i}`, 10_000 + i, "7"));
  expect(errorRows(many, recording, new Set())).toHaveLength(1);
  expect(errorRows(many, recording, new Set(["7"]))).toHaveLength(5001);
});
