// What the lab crosses with what.
import { execFileSync } from 'node:child_process';

/** Browser SDKs: name of the bundle → npm alias, newest last. */
export const sdks = ['7', '8', '9', '10.51', '10', '11'];

/** What a page's set-up is, in words. */
export const setups = {
  session: 'session replay, tracing, the page starts its own trace',
  onerror: 'on-error replay: buffering until a frontend error, tracing',
  ssr: 'session replay, tracing, the server hands its trace to the page in meta tags',
  twp: 'session replay, tracing integration without a sample rate',
  none: 'session replay, no tracing integration: no headers at all',
  'none-anonymous': 'as before, and nobody says who the user is: a control that wrong links would show in',
};

/** Set-ups in which nothing but time and address ties an error to a page. They count for wrong links only. */
export const controls = new Set(['none-anonymous']);

/** Backends, each a project and a process of its own. */
export const backends = {
  'go-0.20': { platform: 'go', tracing: 'on', run: (d) => [d.goOld] },
  'go-0.20-off': { platform: 'go', tracing: 'off', run: (d) => [d.goOld] },
  'go-0.50': { platform: 'go', tracing: 'on', run: (d) => [d.goNew] },
  'go-0.50-off': { platform: 'go', tracing: 'off', run: (d) => [d.goNew] },
  node: { platform: 'node', tracing: 'on', run: (d) => [process.execPath, '--import', `${d.here}backends/node-instrument.mjs`, `${d.here}backends/node.mjs`] },
  python: { platform: 'python', tracing: 'on', run: (d) => [d.python, `${d.here}backends/shop.py`] },
  otel: { platform: 'other', tracing: 'on', run: (d) => [process.execPath, '--require', `${d.here}backends/otel-instrument.cjs`, `${d.here}backends/otel.mjs`] },
};

/**
 * All visits: every set-up × SDK × backend, by `users` people at the same moment. The cells are shuffled, always
 * in the same way; the people of one cell stay neighbours, so that they are on the same page at the same time.
 */
export function visits({ users, only = {} }) {
  const cells = [];
  const has = (list, x) => !list?.length || list.includes(x);
  for (const setup of Object.keys(setups)) {
    for (const sdk of controls.has(setup) ? ['8', '11'] : sdks) {
      for (const backend of Object.keys(backends)) {
        if (has(only.setups, setup) && has(only.sdks, sdk) && has(only.backends, backend)) cells.push({ setup, sdk, backend });
      }
    }
  }
  let seed = 20261120;
  const random = () => (seed = (seed * 1103515245 + 12345) % 2 ** 31) / 2 ** 31;
  for (let i = cells.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [cells[i], cells[j]] = [cells[j], cells[i]];
  }
  return cells.flatMap((cell, i) => Array.from({ length: controls.has(cell.setup) ? Math.max(users, 2) : users }, (_, n) => ({
    ...cell, id: `v${i}-${n}`, user: controls.has(cell.setup) ? '' : `user-${i}-${n}`,
  })));
}

/** The versions that are really installed, for the report. */
export function versions({ here, python, read }) {
  const npm = (name) => JSON.parse(read(`${here}node_modules/${name}/package.json`)).version;
  return {
    '@sentry/browser': sdks.map((s) => npm(`browser-${s}`)).join(', '),
    'sentry-go': '0.20.0, 0.50.0',
    '@sentry/node': npm('@sentry/node'),
    'sentry-python': execFileSync(python, ['-c', 'import sentry_sdk; print(sentry_sdk.VERSION)'], { encoding: 'utf8' }).trim(),
    '@opentelemetry/sdk-node': npm('@opentelemetry/sdk-node'),
  };
}
