import { describe, expect, it } from "vitest";
import central from "../testdata/browser-11.12.0-central.json";
import { readRecording } from "./read";

const recording = readRecording(central);

describe("readRecording, of a real recording", () => {
  it("gives the player sorted milliseconds and no custom events", () => {
    expect(recording.dom.length).toBeGreaterThan(50);
    expect(recording.dom.some((e) => e.type === 5)).toBe(false);
    expect(recording.dom.every((e, i) => i === 0 || e.timestamp >= (recording.dom[i - 1]?.timestamp ?? 0))).toBe(true);
    expect(recording.dom.every((e) => e.timestamp > 1.79e12)).toBe(true);
    const types = recording.dom.map((e) => e.type);
    expect(types.indexOf(4)).toBe(types.indexOf(2) - 1);
  });
});

describe("readRecording, of anything", () => {
  it("skips a broken segment and keeps the rest", () => {
    const r = readRecording([null, { nope: 1 }, [{ type: 4, timestamp: 1e12, data: { href: "http://a/b", width: 3, height: 4 } }, 7, null, { type: 99, timestamp: 1e12 }]]);
    expect(r.broken).toBe(2);
    expect(r.dom).toHaveLength(1);
  });

  it("is empty without events", () => {
    expect(readRecording([])).toMatchObject({ start: 0, end: 0, dom: [] });
  });

  it("drops changes beyond what a player can draw, and says so", () => {
    const change = { type: 3, timestamp: 1e12, data: { source: 0, adds: [], removes: [], texts: [], attributes: Array.from({ length: 10 }, () => ({ id: 1, attributes: {} })) } };
    const r = readRecording([Array.from({ length: 10 }, () => change)], { bytes: 1e6, changesPerSecond: 50 });
    expect(r.dom).toHaveLength(5);
    expect(r.truncated).toMatch(/faster/);
  });

  it("leaves out events whose times are impossible, so that the rest has a time line", () => {
    const move = (timestamp: number) => ({ type: 3, timestamp, data: { source: 1, positions: [] } });
    const r = readRecording([[move(1.7e12), move(1.7e12 + 500), move(1.7e12 + 900), move(0), move(-5e12), move(9e15)]]);
    expect([r.start, r.end]).toEqual([1.7e12, 1.7e12 + 900]);
    expect(r.truncated).toMatch(/impossible times/);
  });
});
