import type { Frame } from "./frames";
import type { DomEvent } from "./read";

// What people would call the things they clicked and typed into. SDKs tell an element's own
// attributes and selector; the words on a button are in the recorded page, under the same node id.

/** An element that was touched, with the name it had at that moment. */
export interface Name {
  at: number;
  nodeId: number;
  name: string;
}

type Json = Record<string, unknown>;
const object = (v: unknown): Json => (typeof v === "object" && v !== null && !Array.isArray(v) ? (v as Json) : {});
const list = (v: unknown): unknown[] => (Array.isArray(v) ? v : []);

interface Node {
  tag: string;
  attributes: Json;
  text: string;
  parent: number;
  children: number[];
}

const MAX_TEXT = 80;
const MAX_WALK = 200; // nodes read for one name

/** The recorded page as far as names need it: tags, attributes and text by node id. */
export class Page {
  private nodes = new Map<number, Node>();

  apply(event: DomEvent) {
    const data = object(event.data);
    if (event.type === 2) {
      this.nodes.clear();
      this.add(data.node, 0);
    }
    if (event.type !== 3 || data.source !== 0) return;
    for (const r of list(data.removes)) this.remove(object(r).id as number, object(r).parentId as number);
    for (const a of list(data.adds)) {
      const { parentId, nextId, node } = object(a);
      this.add(node, parentId as number);
      const parent = this.nodes.get(parentId as number);
      const id = object(node).id as number;
      if (!parent) continue;
      const before = parent.children.indexOf(nextId as number);
      parent.children = parent.children.filter((c) => c !== id);
      parent.children.splice(before < 0 ? parent.children.length : before, 0, id);
    }
    for (const t of list(data.texts)) {
      const node = this.nodes.get(object(t).id as number);
      if (node) node.text = String(object(t).value ?? "");
    }
    for (const a of list(data.attributes)) {
      const node = this.nodes.get(object(a).id as number);
      if (node) Object.assign(node.attributes, object(object(a).attributes));
    }
  }

  private add(raw: unknown, parent: number) {
    const open: { raw: unknown; parent: number }[] = [{ raw, parent }];
    for (let next = open.pop(); next; next = open.pop()) {
      const n = object(next.raw);
      if (typeof n.id !== "number") continue;
      const children = list(n.childNodes);
      this.nodes.set(n.id, {
        tag: typeof n.tagName === "string" ? n.tagName.toLowerCase() : "",
        attributes: { ...object(n.attributes) },
        text: typeof n.textContent === "string" ? n.textContent : "",
        parent: next.parent,
        children: children.map((c) => object(c).id as number),
      });
      for (const c of children) open.push({ raw: c, parent: n.id });
    }
  }

  private remove(id: number, parentId: number) {
    const parent = this.nodes.get(parentId);
    if (parent) parent.children = parent.children.filter((c) => c !== id);
    this.nodes.delete(id); // what hung under it is unreachable now
  }

  /** The words people see on an element, else its label; "" when the page has neither. */
  name(id: number): string {
    const node = this.nodes.get(id);
    if (!node) return "";
    const field = node.tag === "input" || node.tag === "textarea" || node.tag === "select";
    const shown = field ? this.label(id, node) || this.buttonText(node) : this.words(id);
    return shown || attribute(node, "aria-label") || (field ? attribute(node, "placeholder") : attribute(node, "title") || attribute(node, "alt"));
  }

  /** A node and what it stands in, `levels` up. */
  upwards(id: number, levels: number): number[] {
    const out: number[] = [];
    for (let at = id, i = 0; at > 0 && i <= levels; i++) {
      const node = this.nodes.get(at);
      if (!node) break;
      if (node.tag !== "" && node.tag !== "body" && node.tag !== "html") out.push(at);
      at = node.parent;
    }
    return out;
  }

  private buttonText(node: Node): string {
    return /^(submit|button|reset)$/i.test(String(node.attributes.type)) ? attribute(node, "value") : "";
  }

  private label(id: number, node: Node): string {
    for (let at = node.parent, i = 0; at > 0 && i < 6; i++) {
      const up = this.nodes.get(at);
      if (!up) break;
      if (up.tag === "label") return this.words(at, id);
      at = up.parent;
    }
    const own = node.attributes.id;
    if (typeof own !== "string" || own === "") return "";
    for (const [labelId, n] of this.nodes) if (n.tag === "label" && n.attributes.for === own) return this.words(labelId);
    return "";
  }

  private words(id: number, without = -1): string {
    const parts: string[] = [];
    const open = [id];
    for (let i = 0; i < MAX_WALK; i++) {
      const at = open.pop();
      if (at === undefined) break;
      const node = this.nodes.get(at);
      if (!node || at === without || /^(style|script|svg|select|textarea)$/.test(node.tag)) continue;
      parts.push(node.text);
      open.push(...[...node.children].reverse());
    }
    return readable(parts.join(" "));
  }
}

const attribute = (node: Node, key: string) => (typeof node.attributes[key] === "string" ? readable(node.attributes[key]) : "");

/** One short line; "" for what is masked. */
function readable(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return /^[*•█\s]*$/.test(line) ? "" : line.length > MAX_TEXT ? `${line.slice(0, MAX_TEXT - 1)}…` : line;
}

const ANCESTORS = 4; // a click meets the words inside a button; SDKs name the button
const MAX_NAMES = 20_000;

/** Plays events over a page and names what is clicked or typed into. Events are in order of time. */
export function nameTouched(page: Page, dom: readonly DomEvent[]): Name[] {
  const names: Name[] = [];
  for (const event of dom) {
    const touched = touchedBy(event);
    if (touched !== null && names.length < MAX_NAMES) {
      for (const nodeId of page.upwards(touched, ANCESTORS)) {
        const name = page.name(nodeId);
        if (name) names.push({ at: event.timestamp, nodeId, name });
      }
    }
    page.apply(event);
  }
  return names;
}

/** The node of a click (source 2, type 2 or 9: a touch that ends) or of typing (source 5). */
function touchedBy(event: DomEvent): number | null {
  const data = object(event.data);
  if (event.type !== 3 || typeof data.id !== "number") return null;
  return data.source === 5 || (data.source === 2 && (data.type === 2 || data.type === 9)) ? data.id : null;
}

const named = new Set<Frame["kind"]>(["click", "input", "rage", "dead", "slow"]);
const SAME_MS = 1000; // from an act's frame to the event that is it

/** Frames with the names their elements had on the page at that moment. */
export function withNames(frames: Frame[], names: readonly Name[]): Frame[] {
  if (names.length === 0) return frames;
  const byNode = new Map<number, Name[]>();
  for (const n of names) {
    const same = byNode.get(n.nodeId);
    if (same) same.push(n);
    else byNode.set(n.nodeId, [n]);
  }
  return frames.map((f) => {
    const known = named.has(f.kind) && f.nodeId !== undefined ? byNode.get(f.nodeId) : undefined;
    const near = known?.reduce((a, b) => (Math.abs(b.at - f.at) < Math.abs(a.at - f.at) ? b : a));
    return near && Math.abs(near.at - f.at) <= SAME_MS ? { ...f, title: near.name } : f;
  });
}
