// The second layer between a stranger's page and ours (the first is the player's content
// security policy and the iframe's sandbox): what could run, load or navigate is taken out
// of snapshots and mutations before the player sees them. Stored bytes stay as they came.

/** A node of an rrweb snapshot: 0 document, 1 doctype, 2 element, 3 text, 4 CDATA, 5 comment. */
interface Node {
  type: number;
  id: number;
  tagName?: string;
  attributes?: Record<string, unknown>;
  childNodes?: unknown[];
  [key: string]: unknown;
}

export interface SanitizeLimits {
  /** Nodes kept of one snapshot or added subtree. */
  nodes: number;
  /** Levels kept below the root. */
  depth: number;
}

export const defaultLimits: SanitizeLimits = { nodes: 50_000, depth: 512 };

/** Elements that can run code, navigate, or hold a plug-in. An empty element takes their place, so that node ids stay known. */
const forbidden = new Set(["script", "base", "object", "embed", "applet", "param", "portal", "fencedframe", "animate", "set"]);

/** Attributes that hold a document or a place to send something to. */
const forbiddenAttributes = new Set(["srcdoc", "ping", "formaction", "action", "background", "manifest", "nonce", "integrity"]);

const urlAttributes = new Set(["href", "src", "xlink:href", "data", "poster", "cite", "longdesc"]);

/** Links that make the browser speak to another host; a policy does not hold back all of them (dns-prefetch). */
const isStylesheet = (rel: unknown) => typeof rel === "string" && /(^|\s)stylesheet(\s|$)/i.test(rel);

// Control characters and spaces are ignored by browsers in front of and inside a scheme.
// eslint-disable-next-line no-control-regex
const scheme = (value: string) => value.replace(/[\u0000-\u0020\u007f-\u00a0\u200b-\u200f\u2028\u2029\ufeff]/g, "").slice(0, 32).toLowerCase();

function isScriptURL(value: unknown): boolean {
  if (typeof value !== "string") return false;
  const s = scheme(value);
  return s.startsWith("javascript:") || s.startsWith("vbscript:") || s.startsWith("data:text/html") || s.startsWith("data:image/svg+xml");
}

const isObject = (v: unknown): v is Record<string, unknown> => typeof v === "object" && v !== null && !Array.isArray(v);

const isNode = (v: unknown): v is Node => isObject(v) && typeof v.type === "number" && typeof v.id === "number";

function cleanAttributes(tag: string, attributes: Record<string, unknown>): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(attributes)) {
    const lower = name.toLowerCase();
    if (!isAttributeName(name) || lower.startsWith("on") || forbiddenAttributes.has(lower)) continue;
    if ((tag === "iframe" || tag === "frame") && (lower === "src" || lower === "sandbox" || lower === "allow" || lower === "name")) continue;
    // An SVG image may carry script of its own, but as an image it cannot run: only links to one are refused.
    if (urlAttributes.has(lower) && isScriptURL(value) && !(lower === "src" && tag === "img" && scheme(String(value)).startsWith("data:image/"))) continue;
    if (lower === "target") continue;
    out[name] = value;
  }
  return out;
}

// What is no name, browsers refuse to make; one such node would end the whole picture.
const isTagName = (name: string) => /^[a-z][a-z0-9._-]*(:[a-z][a-z0-9._-]*)?$/i.test(name);
const isAttributeName = (name: string) => /^[a-z_:@][\w:.@-]*$/i.test(name);

interface Budget {
  nodes: number;
  depth: number;
  cut: boolean;
}

const placeholder = (id: number): Node => ({ type: 2, id, tagName: "template", attributes: {}, childNodes: [] });

function cleanNode(node: Node, budget: Budget, depth: number): Node {
  budget.nodes--;
  let copy: Node = node;
  if (node.type === 2) {
    const tag = String(node.tagName ?? "").toLowerCase();
    const attributes = isObject(node.attributes) ? node.attributes : {};
    if (forbidden.has(tag) || !isTagName(tag)) return placeholder(node.id);
    if (tag === "meta" && "http-equiv" in lowerKeys(attributes)) return placeholder(node.id);
    if (tag === "link" && !("_cssText" in attributes) && !isStylesheet(attributes.rel)) return placeholder(node.id);
    copy = { ...node, attributes: cleanAttributes(tag, attributes) };
  }
  if (!Array.isArray(node.childNodes)) return copy;
  if (depth >= budget.depth) {
    if (node.childNodes.length > 0) budget.cut = true;
    return { ...copy, childNodes: [] };
  }
  const children: Node[] = [];
  for (const child of node.childNodes) {
    if (budget.nodes <= 0) {
      budget.cut = true;
      break;
    }
    if (isNode(child)) children.push(cleanNode(child, budget, depth + 1));
  }
  return { ...copy, childNodes: children };
}

const lowerKeys = (o: Record<string, unknown>) => Object.fromEntries(Object.entries(o).map(([k, v]) => [k.toLowerCase(), v]));

/** An rrweb event without what could run or load. `cut` says that it was larger than the limits. */
export function sanitizeEvent<T extends { type: number; data?: unknown }>(event: T, limits: SanitizeLimits = defaultLimits): { event: T; cut: boolean } {
  const data = event.data;
  if (!isObject(data)) return { event, cut: false };
  const budget: Budget = { nodes: limits.nodes, depth: limits.depth, cut: false };
  if (event.type === 2 && isNode(data.node)) {
    return { event: { ...event, data: { ...data, node: cleanNode(data.node, budget, 0) } }, cut: budget.cut };
  }
  if (event.type !== 3 || data.source !== 0) return { event, cut: false };
  const next: Record<string, unknown> = { ...data };
  if (Array.isArray(data.adds)) {
    next.adds = data.adds.flatMap((add: unknown) => {
      if (!isObject(add) || !isNode(add.node)) return [];
      if (budget.nodes <= 0) {
        budget.cut = true;
        return [];
      }
      return [{ ...add, node: cleanNode(add.node, budget, 0) }];
    });
  }
  if (Array.isArray(data.attributes)) {
    next.attributes = data.attributes.flatMap((a: unknown) =>
      // A mutation does not name its element: a frame's src set here is held back by the player's frame-src 'none'.
      isObject(a) && isObject(a.attributes) ? [{ ...a, attributes: cleanAttributes("", a.attributes) }] : [],
    );
  }
  return { event: { ...event, data: next }, cut: budget.cut };
}
