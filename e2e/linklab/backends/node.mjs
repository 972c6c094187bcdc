// The lab's shop with @sentry/node.
import * as Sentry from '@sentry/node';
import { say, serve, visitor } from './shop.mjs';

serve({
  fail(req, step, words) {
    const { visit, user } = visitor(req);
    if (user) Sentry.setUser({ id: user });
    const at = Date.now();
    say({ visit, step, event_id: Sentry.captureException(new Error(words)), at });
  },
  tags: () => Sentry.getTraceMetaTags(),
  flush: () => Sentry.flush(10_000),
});
