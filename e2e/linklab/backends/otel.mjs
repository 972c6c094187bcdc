// The lab's shop with OpenTelemetry alone: an error is an exception on the request's span.
import { SpanStatusCode, trace } from '@opentelemetry/api';
import { say, serve, visitor } from './shop.mjs';

serve({
  fail(req, step, words) {
    const { visit, user } = visitor(req);
    const span = trace.getActiveSpan();
    if (user) span.setAttribute('user.id', user);
    span.recordException(new Error(words));
    span.setStatus({ code: SpanStatusCode.ERROR, message: words });
    const { traceId, spanId } = span.spanContext();
    // A sampler that obeys the page's traceparent (flag 00) drops the span, and the exception with it.
    say({ visit, step, trace_id: traceId, span_id: spanId, at: Date.now(), unsent: !span.isRecording() });
  },
  tags: () => '', // the browser SDK reads its own two tags only
  flush: () => globalThis.stopTelemetry(),
});
