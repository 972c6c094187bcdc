// Every main screen, in both themes, full of data and empty: nothing that axe knows to keep people out.
// Started by axe_test.go, which says where the server is.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { openBrowser } from '../../examples/shop/drive.mjs';
import { seed } from '../seed/seed.mjs';

const { HINDSIGHT_BASE_URL: base, HINDSIGHT_BIN: bin, HINDSIGHT_TOKEN: token } = process.env;
const axe = readFileSync(createRequire(new URL('../../ui/package.json', import.meta.url)).resolve('axe-core/axe.min.js'), 'utf8');

let browser;
let state;
let full;
let issue;
let report;
let number;

async function ask(path) {
  const res = await fetch(`${base}/api/0${path}`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(res.status, 200, `GET ${path}: ${res.status}`);
  return res.json();
}

async function tell(path, body) {
  const res = await fetch(`${base}/api/0${path}`, { method: 'POST', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, body: JSON.stringify(body) });
  assert.ok(res.ok, `POST ${path}: ${res.status}`);
  return res.json();
}

async function until(what, check) {
  for (const deadline = Date.now() + 60_000; ;) {
    const found = await check();
    if (found) return found;
    assert.ok(Date.now() < deadline, `not in time: ${what}`);
    await new Promise((r) => setTimeout(r, 200));
  }
}

before(async () => {
  const dsn = (slug, platform) => execFileSync(bin, ['project', 'create', slug, '--platform', platform], { encoding: 'utf8' }).trim();
  ({ full } = await seed({ web: dsn('web', 'javascript'), api: dsn('payment', 'go'), replays: 6, errors: 80, lines: 80, minutes: 1, rows: 20 }));
  issue = await until('an issue with a replay', async () => (await ask('/organizations/main/issues/?query=')).find((i) => i.hindsight.replayCount > 0 && /panic/.test(i.title)));
  await until('chapters', async () => (await ask(`/organizations/main/replays/${full}/chapters/`)).chapters.length > 3);
  const event = await ask(`/organizations/main/issues/${issue.id}/events/latest/`);
  await tell('/projects/main/payment/user-feedback/', { event_id: event.eventID, name: 'Ann', email: 'ann@example.com', comments: 'The pay button does nothing.' });
  [report] = await ask('/organizations/main/user-feedback/');
  const channel = await tell('/organizations/main/alert-channels/', { name: '#alerts', kind: 'webhook', config: { url: 'https://example.com/alerts' } });
  number = await tell('/organizations/main/alert-rules/', {
    name: 'Many errors', dataset: 'events', aggregate: 'count()', timeWindow: 60, projects: ['payment'],
    triggers: [{ label: 'critical', alertThreshold: 1000, actions: [{ type: 'channel', targetType: 'specific', targetIdentifier: channel.id }] }],
  });
  browser = await openBrowser();
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${base}/sign-in`);
  await page.getByLabel(/e-mail/i).fill('dev@example.com');
  await page.getByLabel(/password/i).fill('correct horse battery');
  await page.getByRole('button', { name: /sign in/i }).click();
  await page.waitForURL(/organizations/);
  state = await context.storageState();
  await context.close();
});

after(() => browser?.close());

/** What axe finds, one line each. The recorded page inside the player is a stranger's and not looked at. */
async function problems(page) {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const found = await globalThis.axe.run({ exclude: [['iframe.player-frame']] }, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'], resultTypes: ['violations'], iframes: false });
    return found.violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target.join(' ')} (${n.any[0]?.message ?? v.help})`));
  });
}

const org = '/organizations/main';
const project = `${org}/settings/projects/payment`;
const heading = (name) => (p) => p.getByRole('heading', { level: 1, name });
const dialogOf = (path, button) => [path, async (p) => {
  await p.getByRole('button', { name: button }).first().click();
  return p.getByRole('dialog');
}];
const screens = [
  ['home', () => `${org}/`, (p) => p.getByRole('heading', { name: 'Ingestion' })],
  ['setup doctor', () => `${org}/setup-doctor/`, (p) => p.getByText(/checks? pass/)],
  ['issues', () => `${org}/issues/`, (p) => p.getByRole('link', { name: /panic/ }).first()],
  ['no issue matches', () => `${org}/issues/?query=nothing-is-called-this`, (p) => p.getByRole('heading', { level: 2 }).first()],
  ['issue', () => `${org}/issues/${issue.id}/`, (p) => p.getByText(/this event/).first()],
  ['no such issue', () => `${org}/issues/999999/`, (p) => p.getByText(/There is no such issue/)],
  ['replays', () => `${org}/replays/`, (p) => p.getByRole('columnheader', { name: 'Activity' })],
  ['no replay matches', () => `${org}/replays/?query=user.email:nobody@example.com`, (p) => p.getByText('Nothing matches')],
  ...['chapters', 'console', 'network', 'errors', 'trace', 'dom', 'tags', 'memory'].map((tab) => [`replay, ${tab}`, () => `${org}/replays/${full}/?tab=${tab}&t=20`, (p) => p.locator('#panel').locator('li, h2, h3').first()]),
  ['merged', () => `${org}/issues/${issue.id}/?tab=merged`, (p) => p.getByRole('columnheader', { name: 'Newest event' })],
  ['feedback', () => `${org}/feedback/`, (p) => p.getByText('The pay button does nothing.')],
  ['a message', () => `${org}/feedback/payment/${report.id}/`, (p) => p.getByRole('button', { name: 'Resolve' })],
  ['no spam', () => `${org}/feedback/?status=spam`, (p) => p.getByRole('heading', { name: 'No spam' })],
  ['alert rules', () => `${org}/alerts/rules/`, (p) => p.getByRole('button', { name: 'Mute Many errors' })],
  ['a rule', () => `${org}/alerts/rules/${number.id}/`, (p) => p.getByRole('button', { name: 'Save' })],
  ['a new rule', () => `${org}/alerts/new/`, (p) => p.getByRole('button', { name: 'Make the rule' })],
  ['a new number', () => `${org}/alerts/new-metric/`, heading('Watch a number')],
  ['channels', () => `${org}/alerts/channels/`, (p) => p.getByRole('button', { name: 'Delete #alerts' })],
  ['deletion of a channel', ...dialogOf(() => `${org}/alerts/channels/`, 'Delete #alerts')],
  ['delivery log', () => `${org}/alerts/log/`, heading('Delivery log')],
  ['releases', () => `${org}/releases/`, (p) => p.getByRole('columnheader', { name: 'Release' })],
  ['access', () => `${org}/settings/access/`, (p) => p.getByRole('heading', { name: 'API tokens' })],
  ['limits', () => `${org}/settings/limits/`, (p) => p.getByRole('button', { name: 'Add a limit' })],
  ['audit log', () => `${org}/settings/audit-log/`, heading('Audit log')],
  ['project', () => `${project}/`, (p) => p.getByRole('button', { name: /Delete the key/ })],
  ['grouping', () => `${project}/grouping/`, (p) => p.getByText('Goes to')],
  ['ownership', () => `${project}/ownership/`, (p) => p.getByRole('button', { name: 'Save the rules' })],
  ['rules', () => `${project}/rules/`, (p) => p.getByRole('button', { name: 'Save the rules' })],
  ['source maps', () => `${project}/source-maps/`, (p) => p.getByText('Nothing was uploaded')],
  ['dead letters', () => `${org}/settings/dead-letters/`, (p) => p.getByRole('heading').first()],
  ['keys', () => `${org}/replays/`, async (p) => {
    await p.getByRole('columnheader', { name: 'Activity' }).waitFor();
    await p.keyboard.press('?');
    return p.getByRole('dialog');
  }],
];

for (const theme of ['dark', 'light']) {
  test(theme, async (t) => {
    const context = await browser.newContext({ storageState: state, viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' });
    await context.addInitScript((v) => localStorage.setItem('hindsight.theme', JSON.stringify(v)), theme);
    const page = await context.newPage();
    for (const [name, path, shown] of screens) {
      await t.test(name, async () => {
        await page.goto(base + path());
        await (await shown(page)).waitFor();
        assert.deepEqual(await problems(page), []);
      });
    }
    await context.close();
  });
}
