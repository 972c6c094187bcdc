// The tap stands between the browsers and Hindsight and hands everything on unchanged. It reads one thing: which
// recordings were really delivered, and the time they cover. That is the truth the server's answers are held against.
import http from 'node:http';

/** Reads the replay events of an envelope: [{replay_id, segment_id, timestamp, replay_start_timestamp}]. */
export function replayEvents(body) {
  const found = [];
  for (let at = body.indexOf(10) + 1; at > 0 && at < body.length;) {
    const end = body.indexOf(10, at);
    if (end < 0) break;
    const header = JSON.parse(body.subarray(at, end));
    let stop = header.length === undefined ? body.indexOf(10, end + 1) : end + 1 + header.length;
    if (stop < 0) stop = body.length;
    if (header.type === 'replay_event') found.push(JSON.parse(body.subarray(end + 1, stop)));
    at = stop + 1;
  }
  return found;
}

export class Tap {
  /** replay id → {from, to, segments}; times in Unix ms. */
  recordings = new Map();
  refused = [];
  lastSeen = Date.now();

  constructor(target) {
    this.target = new URL(target);
    this.server = http.createServer((req, res) => this.pass(req, res));
  }

  async listen() {
    await new Promise((done) => { this.server.listen(0, '127.0.0.1', done); });
    return this.server.address().port;
  }

  async pass(req, res) {
    const parts = [];
    for await (const part of req) parts.push(part);
    const body = Buffer.concat(parts);
    this.lastSeen = Date.now();
    const out = http.request({ host: this.target.hostname, port: this.target.port, path: req.url, method: req.method, headers: req.headers }, (answer) => {
      if (answer.statusCode === 200) this.note(body);
      else if (req.method === 'POST') this.refused.push(`${req.url.split('?')[0]} ${answer.statusCode}`);
      res.writeHead(answer.statusCode, answer.rawHeaders);
      answer.pipe(res);
    });
    out.on('error', (err) => { this.refused.push(String(err)); res.destroy(); });
    out.end(body);
  }

  note(body) {
    if (!body.includes('"replay_event"')) return;
    for (const e of replayEvents(body)) {
      const r = this.recordings.get(e.replay_id) ?? { from: Infinity, to: 0, segments: 0 };
      r.from = Math.min(r.from, 1000 * (e.replay_start_timestamp ?? e.timestamp));
      r.to = Math.max(r.to, 1000 * e.timestamp);
      r.segments++;
      this.recordings.set(e.replay_id, r);
    }
  }

  close() {
    this.server.closeAllConnections();
    this.server.close();
  }
}
