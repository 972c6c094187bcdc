import { expect, test } from "vitest";
import { clock, readClip, span } from "./clip";

test("a clip is read, or there is none", () => {
  const at = 1_795_000_000_000;
  const events = [
    { type: 4, timestamp: at, data: { href: "http://shop.test/", width: 800, height: 600 } },
    { type: 2, timestamp: at + 1, data: { node: { type: 0, id: 1, childNodes: [] }, initialOffset: { top: 0, left: 0 } } },
  ];
  const clip = { events, firstMs: 0, fromMs: at + 1000, errorMs: at + 2000, toMs: at + 63_500 };
  expect(readClip(JSON.stringify(clip))).toEqual({ ...clip, firstMs: at });
  expect(readClip(JSON.stringify({ ...clip, events: events.slice(1) }))).toBeNull();
  expect(span(clip)).toBe(62_500);
  expect(clock(span(clip))).toBe("01:02");
});
