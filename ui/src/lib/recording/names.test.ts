import { expect, it } from "vitest";
import { readRecording } from "./read";

const element = (id: number, tagName: string, childNodes: unknown[] = [], attributes = {}) => ({ id, type: 2, tagName, attributes, childNodes });
const text = (id: number, textContent: string) => ({ id, type: 3, textContent });
const click = (timestamp: number, nodeId: number, category = "ui.click", attributes = {}) => ({
  type: 5,
  timestamp,
  data: { tag: "breadcrumb", payload: { timestamp: timestamp / 1000, category, message: "form > button#pay", data: { nodeId, node: { id: nodeId, tagName: "button", textContent: "", attributes: { id: "pay", ...attributes } } } } },
});
const T = 1_795_179_883_000;
const snapshot = {
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
    initialOffset: { top: 0, left: 0 },
  },
};
const titles = (...events: unknown[]) => readRecording([[snapshot, ...events]]).frames.map((f) => f.title);

it("calls things what the page called them at that moment", () => {
  const change = { type: 3, timestamp: T + 500, data: { source: 0, texts: [{ id: 13, value: "$9.00" }], attributes: [], removes: [], adds: [] } };
  expect(titles(click(T + 100, 10), change, click(T + 1000, 10))).toEqual(["Pay $7.20", "Pay $9.00"]);
});

it("calls fields by their label, and masked buttons by their accessible name", () => {
  expect(titles(click(T + 100, 21), click(T + 2000, 32, "ui.input"), click(T + 4000, 40))).toEqual(["Payment throws", "Card number", "Close"]);
});

it("falls back to what the SDK says of an element the page does not have", () => {
  expect(titles(click(T + 100, 99))).toEqual(["pay"]);
});

it("knows elements that were added later", () => {
  const add = { type: 3, timestamp: T + 500, data: { source: 0, texts: [], attributes: [], removes: [{ id: 10, parentId: 2 }], adds: [{ parentId: 2, nextId: null, node: element(50, "button") }, { parentId: 50, nextId: null, node: text(51, "Try again") }] } };
  expect(titles(add, click(T + 1000, 50), click(T + 2000, 10))).toEqual(["Try again", "pay"]);
});
