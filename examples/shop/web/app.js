import * as Sentry from '@sentry/browser';

const config = window.SHOP;
const origin = location.origin;

Sentry.init({
  dsn: config.dsn,
  release: 'shop-web@2.14.0',
  environment: 'demo',
  tracesSampleRate: 1,
  tracePropagationTargets: [origin],
  replaysSessionSampleRate: 1,
  replaysOnErrorSampleRate: 1,
  integrations: [
    Sentry.browserTracingIntegration(),
    Sentry.replayIntegration({
      maskAllText: false, // a shop shows nothing secret; what is typed stays masked
      blockAllMedia: false,
      networkDetailAllowUrls: [`${origin}/api/`],
      networkRequestHeaders: ['sentry-trace', 'baggage'],
    }),
  ],
});

const people = ['ivan@example.com', 'lena@example.com', 'sam@example.com', 'mia@example.com'];
const me = new URLSearchParams(location.search).get('user') ?? sessionStorage.getItem('user')
  ?? people[Math.floor(Math.random() * people.length)];
sessionStorage.setItem('user', me);
Sentry.setUser({ email: me });

const money = (cents) => `$${(cents / 100).toFixed(2)}`;
const main = document.querySelector('#main');
const cart = new Map(JSON.parse(sessionStorage.getItem('cart') ?? '[]'));
let goods = [];

function el(tag, props = {}, ...children) {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children);
  return node;
}

async function call(method, path, body) {
  return fetch(`/api${path}`, {
    method,
    headers: { 'content-type': 'application/json', 'x-shop-user': me },
    body: body && JSON.stringify(body),
  });
}

function toast(text) {
  const t = document.querySelector('#toast');
  t.textContent = text;
  t.hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { t.hidden = true; }, 6000);
}

function saveCart() {
  sessionStorage.setItem('cart', JSON.stringify([...cart]));
  document.querySelector('#bag-count').textContent = [...cart.values()].reduce((a, b) => a + b, 0);
}

async function loadGoods() {
  const res = await call('GET', '/products');
  goods = (await res.json()).products;
}

async function home() {
  await loadGoods();
  main.replaceChildren(el('h1', { textContent: 'Fresh today' }), el('div', { className: 'goods' }, ...goods.map((g) => {
    const add = el('button', { textContent: 'Add to basket', disabled: g.onHand === 0 && !g.oversell, onclick: () => addToCart(g) });
    add.dataset.sku = g.sku;
    return el('article', { className: 'good' },
      el('div', { className: 'pic', textContent: g.picture }),
      el('b', { textContent: g.name }),
      g.onHand === 0 ? el('span', { className: 'gone', textContent: 'Out of stock' }) : el('small', { textContent: `${g.onHand} in stock` }),
      el('div', { className: 'row' }, el('span', { textContent: money(g.cents) }), add));
  })));
}

async function addToCart(g) {
  cart.set(g.sku, (cart.get(g.sku) ?? 0) + 1);
  saveCart();
  console.info(`added ${g.name} to the basket`);
  await call('POST', '/cart', { sku: g.sku, quantity: cart.get(g.sku) });
}

function basketLines() {
  return [...cart].map(([sku, quantity]) => {
    const g = goods.find((x) => x.sku === sku) ?? { name: sku, cents: 0 };
    return { sku, quantity, name: g.name, cents: g.cents * quantity };
  });
}

const delivery = 400;
const total = (lines) => lines.reduce((sum, l) => sum + l.cents, delivery);

function summary(lines, edit) {
  return el('aside', { className: 'sum' }, el('h2', { textContent: 'Your basket' }),
    ...lines.map((l) => el('div', { className: 'line' },
      el('div', {}, el('b', { textContent: l.name }), el('small', { textContent: `Quantity ${l.quantity}` }),
        ...(edit ? [el('button', { className: 'plain', textContent: 'Remove', onclick: () => { cart.delete(l.sku); saveCart(); route(); } })] : [])),
      el('b', { textContent: money(l.cents) }))),
    el('div', { className: 'line' }, el('span', { textContent: 'Delivery' }), el('span', { textContent: money(delivery) })),
    el('div', { className: 'line total' }, el('span', { textContent: 'Total' }), el('span', { textContent: money(total(lines)) })));
}

async function basket() {
  await loadGoods();
  const lines = basketLines();
  const go_ = el('button', { className: 'pay', id: 'checkout', textContent: 'Checkout', disabled: lines.length === 0, onclick: () => go('/checkout') });
  main.replaceChildren(el('h1', { textContent: 'Basket' }), el('div', { className: 'cols' },
    el('section', {}, el('p', { textContent: lines.length ? 'Almost there.' : 'Nothing in it yet.' }), go_), summary(lines, true)));
}

function field(label, name, value) {
  return el('label', {}, label, el('input', { name, value, autocomplete: 'off' }));
}

async function checkout() {
  await loadGoods();
  const quote = await call('GET', '/quote');
  const lines = basketLines();
  const pay = el('button', { className: 'pay', id: 'pay', type: 'submit', textContent: `Pay ${money(total(lines))}` });
  const form = el('form', { onsubmit: (e) => { e.preventDefault(); payNow(lines, pay); } },
    el('div', { className: 'blk' }, el('h2', { textContent: 'Contact' }), field('E-mail', 'email', me)),
    el('div', { className: 'blk' }, el('h2', { textContent: 'Deliver to' }), field('Address', 'address', '14 Orchard Lane')),
    el('div', { className: 'blk' }, el('h2', { textContent: 'Pay with' }), field('Card number', 'card', ''),
      el('div', { className: 'g2' }, field('Expires', 'expires', ''), field('CVC', 'cvc', ''))),
    pay, el('p', { textContent: quote.ok ? (await quote.json()).promise : 'Delivery time is not known right now.' }));
  main.replaceChildren(el('h1', { textContent: 'Checkout' }), el('div', { className: 'cols' }, form, summary(lines)));
}

async function payNow(lines, button) {
  button.disabled = true;
  try {
    const res = await call('POST', '/checkout', { lines: lines.map(({ sku, quantity }) => ({ sku, quantity })), cents: total(lines) });
    if (!res.ok) toast('Something went wrong. Please try again.');
    const body = await res.json();
    done(body.order.id, body.order.cents); // a real bug: an answer without an order throws here
  } finally {
    button.disabled = false;
  }
}

function done(id, cents) {
  cart.clear();
  saveCart();
  history.pushState({}, '', `/orders/${id}`);
  main.replaceChildren(el('div', { className: 'done' }, el('div', { className: 'tick', textContent: '✓' }),
    el('h1', { textContent: 'Thank you, your order is in' }), el('p', { textContent: `Order ${id} · ${money(cents)}` })));
}

async function orders() {
  const res = await call('GET', '/orders');
  const list = (await res.json()).orders;
  main.replaceChildren(el('h1', { textContent: 'Orders' }), list.length
    ? el('div', { className: 'sum' }, ...list.map((o) => el('div', { className: 'line' }, el('b', { textContent: o.id }), el('span', { textContent: money(o.cents) }))))
    : el('p', { textContent: 'No orders yet.' }));
}

const pages = { '/': home, '/cart': basket, '/checkout': checkout, '/orders': orders };

async function route() {
  await (pages[location.pathname] ?? home)();
}

function go(path) {
  history.pushState({}, '', path);
  return route();
}

document.addEventListener('click', (e) => {
  const link = e.target.closest('a[data-link]');
  if (!link) return;
  e.preventDefault();
  go(new URL(link.href).pathname);
});
addEventListener('popstate', route);

async function faults() {
  const { faults: list } = await (await call('GET', '/faults')).json();
  document.querySelector('#faults').replaceChildren(...list.map((f) => {
    const box = el('input', { type: 'checkbox', checked: f.on, onchange: () => call('PUT', '/faults', { name: f.name, on: box.checked }).then(route) });
    box.dataset.fault = f.name;
    return el('label', {}, box, f.label);
  }));
}

saveCart();
route();
faults();
