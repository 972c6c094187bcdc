// Loaded with --import, before the server: @sentry/node as its documentation says.
import * as Sentry from '@sentry/node';

Sentry.init({
  dsn: process.env.SENTRY_DSN,
  release: 'lab-node@1.0.0',
  environment: 'lab',
  ...(process.env.LAB_TRACING === 'on' ? { tracesSampleRate: 1 } : {}),
});
