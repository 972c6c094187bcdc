import { expect, it } from "vitest";
import type { Frame } from "./frames";
import { nameTouched, Page, withNames } from "./names";
import type { DomEvent } from "./read";

const element = (id: number, tagName: string, childNodes: unknown[] = [], attributes = {}) => ({ id, type: 2, tagName, attributes, childNodes });
const text = (id: number, textContent: string) => ({ id, type: 3, textContent });
const click = (timestamp: number, id: number): DomEvent => ({ type: 3, timestamp, data: { source: 2, type: 2, id } });
const typing = (timestamp: number, id: number): DomEvent => ({ type: 3, timestamp, data: { source: 5, id, text: "x" } });
const T = 1_795_179_883_000;
const snapshot: DomEvent = {
  type: 2,
  timestamp: T,
  data: {
    node: {
      id: 1,
      type: 0,
      childNodes: [
        element(2, "body", [
          element(10, "button", [text(11, "Pay "), element(12, "b", [text(13, "$7.20")])], { id: "pay" }),
          element(20, "label", [element(21, "input", [], { type: "checkbox" }), text(22, " Payment throws")]),
          element(30, "label", [text(31, "Card number")], { for: "card" }),
          element(32, "input", [], { id: "card" }),
          element(40, "button", [text(41, "***")], { "aria-label": "Close" }),
        ]),
      ],
    },
  },
};
const frame = (at: number, nodeId: number, kind: Frame["kind"] = "click"): Frame => ({ kind, at, end: at, title: "as the SDK says", detail: "", nodeId });
const titles = (events: DomEvent[], ...frames: Frame[]) => withNames(frames, nameTouched(new Page(), [snapshot, ...events])).map((f) => f.title);

it("calls things what the page called them at that moment", () => {
  const change: DomEvent = { type: 3, timestamp: T + 500, data: { source: 0, texts: [{ id: 13, value: "$9.00" }], attributes: [], removes: [], adds: [] } };
  expect(titles([click(T + 100, 10), change, click(T + 2000, 10)], frame(T + 100, 10), frame(T + 2000, 10))).toEqual(["Pay $7.20", "Pay $9.00"]);
});

it("names the button when the click met the words inside it", () => {
  expect(titles([click(T + 100, 12)], frame(T + 101, 10, "dead"))).toEqual(["Pay $7.20"]);
});

it("calls fields by their label, and masked buttons by their accessible name", () => {
  expect(titles([click(T + 100, 21), typing(T + 2000, 32), click(T + 4000, 40)], frame(T + 100, 21), frame(T + 2000, 32, "input"), frame(T + 4000, 40))).toEqual(["Payment throws", "Card number", "Close"]);
});

it("leaves alone what the page does not have, what it hides, and what happened at another time", () => {
  expect(titles([click(T + 100, 99), click(T + 200, 10)], frame(T + 100, 99), frame(T + 9000, 10), frame(T + 200, 10, "navigation"))).toEqual(Array.from({ length: 3 }, () => "as the SDK says"));
});

it("knows elements that were added later, and goes on where a first part ended", () => {
  const page = new Page();
  nameTouched(page, [snapshot]);
  const add: DomEvent = { type: 3, timestamp: T + 500, data: { source: 0, texts: [], attributes: [], removes: [{ id: 10, parentId: 2 }], adds: [{ parentId: 2, nextId: null, node: element(50, "button") }, { parentId: 50, nextId: null, node: text(51, "Try again") }] } };
  expect(nameTouched(page, [add, click(T + 1000, 50), click(T + 2000, 10)])).toEqual([{ at: T + 1000, nodeId: 50, name: "Try again" }]);
});
