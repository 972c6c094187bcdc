import { describe, expect, it } from "vitest";
import * as f from "./format";

describe("format", () => {
  it.each([
    [1284, "1,284"],
    ["12", "12"],
    [128_400, "128k"],
    [1_300_000, "1.3M"],
    [null, "0"],
    ["x", "0"],
  ])("count %s", (n, want) => expect(f.count(n)).toBe(want));

  it.each([
    [0.42, "0.4 ms"],
    [421, "421 ms"],
    [1840, "1.84 s"],
    [2000, "2 s"],
    [12_340, "12.3 s"],
    [128_000, "2 min 8 s"],
    [10_920_000, "3 h 2 min"],
    [-1, "–"],
  ])("duration %s", (ms, want) => expect(f.duration(ms)).toBe(want));

  it.each([
    [0, "00:00"],
    [365_900, "06:05"],
    [3_723_000, "1:02:03"],
    [-5, "00:00"],
  ])("clock %s", (ms, want) => expect(f.clock(ms)).toBe(want));

  it.each([
    [-412, "−0.412"],
    [0, "0.000"],
    [9, "+0.009"],
    [12_300, "+12.3"],
    [-65_000, "−01:05"],
  ])("offset %s", (ms, want) => expect(f.offset(ms)).toBe(want));

  it.each([
    [12, "12 s"],
    [180, "3 min"],
    [18_000, "5 h"],
    [172_800, "2 d"],
    [4_233_600, "7 w"],
    [10_540_000, "4 mo"],
    [70_000_000, "2 y"],
  ])("age of %s s", (s, want) => expect(f.age(1e12 - s * 1000, 1e12)).toBe(want));

  it("writes bytes, percent and initials", () => {
    expect([f.bytes(38), f.bytes(18_400), f.bytes(1_200_000), f.bytes(null)]).toEqual(["38 B", "18.4 kB", "1.2 MB", "–"]);
    expect([f.percent(61, 100), f.percent(1, 1000), f.percent(1, 0)]).toEqual(["61%", "<1%", "–"]);
    expect([f.initials("ivan@example.com"), f.initials("Mara Lind"), f.initials("")]).toEqual(["IV", "ML", "?"]);
  });

  it("writes dates with milliseconds and the year when it is another one", () => {
    const at = new Date(2026, 10, 20, 14, 32, 7, 418).getTime();
    expect(f.dateTime(at, { ms: true, now: at })).toBe("20 Nov 14:32:07.418");
    expect(f.dateTime(at, { now: new Date(2027, 1, 1).getTime() })).toBe("20 Nov 2026 14:32:07");
    expect(f.dateTime("not a date")).toBe("–");
  });
});
