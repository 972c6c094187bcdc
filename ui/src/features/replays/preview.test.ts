import { describe, expect, it } from "vitest";
import { readRecording } from "@/lib/recording/read";
import { canPreview } from "./Preview";

const at = 1_700_000_000_000;
const recorded = (page: string, changes: number) =>
  readRecording([[{ type: 4, timestamp: at, data: {} }, { type: 2, timestamp: at + 1, data: { node: { type: 0, id: 1, childNodes: [{ type: 3, id: 2, textContent: page }] } } }, ...Array.from({ length: changes }, (_, i) => ({ type: 3, timestamp: at + 2 + i, data: { source: 3, id: 1, x: 0, y: i } }))]]);

describe("canPreview", () => {
  it("draws small pages while the pointer passes, and leaves heavy ones alone", () => {
    const small = recorded("shop", 10);
    expect(canPreview(small.dom, small.heaviest)).toBe(true);
    const heavy = recorded("x".repeat(2_000_000), 10);
    expect(canPreview(heavy.dom, heavy.heaviest)).toBe(false);
    const busy = recorded("shop", 20_000);
    expect(canPreview(busy.dom, busy.heaviest)).toBe(false);
  });
});
