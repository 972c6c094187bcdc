// The sink takes what the SDKs of a visit send and keeps it as text, recordings inflated, so that thirty visits stay small.
import http from 'node:http';
import { gunzipSync, inflateSync } from 'node:zlib';

// What chapters are made of. The rest of what SDKs send tells nothing here.
const kept = new Set(['event', 'transaction', 'span', 'log', 'replay_event', 'replay_recording']);

/** Reads an envelope: its header and its items, each [header, payload]. */
export function readEnvelope(body) {
  const line = (from) => { const end = body.indexOf(10, from); return end < 0 ? body.length : end; };
  let at = line(0);
  const header = JSON.parse(body.subarray(0, at));
  const items = [];
  for (at += 1; at < body.length;) {
    const end = line(at);
    if (end === at) { at += 1; continue; }
    const head = JSON.parse(body.subarray(at, end));
    const stop = head.length === undefined ? line(end + 1) : end + 1 + head.length;
    items.push([head, body.subarray(end + 1, stop)]);
    at = stop + 1;
  }
  return [header, items];
}

/** A recording's payload as text: its line with the segment's number, then the events as JSON. */
function inflated(payload) {
  const cut = payload.indexOf(10) + 1;
  const events = payload[cut] === 0x5b ? payload.subarray(cut) : inflateSync(payload.subarray(cut));
  return Buffer.concat([payload.subarray(0, cut), events]);
}

export class Sink {
  /** Of the visit under way: {project, received (Unix ms), body}. */
  requests = [];
  /** replay id → Unix ms up to which it was recorded. */
  recorded = new Map();

  async listen() {
    this.server = http.createServer((req, res) => this.take(req, res));
    await new Promise((done) => { this.server.listen(0, '127.0.0.1', done); });
    return this.server.address().port;
  }

  async take(req, res) {
    const parts = [];
    for await (const part of req) parts.push(part);
    res.setHeader('access-control-allow-origin', '*');
    res.setHeader('access-control-allow-headers', '*');
    res.end('{}');
    let body = Buffer.concat(parts);
    const project = /^\/api\/(\d+)\/envelope\//.exec(req.url)?.[1];
    if (req.method !== 'POST' || !project) return;
    if (req.headers['content-encoding'] === 'gzip') body = gunzipSync(body);
    const [header, items] = readEnvelope(body);
    const lines = [];
    for (const [head, payload] of items) {
      if (!kept.has(head.type)) continue;
      if (head.type === 'replay_event') {
        const e = JSON.parse(payload);
        this.recorded.set(e.replay_id, Math.max(this.recorded.get(e.replay_id) ?? 0, 1000 * e.timestamp));
      }
      const text = head.type === 'replay_recording' ? inflated(payload) : payload;
      lines.push(JSON.stringify({ ...head, length: text.length }), text.toString('utf8'));
    }
    if (lines.length) this.requests.push({ project: Number(project), received: Date.now(), body: `${[JSON.stringify(header), ...lines].join('\n')}\n` });
  }

  close() {
    this.server.closeAllConnections();
    this.server.close();
  }
}
