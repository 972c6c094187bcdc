// All the telemetry of one major of @sentry/node.
//
//   SENTRY_DSN=… node node.cjs 11
//
// The SDK's debug log goes to stdout and stderr; the last thing the program says itself is a line
// `SENT {…}` with the ids of what it sent. It ends with an error nobody catches, hence with status 1.
const major = Number(process.argv[2]);
const Sentry = require(`node${major}`);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const sent = { sdk: Sentry.SDK_VERSION };

Sentry.init({
  dsn: process.env.SENTRY_DSN,
  debug: true,
  release: 'shop@1.2.3',
  dist: '77',
  environment: 'staging',
  serverName: 'shop-1',
  tracesSampleRate: 1,
  includeLocalVariables: true,
  maxBreadcrumbs: 20,
  ...(major < 11 ? { sendDefaultPii: true } : {}),
  ...(major === 8 || major === 9 ? { _experiments: { enableLogs: true } } : {}),
  ...(major === 10 ? { enableLogs: true } : {}),
  beforeSend: (event) => (event.message === 'drop me' ? null : event),
});

class PaymentError extends Error {
  constructor(message, options) {
    super(message, options);
    this.name = 'PaymentError';
  }
}

function chargeCard(order) {
  const attempts = [1, 2, 3];
  throw new PaymentError(`order ${order.id} failed`, { cause: new TypeError(`no answer after ${attempts.length} attempts`) });
}

// localVariables waits until the worker that reads them has started.
async function localVariables() {
  for (let i = 0; i < 100 && major > 7; i++) {
    try {
      chargeCard({ id: 'o-0' });
    } catch (e) {
      if (e.__SENTRY_ERROR_LOCAL_VARIABLES__) return;
    }
    await sleep(100);
  }
}

// traceOf is the trace id of a span, or of a transaction of 7.
const traceOf = (span) => (span.spanContext ? span.spanContext().traceId : span.traceId);

async function errors() {
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
  Sentry.withScope((scope) => {
    scope.addAttachment({ filename: 'app.log', data: 'line one\nline two\n\n', contentType: 'text/plain' });
    scope.addAttachment({ filename: 'blob.bin', data: Uint8Array.from([0, 10, 13, 255, 254, 10, 10, 0]) });
    scope.addAttachment({ filename: 'empty.txt', data: '' });
    sent.attachment = Sentry.captureException(new Error('with attachments'));
  });
  Sentry.withScope((scope) => { // above 32 KB the SDK compresses
    scope.setContext('big', { text: 'lorem ipsum dolor '.repeat(3000) });
    sent.large = Sentry.captureException(new Error('a large error'));
  });
  Sentry.captureMessage('drop me');
  Promise.reject(new RangeError('nobody waits for me'));
  await sleep(100);
}

async function spans() {
  await Sentry.startSpan({ name: 'process order', op: 'queue.process', attributes: { 'order.count': 3, 'order.ratio': 0.5, 'order.vip': true, 'order.tags': ['a', 'b'] } }, async (root) => {
    sent.trace = traceOf(root);
    await Sentry.startSpan({ name: 'SELECT * FROM orders', op: 'db.query', attributes: { 'db.system': 'postgresql' } }, () => sleep(5));
    Sentry.setMeasurement?.('memory.used', 123.5, 'megabyte');
    try {
      await Sentry.startSpan({ name: 'charge', op: 'task' }, async () => { throw new Error('charge failed'); });
    } catch (e) {
      sent.inTrace = Sentry.captureException(e);
    }
    Sentry.logger?.info('inside a span');
  });
}

async function telemetry() {
  const config = { schedule: { type: 'crontab', value: '0 3 * * *' }, checkinMargin: 5, maxRuntime: 30, timezone: 'Europe/Vienna', failureIssueThreshold: 2, recoveryThreshold: 1 };
  const checkInId = Sentry.captureCheckIn({ monitorSlug: 'nightly-report', status: 'in_progress' }, config);
  Sentry.captureCheckIn({ checkInId, monitorSlug: 'nightly-report', status: 'ok', duration: 0.1 });
  await Sentry.withMonitor('hourly-sync', async () => { throw new Error('sync failed'); }, { schedule: { type: 'interval', value: 1, unit: 'hour' } }).catch(() => {});

  Sentry.captureFeedback?.({ name: 'Jane', email: 'jane@example.com', message: 'The checkout is broken “please fix”', associatedEventId: sent.handled[0] });
  Sentry.captureFeedback?.({ message: 'with a file' }, { attachments: [{ filename: 'note.txt', data: 'hello', contentType: 'text/plain' }] });
  Sentry.captureUserFeedback?.({ event_id: sent.handled[0], name: 'Jane', email: 'jane@example.com', comments: 'old style' });

  if (Sentry.logger) {
    Sentry.logger.debug('debug log', { key: 'value' });
    Sentry.logger.warn(Sentry.logger.fmt`cart ${'c-1'} has ${3} items`, { ratio: 0.25, ok: true, tags: ['x', 'y'] });
    Sentry.logger.fatal('fatal log');
  }
  if (major >= 10) {
    Sentry.metrics.count('orders.created', 3, { attributes: { region: 'eu', vip: true } });
    Sentry.metrics.gauge('queue.depth', 17.5);
    Sentry.metrics.distribution('request.latency', 123.4, { unit: 'millisecond' });
  }
  Sentry.startSession();
  Sentry.captureSession();
  Sentry.endSession();
}

(async () => {
  await localVariables();
  await errors();
  await spans();
  await telemetry();
  await Sentry.flush(5000);
  await sleep(200); // 9 and later tell of what they dropped while they flush
  await Sentry.flush(5000);
  console.log(`SENT ${JSON.stringify(sent)}`);
  setTimeout(() => { throw new TypeError('nobody catches me'); }, 1);
})();
