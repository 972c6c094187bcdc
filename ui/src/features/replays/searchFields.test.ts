import { expect, it } from "vitest";
import { fieldsFor, takeField } from "./searchFields";

it("helps with the word being typed", () => {
  expect(fieldsFor("").flatMap((g) => g.fields).length).toBeGreaterThan(10);
  expect(fieldsFor("url:*x* rage").flatMap((g) => g.fields.map((f) => f.insert))).toEqual(["count_rage_clicks:>0", "click.selector:"]);
  expect(fieldsFor("nothing-like-this")).toEqual([]);
});

it("puts a field in place of that word, after what stands before it", () => {
  expect(takeField("url:*x* rage", "count_rage_clicks:>0")).toBe("url:*x* count_rage_clicks:>0");
  expect(takeField("", "duration:>1m")).toBe("duration:>1m");
  expect(takeField("url:*x*", "duration:>1m")).toBe("url:*x* duration:>1m");
});
