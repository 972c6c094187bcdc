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
    expect(recording.views[0]).toMatchObject({ href: expect.stringMatching(/^http:\/\/127/), width: expect.any(Number) });
  });

  it("brings seconds and milliseconds onto one clock", () => {
    expect(recording.frames.every((f) => f.at > 1.79e12 && f.end >= f.at)).toBe(true);
    expect(recording.frames.every((f, i) => i === 0 || f.at >= (recording.frames[i - 1]?.at ?? 0))).toBe(true);
  });

  it("reads the request that failed, with status, bodies and time", () => {
    const failed = recording.frames.find((f) => f.request?.path === "/api/charge");
    expect(failed).toMatchObject({ kind: "request", title: "POST", at: 1795168718492.2, end: 1795168718504, request: { status: 500, method: "POST", requestBody: "amount=12", responseSize: 26 } });
  });

  it("names what was clicked by its words", () => {
    expect(recording.frames.filter((f) => f.kind === "click").map((f) => f.title)).toContain("panic (go)");
  });

  it("tells a rage click once, not as a click as well", () => {
    const dead = recording.frames.filter((f) => f.nodeId === 113);
    expect(dead.map((f) => f.kind)).toEqual(["rage"]);
  });

  it("tells a client-side navigation once", () => {
    expect(recording.frames.filter((f) => f.kind === "navigation").map((f) => f.title)).toEqual(["/", "/cart", "/checkout"]);
  });
});

describe("readRecording, of anything", () => {
  it("skips a broken segment and keeps the rest", () => {
    const r = readRecording([null, { nope: 1 }, [{ type: 4, timestamp: 1e12, data: { href: "http://a/b", width: 3, height: 4 } }, 7, null, { type: 99, timestamp: 1e12 }]]);
    expect(r.broken).toBe(2);
    expect(r.dom).toHaveLength(1);
    expect(r.views).toEqual([{ at: 1e12, href: "http://a/b", width: 3, height: 4 }]);
  });

  it("is empty without events", () => {
    expect(readRecording([])).toMatchObject({ start: 0, end: 0, dom: [], frames: [] });
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

  it("finds the trace in recorded request headers", () => {
    const span = { type: 5, timestamp: 1e9, data: { tag: "performanceSpan", payload: { op: "resource.fetch", description: "https://a.example/api/x?y=1", startTimestamp: 1e9, endTimestamp: 1e9 + 0.25, data: { request: { headers: { "Sentry-Trace": `${"a".repeat(32)}-${"b".repeat(16)}-1` } } } } } };
    expect(readRecording([[span]]).frames[0]).toMatchObject({ at: 1e12, end: 1e12 + 250, request: { traceId: "a".repeat(32), spanId: "b".repeat(16), path: "/api/x", method: "GET", status: null } });
  });
});
