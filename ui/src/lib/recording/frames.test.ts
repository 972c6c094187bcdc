import { describe, expect, it } from "vitest";
import type { RecordingFrame } from "@/api/gen";
import shop from "../testdata/shop-frames.json";
import { readFrames } from "./frames";

const { frames, views } = readFrames(shop.frames as RecordingFrame[]);

describe("readFrames, of a real visit", () => {
  it("keeps the order of time and says what people did", () => {
    expect(frames.every((f, i) => f.end >= f.at && f.at >= (frames[i - 1]?.at ?? 0))).toBe(true);
    expect(frames.filter((f) => f.kind === "click").map((f) => f.title)).toEqual(expect.arrayContaining(["Bob’s Shop", "checkout", "pay"]));
  });

  it("tells a client-side navigation once", () => {
    expect(frames.filter((f) => f.kind === "navigation").map((f) => f.title)).toEqual(["/", "/", "/cart", "/checkout"]);
  });

  it("reads requests with status, headers and bodies as recorded", () => {
    const failed = frames.filter((f) => f.request?.path === "/api/checkout");
    expect(failed.map((f) => f.request?.status)).toEqual([502, 502, 502]);
    expect(failed[0]?.request).toMatchObject({ method: "POST", kind: "fetch", requestHeaders: { "sentry-trace": expect.stringMatching(/^[0-9a-f]{32}-/) } });
  });

  it("knows which page was in view, and how large it was", () => {
    expect(views).toEqual([{ at: 1795881789276, href: expect.stringContaining("http://127.0.0.1"), width: 1280, height: 800 }]);
  });
});

describe("readFrames, of anything", () => {
  const at = (kind: string, more: object = {}): RecordingFrame => ({ kind, timeMs: 1000, ...more });

  it("tells a rage click once, not as a click as well", () => {
    const node = { nodeId: 7, data: { clickCount: 6, node: { textContent: "Pay" } } };
    expect(readFrames([at("click", node), at("rage_click", node)]).frames.map((f) => [f.kind, f.title, f.clicks])).toEqual([["rage", "Pay", 6]]);
  });

  it("names masked elements by what is not masked, else by their selector", () => {
    const names = (data: object, message = "form > button.pay") => readFrames([at("click", { message, data })]).frames[0]?.title;
    expect(names({ node: { textContent: "*** **", attributes: { "aria-label": "Close" } } })).toBe("Close");
    expect(names({ node: { textContent: "***" } })).toBe("button.pay");
    expect(names("nonsense" as never, "")).toBe("an element");
  });

  it("keeps what the recorder says of a body", () => {
    const f = readFrames([at("network", { category: "resource.fetch", message: "https://a.example/x?y=1", data: { request: { _meta: { warnings: ["URL_SKIPPED", 7] } }, response: { size: 3, body: { a: 1 } } } })]).frames[0];
    expect(f?.request).toMatchObject({ method: "GET", path: "/x", status: null, requestWarnings: ["URL_SKIPPED"], responseWarnings: [], responseSize: 3, responseBody: { a: 1 } });
  });
});
