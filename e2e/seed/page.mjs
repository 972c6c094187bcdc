// A recorded page: what rrweb would say of a long table that people click around in.

let last = 0;
const id = () => ++last;
const element = (tagName, attributes = {}, childNodes = []) => ({ type: 2, id: id(), tagName, attributes, childNodes });
const text = (textContent) => ({ type: 3, id: id(), textContent });

const style = `body{margin:0;font:14px/20px sans-serif;color:#222}header{padding:16px 24px;border-bottom:1px solid #ddd;font-weight:600}
main{padding:24px}table{border-collapse:collapse;width:100%}td{padding:6px 12px;border-bottom:1px solid #eee}button{padding:8px 16px;border:0;border-radius:6px;background:#1d4d2f;color:#fff}`;

/** A page with a table, and the ids of what is touched on it. */
export function table(title, rows) {
  last = 0;
  const label = text('Pay $42.80');
  const button = element('button', { class: 'pay', id: 'pay' }, [label]);
  const cells = Array.from({ length: rows }, (_, i) => text(`${(i * 37) % 900}.00`));
  const body = element('body', {}, [
    element('header', {}, [text(title)]),
    element('main', {}, [button, element('table', {}, [element('tbody', {}, cells.map((cell, i) => element('tr', {}, [element('td', {}, [text(`Order ${1000 + i}`)]), element('td', {}, [cell])])))])]),
  ]);
  const html = element('html', { lang: 'en' }, [element('head', {}, [element('style', { _cssText: style }, [])]), body]);
  const node = { type: 0, id: id(), childNodes: [{ type: 1, id: id(), name: 'html', publicId: '', systemId: '' }, html] };
  return { node, button: button.id, cells: cells.map((c) => c.id) };
}

export const meta = (timestamp, href) => ({ type: 4, timestamp, data: { href, width: 1280, height: 800 } });
export const snapshot = (timestamp, page) => ({ type: 2, timestamp, data: { node: page.node, initialOffset: { top: 0, left: 0 } } });
export const change = (timestamp, texts) => ({ type: 3, timestamp, data: { source: 0, texts, attributes: [], removes: [], adds: [] } });
export const move = (timestamp, x, y, node) => ({ type: 3, timestamp, data: { source: 1, positions: [{ x, y, id: node, timeOffset: 0 }] } });
export const press = (timestamp, node) => ({ type: 3, timestamp, data: { source: 2, type: 2, id: node, x: 90, y: 90 } });

const crumb = (timestamp, category, message, more) => ({ type: 5, timestamp, data: { tag: 'breadcrumb', payload: { timestamp: timestamp / 1000, type: 'default', category, message, ...more } } });
const span = (start, end, op, description, data) => ({ type: 5, timestamp: start / 1000, data: { tag: 'performanceSpan', payload: { op, description, startTimestamp: start / 1000, endTimestamp: end / 1000, data } } });

export const navigation = (at, url) => span(at, at + 300, 'navigation.navigate', url, { size: 1000 });
export const click = (at, node, name) => crumb(at, 'ui.click', 'body > main > button#pay.pay', { data: { nodeId: node, node: { id: node, tagName: 'button', textContent: name, attributes: { id: 'pay', class: 'pay' } } } });
export const rage = (at, node, name, clicks) => crumb(at, 'ui.slowClickDetected', 'body > main > button#pay.pay', { data: { nodeId: node, clickCount: clicks, endReason: 'timeout', timeAfterClickMs: 7000, route: '/checkout', url: 'https://shop.example.com/checkout', node: { id: node, tagName: 'button', textContent: name, attributes: { id: 'pay' } } } });
export const console_ = (at, level, message) => crumb(at, 'console', message, { level, data: { logger: 'console', arguments: [message] } });
export const memory = (at, used) => span(at, at, 'memory', 'memory', { memory: { jsHeapSizeLimit: 4e9, totalJSHeapSize: used * 1.3, usedJSHeapSize: used } });
export const vital = (at, name, value, rating) => span(at, at, 'web-vital', name, { value, size: value, rating });
export const request = (start, end, method, url, status, { traceId, spanId, body } = {}) =>
  span(start, end, 'resource.fetch', url, {
    method,
    statusCode: status,
    request: { headers: traceId ? { 'sentry-trace': `${traceId}-${spanId}-1` } : {}, size: 40, body: { cart: 'c_81f0c2', currency: 'USD' } },
    response: { headers: { 'content-type': 'application/json' }, size: 21, body: body ?? { detail: status >= 500 ? 'internal' : 'ok' }, ...(status >= 500 ? { _meta: { warnings: ['TEXT_TRUNCATED'] } } : {}) },
  });
