// The visits, each with its labels: what a person who stood beside the visitor would note down, one line for each thing
// the visitor did that led to something. They were written from what the visitor does and what the pages are made to do,
// never from what came out.
//
// A label is [kind, on, route, status, requests]: on is part of the chapter's name, route the page (for a click that led to
// another page: that page), requests are "METHOD /path" with ids as :id. `did` notes it with the moment; `lane` notes
// requests that nothing the visitor did explains.

const home = ['pageload', 'Open /', '/', 'ok', ['GET /api/products', 'GET /api/faults']];
const toBasket = ['click', 'Basket', '/cart', 'ok', ['GET /api/products']];
const toCheckout = ['click', 'Checkout', '/checkout', 'ok', ['GET /api/products', 'GET /api/quote']];
const adds = ['click', 'Add to basket', '/', 'ok', ['POST /api/cart']];

const goods = (p) => p.locator('.good').first().waitFor();
const add = (p, sku) => p.locator(`[data-sku="${sku}"]:not([disabled])`).click();
const pays = async (p) => {
  const answer = p.waitForResponse((r) => r.url().endsWith('/api/checkout'), { timeout: 20_000 });
  await p.locator('#pay').click();
  await answer;
};
const card = async (p) => {
  await p.locator('[name=card]').pressSequentially('4242424242424242', { delay: 20 });
  await p.locator('[name=expires]').fill('12/29');
  await p.waitForTimeout(900);
};

/** Opens the shop, puts something into the basket and goes to the checkout. */
async function readyToPay(v, sku) {
  await v.opens('/', home, goods);
  await v.did(adds, (p) => add(p, sku));
  await v.did(toBasket, (p) => p.locator('a.bag').click());
  await v.did(toCheckout, async (p) => { await p.locator('#checkout:not([disabled])').click(); await p.locator('#pay').waitFor(); });
  await card(v.page);
}

const openDesk = ['pageload', 'Open /desk', '/desk', 'ok', ['GET /desk/api/tickets']];
const openTicket = ['pageload', 'Open /desk/tickets/', '/desk/tickets/:id', 'ok', ['GET /desk/api/tickets/:id', 'GET /desk/api/tickets/:id/comments']];
const press = (words) => (p) => p.getByRole('button', { name: words, exact: true }).click();
const follow = (words) => (p) => p.getByRole('link', { name: words, exact: true }).click();
const ready = (p) => p.locator('h1').first().waitFor();
const stay = 6_500; // a recorder's first flush comes after five seconds; who leaves before is not recorded
const onTicket = (status, on, requests) => ['click', on, '/desk/tickets/:id', status, requests];

const shop = [
  ['shop-browse', async (v) => {
    await v.opens('/', home, goods);
    await v.did(['click', 'Orders', '/orders', 'ok', ['GET /api/orders']], (p) => p.getByRole('link', { name: 'Orders' }).click());
    await v.did(['click', 'All goods', '/', 'ok', ['GET /api/products']], (p) => p.getByRole('link', { name: 'All goods' }).click());
  }],
  ['shop-add', async (v) => {
    await v.opens('/', home, goods);
    await v.did(adds, (p) => add(p, 'flour-1kg'));
    await v.did(adds, (p) => add(p, 'bread'));
  }],
  ['shop-two-quick', async (v) => {
    await v.opens('/', home, goods);
    await v.did(adds, (p) => add(p, 'flour-1kg'), 150);
    await v.did(adds, (p) => add(p, 'honey-500g'));
  }],
  ['shop-double-click', async (v) => {
    await v.opens('/', home, goods);
    await v.did(['click', 'Add to basket', '/', 'ok', ['POST /api/cart', 'POST /api/cart']], (p) => p.locator('[data-sku="bread"]').dblclick({ delay: 30 }));
  }],
  ['shop-buy', async (v) => {
    await readyToPay(v, 'flour-1kg');
    await v.did(['click', 'Pay $', '/orders/', 'ok', ['POST /api/checkout']], pays);
    await v.did(['click', 'Orders', '/orders', 'ok', ['GET /api/orders']], (p) => p.getByRole('link', { name: 'Orders' }).click());
  }],
  ['shop-payment-throws', async (v) => {
    await readyToPay(v, 'coffee-1kg');
    await v.fault('payment-throws', true);
    await v.did(['click', 'Pay $', '/checkout', 'error', ['POST /api/checkout']], pays);
    await v.fault('payment-throws', false);
    await v.did(['click', 'Pay $', '/orders/', 'ok', ['POST /api/checkout']], pays);
  }],
  ['shop-oversell', async (v) => {
    await v.fault('oversell', true);
    await readyToPay(v, 'cherries-500g');
    const fails = ['click', 'Pay $', '/checkout', 'error', ['POST /api/checkout']];
    await v.did(fails, pays, 2_500);
    await v.did(fails, pays, 2_500);
    await v.did(fails, pays);
    await v.fault('oversell', false);
  }],
  ['shop-shipping-down', async (v) => {
    await v.opens('/', home, goods);
    await v.did(adds, (p) => add(p, 'lemons-1kg'));
    await v.fault('shipping-down', true);
    await v.did(toBasket, (p) => p.locator('a.bag').click());
    await v.did(['click', 'Checkout', '/checkout', 'error', ['GET /api/products', 'GET /api/quote']], async (p) => { await p.locator('#checkout:not([disabled])').click(); await p.locator('#pay').waitFor(); });
    await card(v.page);
    await v.did(['click', 'Pay $', '/checkout', 'error', ['POST /api/checkout']], pays);
    await v.fault('shipping-down', false);
  }],
  ['shop-slow-payment', async (v) => {
    await readyToPay(v, 'eggs-10');
    await v.fault('payment-slow', true);
    await v.did(['click', 'Pay $', '/checkout', 'slow', ['POST /api/checkout']], pays, 0);
    await v.did(['navigation', 'Go to /orders/', '/orders/', 'ok', []], () => {});
    await v.fault('payment-slow', false);
  }],
  ['shop-reload', async (v) => {
    await v.opens('/', home, goods);
    await v.did(adds, (p) => add(p, 'olive-oil'));
    await v.did(toBasket, (p) => p.locator('a.bag').click());
    await v.did(['pageload', 'Open /cart', '/cart', 'ok', ['GET /api/products', 'GET /api/faults']], async (p) => { await p.reload(); await p.locator('#checkout').waitFor(); });
  }],
  ['shop-back-and-forth', async (v) => {
    await v.opens('/', home, goods);
    await v.did(['click', 'Orders', '/orders', 'ok', ['GET /api/orders']], (p) => p.getByRole('link', { name: 'Orders' }).click());
    await v.did(['navigation', 'Go to /', '/', 'ok', ['GET /api/products']], (p) => p.goBack());
    await v.did(['navigation', 'Go to /orders', '/orders', 'ok', ['GET /api/orders']], (p) => p.goForward());
  }],
  ['shop-deep-link', async (v) => {
    await v.opens('/orders', ['pageload', 'Open /orders', '/orders', 'ok', ['GET /api/orders', 'GET /api/faults']], ready);
    await v.did(toBasket, (p) => p.locator('a.bag').click());
  }],
  ['shop-remove', async (v) => {
    await v.opens('/', home, goods);
    await v.did(adds, (p) => add(p, 'honey-500g'));
    await v.did(toBasket, (p) => p.locator('a.bag').click());
    await v.did(['click', 'Remove', '/cart', 'ok', ['GET /api/products']], (p) => p.getByRole('button', { name: 'Remove' }).click());
  }],
  ['shop-ticks-a-box', async (v) => {
    await v.opens('/', home, goods);
    await v.idly((p) => p.locator('.faults summary').click());
    const ticks = ['click', 'Out-of-stock items can be bought', '/', 'ok', ['PUT /api/faults', 'GET /api/products']];
    await v.did(ticks, (p) => p.getByText('Out-of-stock items can be bought').click());
    await v.did(ticks, (p) => p.getByText('Out-of-stock items can be bought').click());
  }],
  ['shop-two-tabs', async (v) => {
    await v.opens('/', home, goods);
    await v.did(adds, (p) => add(p, 'bread'));
    await v.tab('/orders', ['pageload', 'Open /orders', '/orders', 'ok', ['GET /api/orders', 'GET /api/faults']], ready);
    await v.did(['click', 'All goods', '/', 'ok', ['GET /api/products']], (p) => p.getByRole('link', { name: 'All goods' }).click());
    await v.firstTab();
    await v.did(adds, (p) => add(p, 'flour-1kg'));
  }],
  ['shop-long-idle', async (v) => {
    await v.opens('/', home, goods);
    await v.page.waitForTimeout(20_000);
    await v.did(adds, (p) => add(p, 'olive-oil'));
  }],
];

const desk = [
  ['desk-search', 'browser-11', async (v) => {
    await v.opens('/desk', openDesk, ready);
    await v.did(['input', 'Search tickets', '/desk', 'ok', ['GET /desk/api/search']], (p) => p.getByLabel('Search tickets').pressSequentially('prin', { delay: 60 }), 2_500, 'after');
    await v.did(['input', 'Search tickets', '/desk', 'ok', ['GET /desk/api/search']], (p) => p.getByLabel('Search tickets').pressSequentially('ter', { delay: 60 }), 2_500, 'after');
  }],
  ['desk-search-and-open', 'browser-10', async (v) => {
    await v.opens('/desk', openDesk, ready);
    await v.did(['input', 'Search tickets', '/desk', 'ok', ['GET /desk/api/search']], (p) => p.getByLabel('Search tickets').pressSequentially('fire', { delay: 60 }), 1_500, 'after');
    await v.did(['click', 'Ticket 200', '/desk/tickets/:id', 'ok', ['GET /desk/api/tickets/:id', 'GET /desk/api/tickets/:id/comments']], follow('Ticket 200: the printer is on fire'));
  }],
  ['desk-ticket', 'browser-10.51', async (v) => {
    await v.opens('/desk', openDesk, ready);
    await v.did(['click', 'Ticket 110', '/desk/tickets/:id', 'ok', ['GET /desk/api/tickets/:id', 'GET /desk/api/tickets/:id/comments']], follow('Ticket 110: the printer is on fire'));
    await v.did(['click', 'Reports', '/desk/reports', 'ok', ['GET /desk/api/reports', 'GET /desk/api/statistics']], follow('Reports'));
  }],
  ['desk-reply', 'browser-11', async (v) => {
    await v.opens('/desk/tickets/110', openTicket, ready);
    await v.page.waitForTimeout(1_500);
    await v.did(['input', 'Reply', '/desk/tickets/:id', 'ok', ['PUT /desk/api/tickets/:id/draft']], (p) => p.getByLabel('Reply').pressSequentially('Have you tried water?', { delay: 40 }), 1_500, 'after');
    await v.did(onTicket('ok', 'Send reply', ['POST /desk/api/tickets/:id/comments']), press('Send reply'));
  }],
  ['desk-close', 'browser-9', async (v) => {
    await v.opens('/desk/tickets/111', openTicket, ready);
    await v.idly(press('Close ticket'));
    await v.did(onTicket('ok', 'Yes, close it', ['DELETE /desk/api/tickets/:id']), press('Yes, close it'));
  }],
  ['desk-assign', 'browser-8', async (v) => {
    await v.opens('/desk/tickets/112', openTicket, ready);
    await v.did(onTicket('failed', 'Assign to me', ['PUT /desk/api/tickets/:id/assignee']), press('Assign to me'));
    await v.did(onTicket('ok', 'Export', ['GET /desk/api/export']), press('Export'));
  }],
  ['desk-no-such-ticket', 'browser-11', async (v) => {
    await v.opens('/desk/tickets/404', ['pageload', 'Open /desk/tickets/404', '/desk/tickets/:id', 'failed', ['GET /desk/api/tickets/:id']], ready);
    await v.did(['click', 'Tickets', '/desk', 'ok', ['GET /desk/api/tickets']], follow('Tickets'));
  }],
  ['desk-dead-click', 'browser-11', async (v) => {
    await v.opens('/desk/tickets/113', openTicket, ready);
    await v.did(onTicket('ok', 'Print', []), press('Print'), 9_000);
  }],
  ['desk-rage-clicks', 'browser-10', async (v) => {
    await v.opens('/desk/tickets/114', openTicket, ready);
    await v.did(onTicket('ok', 'Print', []), async (p) => { for (let i = 0; i < 6; i++) { await press('Print')(p); await p.waitForTimeout(120); } }, 9_000);
  }],
  ['desk-refresh', 'browser-11', async (v) => {
    await v.opens('/desk/tickets/115', openTicket, ready);
    await v.did(onTicket('slow', 'Refresh', ['GET /desk/api/slow']), press('Refresh'), 3_000);
    await v.did(onTicket('ok', 'Export', ['GET /desk/api/export']), press('Export'));
  }],
  ['desk-unplugged', 'browser-11', async (v) => {
    await v.opens('/desk/tickets/116', openTicket, ready);
    await v.did(onTicket('failed', 'Unplug', ['GET /desk/api/unplugged']), press('Unplug'));
  }],
  ['desk-retry', 'browser-11', async (v) => {
    await v.opens('/desk/tickets/117', openTicket, ready);
    await v.did(onTicket('failed', 'Synchronise', ['POST /desk/api/sync', 'POST /desk/api/sync']), press('Synchronise'), 3_000);
    await v.did(onTicket('ok', 'Export', ['GET /desk/api/export']), press('Export'));
  }],
  ['desk-throws', 'browser-10', async (v) => {
    await v.opens('/desk/tickets/118', openTicket, ready);
    await v.did(onTicket('error', 'Summarise', []), press('Summarise'), 3_000);
    await v.did(onTicket('ok', 'Export', ['GET /desk/api/export']), press('Export'));
  }],
  ['desk-attach', 'browser-7', async (v) => {
    await v.opens('/desk/tickets/119', openTicket, ready);
    await v.did(onTicket('ok', 'Attach file', ['POST /desk/api/attachments']), press('Attach file'));
  }],
  ['desk-polling', 'browser-11', async (v) => {
    v.mode = 'poll';
    await v.opens('/desk', openDesk, ready);
    await v.page.waitForTimeout(5_000);
    await v.did(['click', 'Ticket 109', '/desk/tickets/:id', 'ok', ['GET /desk/api/tickets/:id', 'GET /desk/api/tickets/:id/comments']], follow('Ticket 109: the printer is on fire'), 4_500);
    v.lane('GET /desk/api/presence');
  }],
  ['desk-heartbeat', 'browser-10', async (v) => {
    v.mode = 'beat';
    await v.opens('/desk/tickets/120', openTicket, ready);
    await v.page.waitForTimeout(6_000);
    await v.did(onTicket('ok', 'Export', ['GET /desk/api/export']), press('Export'), 16_000);
    v.lane('POST /desk/api/events');
  }],
  ['desk-paging', 'browser-8', async (v) => {
    await v.opens('/desk', openDesk, ready);
    await v.did(['click', 'Next page', '/desk', 'ok', ['GET /desk/api/tickets']], follow('Next page'));
    await v.did(['click', 'Load more', '/desk', 'ok', ['GET /desk/api/tickets']], press('Load more'));
  }],
  ['desk-endless-list', 'browser-11', async (v) => {
    await v.opens('/desk/reports', ['pageload', 'Open /desk/reports', '/desk/reports', 'ok', ['GET /desk/api/reports', 'GET /desk/api/statistics']], ready);
    await v.page.waitForTimeout(11_000);
    await v.idly((p) => p.mouse.wheel(0, 400));
    v.lane('GET /desk/api/reports');
  }],
  ['desk-settings', 'browser-11', async (v) => {
    await v.opens('/desk/settings', ['pageload', 'Open /desk/settings', '/desk/settings', 'ok', []], ready);
    await v.page.getByLabel('Name').pressSequentially('Ada', { delay: 40 });
    await v.did(['click', 'Save settings', '/desk/settings', 'ok', ['PUT /desk/api/settings']], async (p) => {
      await p.getByLabel('Phone').pressSequentially('555', { delay: 40 });
      await p.getByLabel('Phone').press('Enter');
    }, 2_500, 'after');
  }],
  ['desk-masked', 'browser-11', async (v) => {
    v.mask = true;
    await v.opens('/desk/settings', ['pageload', 'Open /desk/settings', '/desk/settings', 'ok', []], ready);
    await v.page.getByLabel('Password').pressSequentially('wrong', { delay: 40 });
    await v.did(['click', 'button', '/desk/settings', 'failed', ['POST /desk/api/login']], press('Unlock'), 3_000);
    await v.page.getByLabel('Password').fill('letmein');
    await v.did(['click', 'button', '/desk/settings', 'ok', ['POST /desk/api/login']], press('Unlock'));
  }],
  ['desk-checkbox', 'browser-10', async (v) => {
    await v.opens('/desk/settings', ['pageload', 'Open /desk/settings', '/desk/settings', 'ok', []], ready);
    await v.did(['click', 'Mail me', '/desk/settings', 'ok', ['PUT /desk/api/settings']], (p) => p.getByText('Mail me').click());
  }],
  ['desk-keyboard', 'browser-11', async (v) => {
    await v.opens('/desk/tickets/121', openTicket, ready);
    await v.did(onTicket('ok', 'Export', ['GET /desk/api/export']), async (p) => { await p.getByRole('button', { name: 'Export' }).focus(); await p.keyboard.press('Enter'); });
  }],
  ['members-sign-in', 'browser-11', async (v) => {
    await v.opens('/login', ['pageload', 'Open /login', '/login', 'ok', []], ready);
    await v.page.waitForTimeout(stay);
    await v.page.getByLabel('E-mail').pressSequentially('ada@example.com', { delay: 30 });
    await v.page.getByLabel('Password').pressSequentially('letmein', { delay: 30 });
    await v.did(['click', 'Sign in', '/account', 'ok', []], press('Sign in'), stay);
    await v.did(['click', 'Your orders', '/account/orders', 'ok', []], follow('Your orders'), stay);
    await v.did(['click', 'Back to the account', '/account', 'ok', []], follow('Back to the account'), stay);
  }],
  ['members-coupon', 'browser-10', async (v) => {
    await v.opens('/account', ['pageload', 'Open /account', '/account', 'ok', []], ready);
    await v.page.waitForTimeout(stay);
    await v.page.getByLabel('Coupon').pressSequentially('SAVE10', { delay: 30 });
    await v.did(['click', 'Apply coupon', '/account', 'ok', []], press('Apply coupon'), stay);
  }],
  ['members-back', 'browser-8', async (v) => {
    await v.opens('/account', ['pageload', 'Open /account', '/account', 'ok', []], ready);
    await v.page.waitForTimeout(stay);
    await v.did(['click', 'Your orders', '/account/orders', 'ok', []], follow('Your orders'), stay);
    await v.did(['pageload', 'Open /account', '/account', 'ok', []], async (p) => { await p.goBack(); await ready(p); }, stay);
    await v.did(['pageload', 'Open /account', '/account', 'ok', []], async (p) => { await p.reload(); await ready(p); });
  }],
];

export const visits = [
  ...shop.map(([name, act]) => ({ name, site: 'shop', act })),
  ...desk.map(([name, sdk, act]) => ({ name, site: 'desk', sdk, act })),
];
