// Loaded before everything else (node --import), so that Express and fetch are instrumented.
import * as Sentry from '@sentry/node';

Sentry.init({
  dsn: process.env.SENTRY_DSN,
  release: `${process.env.SHOP_SERVICE}@1.9.3`,
  environment: 'demo',
  serverName: process.env.SHOP_SERVICE,
  tracesSampleRate: 1,
  enableLogs: true,
});
