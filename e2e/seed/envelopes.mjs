// Envelopes as SDKs send them, to the edge of a running server.
import { randomBytes } from 'node:crypto';

export const hex = (bytes) => randomBytes(bytes).toString('hex');

/** Posts an envelope; what the edge refuses ends the seed. */
export async function send(dsn, header, items) {
  const { username: key, host, protocol, pathname } = new URL(dsn);
  const parts = [Buffer.from(`${JSON.stringify({ sent_at: new Date().toISOString(), ...header })}\n`)];
  for (const { type, payload } of items) {
    const body = Buffer.isBuffer(payload) ? payload : Buffer.from(JSON.stringify(payload));
    parts.push(Buffer.from(`${JSON.stringify({ type, length: body.length })}\n`), body, Buffer.from('\n'));
  }
  const res = await fetch(`${protocol}//${host}/api${pathname}/envelope/`, { method: 'POST', headers: { 'content-type': 'application/x-sentry-envelope', 'x-sentry-auth': `Sentry sentry_version=7, sentry_client=seed/1, sentry_key=${key}` }, body: Buffer.concat(parts) });
  if (!res.ok) throw new Error(`envelope refused: ${res.status} ${await res.text()}`);
  await res.arrayBuffer();
}

const agent = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36';

/** One piece of a recording. */
export const segment = (dsn, replay, n, events, more = {}) =>
  send(dsn, { event_id: replay.id }, [
    {
      type: 'replay_event',
      payload: {
        type: 'replay_event', event_id: replay.id, replay_id: replay.id, segment_id: n, replay_type: 'session', platform: 'javascript', timestamp: more.end / 1000, replay_start_timestamp: replay.start / 1000,
        urls: more.urls ?? [], error_ids: [], trace_ids: more.traces ?? [], user: replay.user, environment: 'production', release: 'shop-web@2.14.0', tags: replay.tags ?? {},
        request: { url: 'https://shop.example.com/checkout', headers: { 'User-Agent': agent } }, sdk: { name: 'sentry.javascript.browser', version: '11.12.0' },
      },
    },
    { type: 'replay_recording', payload: Buffer.from(`${JSON.stringify({ segment_id: n })}\n${JSON.stringify(events)}`) },
  ]);

/** An error of a server, in a request that carried the replay's id in its baggage. */
export function backendError(dsn, replay, { at, traceId, spanId, type, value, frames, level = 'error' }) {
  const event = {
    event_id: hex(16), timestamp: at / 1000, platform: 'go', level, server_name: 'payment-7d9f', release: 'payment@1.9.3', environment: 'production', transaction: 'POST /api/checkout', user: replay.user,
    exception: { values: [{ type, value, mechanism: { type: 'generic', handled: false }, stacktrace: { frames: stack(frames) } }] },
    contexts: { trace: { trace_id: traceId, span_id: spanId, op: 'http.server' } },
    request: { method: 'POST', url: 'https://shop.example.com/api/checkout', headers: { 'User-Agent': agent, baggage: `sentry-trace_id=${traceId},sentry-replay_id=${replay.id}`, 'sentry-trace': `${traceId}-${spanId}-1` } },
    sdk: { name: 'sentry.go', version: '0.50.0' },
  };
  return send(dsn, { event_id: event.event_id }, [{ type: 'event', payload: event }]);
}

const stack = (n) =>
  Array.from({ length: n }, (_, i) => {
    const own = i >= n - 3;
    return { filename: own ? `payment/step${i}.go` : `framework/deep/handler${i}.go`, abs_path: `/src/${i}.go`, function: own ? `(*Service).Step${i}` : `serve${i}`, module: own ? 'payment' : 'framework', lineno: 100 + i, in_app: own, ...(own ? { context_line: '\ttotal := res.Total.Add(cart.Shipping)', pre_context: ['\tif err != nil {', '\t\treturn err', '\t}'], post_context: ['\treturn total', '}'] } : {}) };
  });

/** The server's side of a request: one transaction with spans of several kinds. */
export function transaction(dsn, { at, end, traceId, parent, spanId, spans = 12 }) {
  const kinds = ['db', 'cache.get', 'http.client', 'function', 'queue.publish'];
  const step = (end - at) / (spans + 1);
  const payload = {
    type: 'transaction', event_id: hex(16), transaction: 'POST /api/checkout', transaction_info: { source: 'route' }, platform: 'go', release: 'payment@1.9.3', environment: 'production', start_timestamp: at / 1000, timestamp: end / 1000,
    contexts: { trace: { trace_id: traceId, span_id: spanId, parent_span_id: parent, op: 'http.server', status: 'internal_error' } },
    spans: Array.from({ length: spans }, (_, i) => ({ trace_id: traceId, span_id: hex(8), parent_span_id: spanId, op: kinds[i % kinds.length], description: i % 5 === 0 ? 'SELECT on_hand FROM stock WHERE sku = ANY($1) FOR UPDATE' : `step ${i}`, start_timestamp: (at + i * step) / 1000, timestamp: (at + (i + 1) * step) / 1000, status: 'ok' })),
    sdk: { name: 'sentry.go', version: '0.50.0' },
  };
  return send(dsn, { event_id: payload.event_id }, [{ type: 'transaction', payload }]);
}
