import { describe, expect, it } from "vitest";
import { sanitizeEvent } from "./sanitize";

const el = (id: number, tagName: string, attributes: Record<string, unknown> = {}, childNodes: unknown[] = []) => ({ type: 2, id, tagName, attributes, childNodes });
const snapshot = (...childNodes: unknown[]) => ({ type: 2, timestamp: 1, data: { node: { type: 0, id: 1, childNodes }, initialOffset: { top: 0, left: 0 } } });
const clean = (...nodes: unknown[]) => sanitizeEvent(snapshot(...nodes)).event.data.node.childNodes;

describe("sanitizeEvent", () => {
  it.each(["script", "SCRIPT", "base", "object", "embed", "applet", "animate", "set"])("puts an empty element in place of <%s>", (tag) => {
    expect(clean(el(2, tag, { src: "https://evil.example/x" }, [{ type: 3, id: 3, textContent: "alert(1)" }]))).toEqual([el(2, "template")]);
  });

  it("drops meta refresh, however it is spelt, and keeps other meta", () => {
    expect(clean(el(2, "meta", { "HTTP-EQUIV": "refresh", content: "0;url=https://evil.example" }), el(3, "meta", { charset: "utf-8" }))).toEqual([
      el(2, "template"),
      el(3, "meta", { charset: "utf-8" }),
    ]);
  });

  it("keeps style sheets, drops links that only speak to a host", () => {
    expect(clean(el(2, "link", { rel: "dns-prefetch", href: "//evil.example" }), el(3, "link", { rel: "stylesheet", _cssText: "b{}" }))).toEqual([
      el(2, "template"),
      el(3, "link", { rel: "stylesheet", _cssText: "b{}" }),
    ]);
  });

  it("leaves out names no browser would make, which would end the picture", () => {
    expect(clean(el(2, 'x"><b>', {}, [el(3, "p")]), el(4, "my-card", { '"><script>': "", "data-x": "1" }))).toEqual([el(2, "template"), el(4, "my-card", { "data-x": "1" })]);
  });

  it("drops handlers, documents in attributes and places to send to", () => {
    const [node] = clean(el(2, "form", { onsubmit: "x()", ONCLICK: "x()", action: "https://evil.example", class: "a", rr_width: "3px" }));
    expect(node).toEqual(el(2, "form", { class: "a", rr_width: "3px" }));
    expect(clean(el(2, "iframe", { src: "https://evil.example", srcdoc: "<script>", sandbox: "allow-scripts", width: "3" }))).toEqual([el(2, "iframe", { width: "3" })]);
  });

  it.each(["javascript:alert(1)", " \u0000java\nscript:alert(1)", "JAVASCRIPT:x", "vbscript:x", "data:text/html,<script>", "data:image/svg+xml,<svg onload=x>"])(
    "drops the link %j",
    (href) => expect(clean(el(2, "a", { href, id: "x" }))).toEqual([el(2, "a", { id: "x" })]),
  );

  it("keeps ordinary links and inlined images", () => {
    const nodes = [el(2, "a", { href: "/cart" }), el(3, "img", { src: "data:image/svg+xml;base64,AAAA" })];
    expect(clean(...nodes)).toEqual(nodes);
  });

  it("goes through added nodes and changed attributes of mutations", () => {
    const { event } = sanitizeEvent({
      type: 3,
      timestamp: 2,
      data: {
        source: 0,
        adds: [{ parentId: 1, nextId: null, node: el(9, "div", { onclick: "x" }, [el(10, "script")]) }, { parentId: 1 }],
        attributes: [{ id: 4, attributes: { onload: "x", href: "javascript:x", title: null, style: { color: "red" } } }],
        removes: [{ parentId: 1, id: 3 }],
        texts: [],
      },
    });
    expect(event.data.adds).toEqual([{ parentId: 1, nextId: null, node: el(9, "div", {}, [el(10, "template")]) }]);
    expect(event.data.attributes).toEqual([{ id: 4, attributes: { title: null, style: { color: "red" } } }]);
    expect(event.data.removes).toEqual([{ parentId: 1, id: 3 }]);
  });

  it("cuts what is larger or deeper than its limits, and says so", () => {
    const wide = sanitizeEvent(snapshot(...Array.from({ length: 20 }, (_, i) => el(i + 2, "p"))), { nodes: 10, depth: 9 });
    expect(wide.cut).toBe(true);
    expect(wide.event.data.node.childNodes).toHaveLength(9);
    let deep = el(100, "b");
    for (let i = 99; i > 1; i--) deep = el(i, "p", {}, [deep]);
    const cut = sanitizeEvent(snapshot(deep), { nodes: 1000, depth: 5 });
    expect(cut.cut).toBe(true);
    expect(JSON.stringify(cut.event)).not.toContain('"b"');
  });

  it("leaves other events alone", () => {
    const move = { type: 3, timestamp: 1, data: { source: 1, positions: [] } };
    expect(sanitizeEvent(move).event).toBe(move);
  });
});
