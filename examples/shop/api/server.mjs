// api: what the page talks to. It serves the page and calls auth, payment and shipping.
import { readFile } from 'node:fs/promises';
import * as Sentry from '@sentry/node';
import express from 'express';

const { PORT, AUTH_URL, INVENTORY_URL, PAYMENT_URL, SHIPPING_URL, WEB_DSN } = process.env;
const web = new URL('../web/', import.meta.url);

const faults = [
  { name: 'payment-throws', label: 'Payment throws', on: false },
  { name: 'shipping-down', label: 'Shipping is down', on: false },
  { name: 'payment-slow', label: 'Payment takes 5 s', on: false },
  { name: 'oversell', label: 'Out-of-stock items can be bought', on: false },
];
const orders = [];
const active = () => faults.filter((f) => f.on).map((f) => f.name).join(',');

class ServiceError extends Error {
  constructor(service, status, detail) {
    super(`${service} answered ${status}: ${detail}`);
    this.name = 'ServiceError';
    this.status = 502;
  }
}

async function ask(service, url, body, user) {
  const res = await fetch(url, {
    method: body ? 'POST' : 'GET',
    headers: { 'content-type': 'application/json', 'x-shop-faults': active(), 'x-shop-user': user },
    body: body && JSON.stringify(body),
  });
  const answer = await res.json();
  if (!res.ok) throw new ServiceError(service, res.status, answer.detail);
  return answer;
}

const app = express();
app.use(express.json());

app.get('/config.js', (req, res) => res.type('js').send(`window.SHOP = ${JSON.stringify({ dsn: WEB_DSN })};`));
app.get('/app.js', async (req, res) => res.type('js').send(await readFile(new URL('dist/app.js', web))));
app.get('/shop.css', async (req, res) => res.type('css').send(await readFile(new URL('shop.css', web))));

app.get('/api/faults', (req, res) => res.json({ faults }));
app.put('/api/faults', (req, res) => {
  const fault = faults.find((f) => f.name === req.body.name);
  if (!fault) return res.status(404).json({ detail: 'no such fault' });
  fault.on = Boolean(req.body.on);
  return res.json(fault);
});

const user = (req) => req.get('x-shop-user') ?? 'anonymous';

app.use('/api', (req, res, next) => {
  Sentry.setUser({ email: user(req) });
  next();
});

app.get('/api/products', async (req, res) => {
  const { products } = await ask('inventory', `${INVENTORY_URL}/stock`, null, user(req));
  const oversell = faults.some((f) => f.name === 'oversell' && f.on);
  res.json({ products: products.map((p) => ({ ...p, oversell })) });
});

app.post('/api/cart', (req, res) => res.json({ sku: req.body.sku, quantity: req.body.quantity }));

app.get('/api/quote', async (req, res) => {
  const quote = await ask('shipping', `${SHIPPING_URL}/quote`, null, user(req));
  res.json(quote);
});

app.post('/api/checkout', async (req, res) => {
  await ask('auth', `${AUTH_URL}/verify`, null, user(req));
  const payment = await ask('payment', `${PAYMENT_URL}/authorize`, { lines: req.body.lines, cents: req.body.cents }, user(req));
  const parcel = await ask('shipping', `${SHIPPING_URL}/book`, { payment: payment.id, lines: req.body.lines }, user(req));
  const order = { id: parcel.order, cents: payment.cents, user: user(req) };
  orders.push(order);
  Sentry.logger.info(`order ${order.id} placed`, { cents: order.cents });
  res.status(201).json({ order });
});

app.get('/api/orders', (req, res) => res.json({ orders: orders.filter((o) => o.user === user(req)) }));

app.get('/{*path}', async (req, res) => res.type('html').send(await readFile(new URL('index.html', web))));

Sentry.setupExpressErrorHandler(app);
// Express tells an error handler by its four parameters.
app.use((err, req, res, next) => {
  if (res.headersSent) return next(err);
  return res.status(err.status ?? 500).json({ detail: 'internal' });
});

app.listen(Number(PORT), '127.0.0.1', () => console.log(`api on ${PORT}`));
