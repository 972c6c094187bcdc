// Loaded with --require, before the server: a plain OpenTelemetry service, with no Sentry SDK in it. It exports
// to the OTLP address of its project.
const { NodeSDK, tracing } = require('@opentelemetry/sdk-node');
const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-http');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { ReplayIDs } = require('./otel-replay-ids.cjs');

const { protocol, username, host, pathname } = new URL(process.env.SENTRY_DSN);
const exporter = new OTLPTraceExporter({
  url: `${protocol}//${host}/api/${pathname.slice(1)}/integration/otlp/v1/traces/`,
  headers: { 'x-sentry-auth': `sentry sentry_key=${username}` },
});
const sdk = new NodeSDK({
  serviceName: 'lab-otel',
  spanProcessors: [new ReplayIDs(), new tracing.BatchSpanProcessor(exporter, { scheduledDelayMillis: 500 })],
  instrumentations: [new HttpInstrumentation()],
});
sdk.start();
globalThis.stopTelemetry = () => sdk.shutdown();
