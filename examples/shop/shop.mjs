// Starts Bob's Shop: six processes that report to the six DSNs they are given.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));

/** The shop's Hindsight projects: slug → platform. */
export const projects = {
  'shop-web': 'javascript',
  'shop-api': 'node',
  'shop-auth': 'go',
  'shop-inventory': 'go',
  'shop-payment': 'go',
  'shop-shipping': 'node',
};

async function answers(url, child, deadline) {
  for (;;) {
    try {
      await fetch(url);
      return;
    } catch {
      if (child.exitCode !== null) throw new Error(`the process behind ${url} ended with ${child.exitCode}`);
      if (Date.now() > deadline) throw new Error(`nothing answers at ${url}`);
      await new Promise((r) => setTimeout(r, 50));
    }
  }
}

/**
 * @param {{dsns: Record<string,string>, services: string, port?: number, log?: 'inherit'|'ignore'}} options
 *   dsns by project slug, the path of the built Go services, the port of the page (the others follow it).
 * @returns {Promise<{url: string, stop: () => Promise<void>}>}
 */
export async function startShop({ dsns, services, port = 9100, log = 'inherit' }) {
  const children = [];
  const url = (n) => `http://127.0.0.1:${port + n}`;
  const start = (name, command, args, env) => {
    const child = spawn(command, args, {
      cwd: here,
      stdio: ['ignore', log, log],
      env: { ...process.env, SHOP_SERVICE: name, SENTRY_DSN: dsns[`shop-${name}`], ...env },
    });
    children.push(child);
    return child;
  };
  const node = (name, entry, env) => start(name, process.execPath, ['--import', './api/instrument.mjs', entry], env);
  const go = (name, env) => start(name, services, [name], env);
  const stop = async () => {
    await Promise.all(children.map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    }));
  };

  const deadline = Date.now() + 30_000;
  const waits = [
    answers(`${url(1)}/verify`, go('auth', { PORT: port + 1 }), deadline),
    answers(`${url(2)}/stock`, go('inventory', { PORT: port + 2 }), deadline),
    answers(url(3), go('payment', { PORT: port + 3, INVENTORY_URL: url(2) }), deadline),
    answers(url(4), node('shipping', 'shipping/server.mjs', { PORT: port + 4 }), deadline),
    answers(url(0), node('api', 'api/server.mjs', {
      PORT: port, WEB_DSN: dsns['shop-web'],
      AUTH_URL: url(1), INVENTORY_URL: url(2), PAYMENT_URL: url(3), SHIPPING_URL: url(4),
    }), deadline),
  ];
  try {
    await Promise.all(waits);
  } catch (err) {
    await stop();
    throw err;
  }
  return { url: url(0), stop };
}
