// The one processor that an OpenTelemetry service needs: it copies the replay id that the browser sent in the
// baggage header onto every span.
const { propagation } = require('@opentelemetry/api');

class ReplayIDs {
  onStart(span, context) {
    const id = propagation.getBaggage(context)?.getEntry('sentry-replay_id')?.value;
    if (id) span.setAttribute('sentry-replay_id', id);
  }
  onEnd() {}
  forceFlush() { return Promise.resolve(); }
  shutdown() { return Promise.resolve(); }
}

module.exports = { ReplayIDs };
