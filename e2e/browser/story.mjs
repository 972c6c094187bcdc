// One visit of the shop, then the same browser in Hindsight: the backend issues open the replay.
// Started by story_test.go, which says where the server is.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { Customer, openBrowser } from '../../examples/shop/drive.mjs';
import { projects, startShop } from '../../examples/shop/shop.mjs';

const { HINDSIGHT_BASE_URL: base, HINDSIGHT_BIN: bin, HINDSIGHT_TOKEN: token, SHOP_SERVICES: services, SHOTS: shots } = process.env;

let shop;
let browser;
let customer;

before(async () => {
  const dsns = Object.fromEntries(Object.entries(projects).map(([slug, platform]) => [slug,
    execFileSync(bin, ['project', 'create', slug, '--platform', platform], { encoding: 'utf8' }).trim()]));
  shop = await startShop({ dsns, services, port: 9400, log: 'ignore' });
  browser = await openBrowser();
  customer = await Customer.enter(browser, shop.url, 'ivan@example.com');
  await customer.fault('oversell', true);
  await customer.browse();
  await customer.add('cherries-500g');
  await customer.toCheckout();
  assert.equal(await customer.pay(), 502);
  await customer.page.locator('a.bag').click(); // the visit goes on after the error
});

after(async () => {
  await browser?.close();
  await shop?.stop();
});

async function ask(path) {
  const res = await fetch(`${base}/api/0${path}`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(res.status, 200, `GET ${path}: ${res.status}`);
  return res.json();
}

/** Polls until the check gives something. */
async function until(what, check) {
  for (const deadline = Date.now() + 45_000; ;) {
    const found = await check();
    if (found) return found;
    assert.ok(Date.now() < deadline, `not in time: ${what}`);
    await new Promise((r) => setTimeout(r, 200));
  }
}

/** The project's issue, once its replay can be played. */
async function issueWithReplay(project, title) {
  const issue = await until(`issue of ${project}`, async () => (await ask(`/projects/main/${project}/issues/?query=`)).find((i) => title.test(i.title)));
  const link = await until(`replay of ${issue.shortId}`, async () => {
    const { data } = await ask(`/organizations/main/replay-links/?issue=${issue.id}`);
    return data.find((l) => l.state === 'available' && l.primary);
  });
  return { issue, link };
}

async function signIn(page) {
  await page.goto(`${base}/sign-in`);
  await page.getByLabel(/e-mail/i).fill('dev@example.com');
  await page.getByLabel(/password/i).fill('correct horse battery');
  await page.getByRole('button', { name: /sign in/i }).click();
  await page.waitForURL(/organizations/);
}

/** The frame the recorded page is drawn in: about:blank inside the player's page. */
function recordedPage(page) {
  return page.frameLocator('iframe.player-frame').frameLocator('iframe');
}

async function openIssue(page, issue) {
  const strangers = [];
  page.on('request', (r) => { if (!r.url().startsWith(base) && !/^(data|blob|about):/.test(r.url())) strangers.push(r.url()); });
  const problems = [];
  page.on('pageerror', (e) => problems.push(e.message));
  await page.goto(`${base}/issues`);
  await page.getByRole('link', { name: issue.title.split(': ').at(-1) }).first().click();
  await page.waitForURL(new RegExp(`/issues/${issue.id}/`));
  await page.getByText(issue.shortId).first().waitFor();
  await recordedPage(page).getByText('Pay $').first().waitFor(); // the checkout, as it was at the click
  return { strangers, problems };
}

/** Sees the player move: by itself on opening, or again by its button when the short clip has ended by then. */
async function plays(page) {
  const head = page.locator('.clip .hd');
  await head.waitFor();
  const positions = new Set();
  await until('the player moves', async () => {
    positions.add(await head.getAttribute('style'));
    const again = page.getByRole('button', { name: /^play/i }).first();
    if (await again.isVisible()) await again.click();
    return positions.size > 2;
  });
}

const cases = [
  { name: 'sentry-go with tracing on: only the baggage request header has the id', project: 'shop-payment', title: /nil pointer/, signal: 'baggage' },
  { name: '@sentry/node: the envelope header has the id', project: 'shop-api', title: /payment answered 500/, signal: 'dsc' },
];

for (const c of cases) {
  test(c.name, async () => {
    const { issue, link } = await issueWithReplay(c.project, c.title);
    assert.equal(link.tier, 1);
    assert.ok(link.signals.includes(c.signal), `signals ${link.signals}`);
    if (c.project === 'shop-payment') assert.ok(!link.signals.includes('dsc'), 'sentry-go sends no id in its envelope header');

    const page = await customer.page.context().newPage();
    await signIn(page);
    const { strangers, problems } = await openIssue(page, issue);
    await plays(page);
    await page.getByText(/^Linked/).first().waitFor();
    await page.screenshot({ path: `${shots}/issue-${c.project}.png` });

    await page.getByRole('link', { name: /open full replay/i }).click();
    await page.waitForURL(new RegExp(`/replays/${link.replayId}/`));
    await recordedPage(page).locator('body').waitFor();
    await page.screenshot({ path: `${shots}/replay-${c.project}.png` });
    assert.deepEqual(strangers, [], 'nothing may be loaded from the recorded page');
    assert.deepEqual(problems, []);
    await page.close();
  });
}

test('give a list of things, get back their replays', async () => {
  const replay = (await ask('/organizations/main/replays/?statsPeriod=1h')).data[0].id;
  for (const question of ['transaction=POST%20/api/checkout', 'transaction=POST%20/authorize', `replay=${replay}`]) {
    const { data } = await ask(`/organizations/main/replay-links/?${question}`);
    assert.ok(data.length > 0 && data.every((l) => l.replayId === replay), `${question}: ${JSON.stringify(data)}`);
  }
});

test('the list of replays shows the errors of both sides', async () => {
  const page = await customer.page.context().newPage();
  await signIn(page);
  await page.goto(`${base}/replays`);
  const row = page.getByRole('row', { name: /ivan@example.com/ }).or(page.getByRole('link', { name: /ivan@example.com/ })).first();
  await row.waitFor();
  const { data: [replay] } = await ask('/organizations/main/replays/?statsPeriod=1h');
  assert.ok(replay.count_errors >= 3, `count_errors ${replay.count_errors}: payment, api and the page`);
  await page.screenshot({ path: `${shots}/replays.png` });
  await page.close();
});
