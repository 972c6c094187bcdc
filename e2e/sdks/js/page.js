// The page for every major of @sentry/browser; build.mjs maps SENTRY to the wanted one.
import * as Sentry from 'SENTRY';

const major = Number(Sentry.SDK_VERSION.split('.')[0]);
const sent = (window.sent = { sdk: Sentry.SDK_VERSION });
const button = (id) => document.getElementById(id);

Sentry.init({
  dsn: new URLSearchParams(location.search).get('dsn'),
  debug: true,
  release: 'shop@1.2.3',
  dist: '77',
  environment: 'staging',
  tracesSampleRate: 1,
  replaysSessionSampleRate: 1,
  replaysOnErrorSampleRate: 1,
  ...(major >= 10 ? { profileSessionSampleRate: 1, profileLifecycle: 'trace' } : { profilesSampleRate: 1 }),
  ...(major < 11 ? { sendDefaultPii: true } : {}),
  ...(major === 9 ? { _experiments: { enableLogs: true } } : {}),
  ...(major === 10 ? { enableLogs: true } : {}),
  integrations: [
    major === 7 ? new Sentry.BrowserTracing() : Sentry.browserTracingIntegration(),
    Sentry.replayIntegration({ maskAllText: false, networkDetailAllowUrls: [location.origin], networkCaptureBodies: true }),
    ...(Sentry.browserProfilingIntegration ? [Sentry.browserProfilingIntegration()] : []),
  ],
  tracePropagationTargets: [location.origin],
  beforeSend: (event) => (event.message === 'drop me' ? null : event),
});

function chargeCard(order) {
  throw new RangeError(`order ${order.id} failed`, { cause: new TypeError('no answer after 3 attempts') });
}

// traceOf is the trace id of a span, or of a transaction of 7.
const traceOf = (span) => (span.spanContext ? span.spanContext().traceId : span.traceId);

button('errors').onclick = () => {
  Sentry.setUser({ id: '42', email: 'jane@example.com', username: 'jane' });
  Sentry.setTag('shop.region', 'eu-west');
  Sentry.setTag('shop.note', 'çødé ☃');
  Sentry.setContext('cart', { items: 3, list: [1, 'two', null], wide: 12345678901234 });
  Sentry.setExtra('raw', { list: [1, 'two', null, true] });
  Sentry.addBreadcrumb({ category: 'auth', message: 'logged in', level: 'info', data: { method: 'password' } });
  sent.handled = [];
  for (let i = 0; i < 2; i++) { // the same error twice: one issue; not in a row, the SDK would drop it
    try {
      chargeCard({ id: 'o-1' });
    } catch (e) {
      sent.handled.push(Sentry.captureException(e));
    }
    sent.message = Sentry.captureMessage('the shop is slow', 'warning');
  }
  sent.string = Sentry.captureException('a plain string thrown');
  sent.object = Sentry.captureException({ code: 7, why: 'object thrown' });
  sent.fingerprint = Sentry.captureEvent({
    logentry: { message: 'order %s failed for %s', params: ['o-1', 'jane'] }, level: 'fatal', logger: 'shop.orders', fingerprint: ['orders', 'o-1'],
  });
  const attach = (scope) => {
    scope.addAttachment({ filename: 'app.log', data: 'line one\nline two\n\n', contentType: 'text/plain' });
    scope.addAttachment({ filename: 'blob.bin', data: Uint8Array.from([0, 10, 13, 255, 254, 10, 10, 0]) });
    scope.addAttachment({ filename: 'empty.txt', data: '' });
    sent.attachment = Sentry.captureException(new Error('with attachments'));
  };
  Sentry.withScope(attach);
  Sentry.withScope((scope) => {
    scope.setContext('big', { text: 'lorem ipsum dolor '.repeat(3000) });
    sent.large = Sentry.captureException(new Error('a large error'));
  });
  Sentry.captureMessage('drop me');
  Promise.reject(new SyntaxError('nobody waits for me'));
};

button('spans').onclick = async () => {
  await Sentry.startSpan({ name: 'process order', op: 'ui.action', forceTransaction: true, attributes: { 'order.count': 3, 'order.vip': true } }, async (root) => {
    sent.trace = traceOf(root);
    Sentry.startSpan({ name: 'add up', op: 'function' }, () => {
      for (const until = performance.now() + 250; performance.now() < until;) Math.sqrt(2); // long enough for a profile
    });
    try {
      Sentry.startSpan({ name: 'charge', op: 'task' }, () => { throw new Error('charge failed'); });
    } catch (e) {
      sent.inTrace = Sentry.captureException(e);
    }
    if (major >= 9) Sentry.logger.info('inside a span');
    await fetch('/stock', { method: 'POST', body: '{"id":1}' });
  });
};

button('telemetry').onclick = () => {
  Sentry.captureFeedback?.({ name: 'Jane', email: 'jane@example.com', message: 'The checkout is broken “please fix”', associatedEventId: sent.handled[0] }, { includeReplay: true });
  Sentry.captureUserFeedback?.({ event_id: sent.handled[0], name: 'Jane', email: 'jane@example.com', comments: 'old style' });
  if (major >= 9) {
    Sentry.logger.debug('debug log', { key: 'value' });
    Sentry.logger.warn(Sentry.logger.fmt`cart ${'c-1'} has ${3} items`, { ratio: 0.25, ok: true });
    Sentry.logger.fatal('fatal log');
  }
  if (major >= 10) {
    Sentry.metrics.count('orders.created', 3, { attributes: { region: 'eu', vip: true } });
    Sentry.metrics.gauge('queue.depth', 17.5);
    Sentry.metrics.distribution('request.latency', 123.4, { unit: 'millisecond' });
  }
};

button('throw').onclick = () => { throw new TypeError('nobody catches me'); };

window.finish = async () => {
  const replay = Sentry.getReplay ? Sentry.getReplay() : null;
  sent.replay = replay?.getReplayId();
  await replay?.flush();
  await Sentry.flush(5000);
  return sent;
};
document.body.dataset.ready = '1';
