// A help desk: one single-page app as teams write them, and a members' area of pages that the server renders.
import http from 'node:http';
import { build } from 'esbuild';

const here = (name) => new URL(name, import.meta.url);
const wait = (ms) => new Promise((done) => { setTimeout(done, ms); });

const bundles = new Map();
/** The app with one SDK, bundled once. */
async function bundle(sdk) {
  if (!bundles.has(sdk)) {
    const out = await build({ entryPoints: [here('desk.js').pathname], absWorkingDir: here('..').pathname, bundle: true, format: 'iife', write: false, minify: true, alias: { SENTRY: sdk }, logLevel: 'error' });
    bundles.set(sdk, out.outputFiles[0].text);
  }
  return bundles.get(sdk);
}

const page = (config, body) => `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Help desk</title><link rel="icon" href="data:,"></head>
<body>${body}<script>window.DESK = ${JSON.stringify(config)};</script><script src="/desk.js?sdk=${config.sdk}"></script></body></html>`;

const spa = `<header><a data-link href="/desk">Tickets</a> <a data-link href="/desk/reports">Reports</a> <a data-link href="/desk/settings">Settings</a></header><main id="main"></main>`;

const login = (words) => `<main><h1>Sign in</h1><p>${words}</p><form method="post" action="/login"><label>E-mail <input name="email"></label>
<label>Password <input name="password" type="password"></label><button>Sign in</button></form></main>`;

const account = (coupon) => `<main><h1>Your account</h1><p>${coupon}</p><nav><a href="/account/orders">Your orders</a></nav>
<form method="post" action="/account/coupon"><label>Coupon <input name="code"></label><button>Apply coupon</button></form></main>`;

const orders = `<main><h1>Your orders</h1><ul><li>7001</li><li>7002</li></ul><a href="/account">Back to the account</a></main>`;

async function form(req) {
  let body = '';
  for await (const part of req) body += part;
  return new URLSearchParams(body);
}

/** Starts the desk. Cookies say which SDK a visitor's pages have. */
export async function startDesk(dsn, port, sdks) {
  await Promise.all(sdks.map(bundle));
  let syncs = 0;
  const tickets = (from) => Array.from({ length: 8 }, (_, i) => ({ id: from + i, title: `Ticket ${from + i}: the printer is on fire` }));
  const api = {
    'GET /desk/api/tickets': (q) => tickets(100 + 8 * Number(q.get('page') ?? 1)),
    'GET /desk/api/search': (q) => tickets(200).slice(0, Math.max(1, 6 - q.get('q').length)),
    'GET /desk/api/presence': () => ({ online: 3 }),
    'GET /desk/api/reports': (q) => tickets(300 + Number(q.get('after') ?? 0)),
    'GET /desk/api/statistics': () => ({ open: 17 }),
    'GET /desk/api/export': () => ({ url: '/x.csv' }),
    'POST /desk/api/attachments': () => ({ id: 1 }),
    'PUT /desk/api/settings': () => ({ saved: true }),
    'POST /desk/api/events': () => ({ ok: true }),
    'GET /desk/api/slow': async () => { await wait(1_800); return { fresh: true }; },
  };
  const server = http.createServer(async (req, res) => {
    const url = new URL(req.url, 'http://desk');
    const cookies = Object.fromEntries((req.headers.cookie ?? '').split('; ').map((c) => c.split('=')));
    const config = { dsn, sdk: cookies.sdk ?? 'browser-11', mask: cookies.mask === '1', mode: cookies.mode ?? '' };
    const send = (status, body, type = 'application/json') => { res.writeHead(status, { 'content-type': type }); res.end(typeof body === 'string' ? body : JSON.stringify(body)); };
    const html = (status, body) => send(status, page(config, body), 'text/html; charset=utf-8');
    const what = `${req.method} ${url.pathname}`;
    if (url.pathname === '/desk.js') return send(200, await bundle(url.searchParams.get('sdk')), 'text/javascript');
    if (what === 'GET /login') return html(200, login(''));
    if (what === 'POST /login') {
      if ((await form(req)).get('password') !== 'letmein') return html(401, login('Wrong password.'));
      res.writeHead(303, { location: '/account' });
      return res.end();
    }
    if (what === 'GET /account') return html(200, account(url.searchParams.has('coupon') ? 'Coupon applied.' : ''));
    if (what === 'GET /account/orders') return html(200, orders);
    if (what === 'POST /account/coupon') {
      res.writeHead(303, { location: '/account?coupon=1' });
      return res.end();
    }
    if (!url.pathname.startsWith('/desk/api/')) return html(200, spa);
    const ticket = /^\/desk\/api\/tickets\/(\d+)(\/\w+)?$/.exec(url.pathname);
    if (what === 'POST /desk/api/sync') return send((syncs += 1) % 2 ? 503 : 200, {});
    if (what === 'GET /desk/api/unplugged') return req.socket.destroy();
    if (what === 'POST /desk/api/login') return send((await form(req)).get('password') === 'letmein' ? 200 : 401, {});
    if (ticket) {
      const id = Number(ticket[1]);
      if (id === 404) return send(404, {});
      if (ticket[2] === '/assignee') return send(409, {});
      if (ticket[2] === '/comments' && req.method === 'GET') return send(200, [{ text: 'Did you turn it off?' }]);
      return send(req.method === 'POST' ? 201 : 200, { id, title: `Ticket ${id}` });
    }
    const answer = api[what];
    return answer ? send(200, await answer(url.searchParams)) : send(404, {});
  });
  await new Promise((done) => { server.listen(port, '127.0.0.1', done); });
  return { url: `http://127.0.0.1:${port}`, stop: () => { server.closeAllConnections(); server.close(); } };
}
