// The lab's page. It is bundled once for every SDK; cookies say which set-up it runs.
import * as Sentry from 'SENTRY';

const { lab } = window;
const setup = lab.lab_setup;
// Tracing first, as the documentation has it.
const integrations = [...(setup.startsWith('none') ? [] : [Sentry.browserTracingIntegration()]), Sentry.replayIntegration()];

Sentry.init({
  dsn: lab.dsn,
  release: 'lab-web@1.0.0',
  environment: 'lab',
  integrations,
  ...(setup === 'twp' || setup.startsWith('none') ? {} : { tracesSampleRate: 1 }),
  replaysSessionSampleRate: setup === 'onerror' ? 0 : 1,
  replaysOnErrorSampleRate: 1,
  // For plain OpenTelemetry backends. SDKs before 10.10 do not know it.
  propagateTraceparent: true,
});
if (lab.lab_user) Sentry.setUser({ id: lab.lab_user });

// The page's own truth. An SDK that is only buffering has an id too.
window.labReplay = () => Sentry.getReplay()?.getReplayId() ?? null;

const pay = async (step) => {
  const r = await fetch('/api/checkout', { method: 'POST', body: JSON.stringify({ step }) });
  document.querySelector('#said').textContent = `The bank said ${r.status} (${step})`;
};
document.querySelector('#pay').onclick = () => pay('first');
document.querySelector('#retry').onclick = () => pay('second');
document.querySelector('#break').onclick = () => {
  const bag = {};
  document.querySelector('#said').textContent = bag.total.toFixed(2);
};
document.body.dataset.ready = Sentry.SDK_VERSION;
