// The replay page over the wire and by hand: what a reader sees before what, and what its buttons do.
// Started by replay_test.go, which says where the server is.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openBrowser } from '../../examples/shop/drive.mjs';
import { hex, segment } from '../seed/envelopes.mjs';
import { change, click, meta, press, snapshot, table } from '../seed/page.mjs';
import { seed } from '../seed/seed.mjs';
import { coldLoad, signedIn } from './coldload.mjs';

const { HINDSIGHT_BASE_URL: base, HINDSIGHT_BIN: bin, HINDSIGHT_TOKEN: token } = process.env;

let browser;
let state;
let made;

async function ask(path) {
  const res = await fetch(`${base}/api/0${path}`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(res.status, 200, `GET ${path}: ${res.status}`);
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

const replay = async (id) => (await ask(`/organizations/main/replays/${id}/`)).data;

before(async () => {
  const dsn = (slug, platform) => execFileSync(bin, ['project', 'create', slug, '--platform', platform], { encoding: 'utf8' }).trim();
  made = await seed({ web: dsn('web', 'javascript'), api: dsn('payment', 'go'), replays: 4, errors: 20, lines: 20, minutes: 4, rows: 60 });
  await until('the long recording', async () => (await replay(made.long)).count_segments >= 48);
  await until('an issue with a replay', async () => (await ask('/organizations/main/issues/?query=')).find((i) => i.hindsight.replayCount > 0));
  browser = await openBrowser();
  state = await signedIn(browser, base, 'dev@example.com', 'correct horse battery');
});

after(() => browser?.close());

/** A signed-in page, and what went wrong in it. */
async function open(path, more = {}) {
  const context = await browser.newContext({ storageState: state, viewport: { width: 1440, height: 900 }, permissions: ['clipboard-read', 'clipboard-write'], ...more });
  const page = await context.newPage();
  const problems = [];
  page.on('pageerror', (e) => problems.push(e.message));
  await page.goto(base + path);
  return { page, problems, close: () => context.close() };
}

const isRecording = (url) => /\/recording\//.test(url);

test('chapters do not wait for the recording', async () => {
  let release;
  const held = new Promise((r) => { release = r; });
  const seen = await coldLoad(browser, {
    base, state, path: `/organizations/main/replays/${made.long}/`, moments: ['chapters', 'frame'],
    prepare: async (page) => {
      await page.context().route((url) => isRecording(url.href), async (route) => { await held; await route.continue(); });
      // The recording goes on its way only once chapters are there: were they waiting for it, this would never end.
      void page.waitForFunction(() => globalThis.__seen?.chapters, null, { timeout: 60_000, polling: 50 }).then(release, () => {});
    },
  });
  assert.ok(seen.chapters < seen.frame, JSON.stringify(seen));
});

for (const [name, query, firstSegment, most] of [['from its start', '', 0, 4], ['at a moment', '?t=30', 0, 11]]) {
  test(`a picture needs one answer of the recording, ${name}`, async () => {
    const answers = [];
    const held = [];
    await coldLoad(browser, {
      base, state, path: `/organizations/main/replays/${made.long}/${query}`, moments: ['frame'],
      prepare: async (page) => {
        await page.context().route((url) => isRecording(url.href), async (route) => {
          if (answers.length > 0) return void held.push(route); // never answered: the picture is there without
          const response = await route.fetch();
          answers.push(await response.json());
          await route.fulfill({ response });
        });
      },
    });
    assert.equal(answers.length, 1);
    assert.equal(answers[0].segments[0].id, firstSegment);
    assert.ok(answers[0].segments.length <= most && answers[0].segments.length < answers[0].count / 3, `${answers[0].segments.length} of ${answers[0].count} segments`);
  });
}

test('a link to this moment leads to this moment', async () => {
  const { page, problems, close } = await open(`/organizations/main/replays/${made.long}/?t=42`, { reducedMotion: 'reduce' });
  await page.getByRole('button', { name: /copy link at 0?0:42/i }).click();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  assert.equal(new URL(link).searchParams.get('t'), '42');
  assert.deepEqual(problems, []);
  await close();
});

test('a session that still goes on grows in place', async () => {
  const web = execFileSync(bin, ['project', 'create', 'growing', '--platform', 'javascript'], { encoding: 'utf8' }).trim();
  const began = Date.now() - 20_000;
  const of = { id: hex(16), start: began, user: { email: 'live@example.com' } };
  const page_ = table('Orders', 4);
  const piece = (n, from, more) => segment(web, of, n, [...more, click(from + 1000, page_.button, `Pay ${n}`), press(from + 1000, page_.button), change(from + 4000, [{ id: page_.cells[0], value: `${n}` }])], { end: from + 4000, urls: [] });
  await piece(0, began, [meta(began, 'https://shop.example.com/'), snapshot(began + 1, page_)]);
  await until('the first piece', async () => (await ask(`/organizations/main/replays/?query=id:${of.id}`)).data.length === 1);
  const { page, problems, close } = await open(`/organizations/main/replays/${of.id}/?t=1`, { reducedMotion: 'reduce' });
  const slider = page.getByRole('slider', { name: 'Position' });
  const at = async () => ({ length: Number(await slider.getAttribute('aria-valuemax')), now: Number(await slider.getAttribute('aria-valuenow')) });
  await page.getByText('recording', { exact: true }).waitFor();
  const before = await at();
  assert.deepEqual(before, { length: 4, now: 1 });
  await page.evaluate(() => { globalThis.stayed = document.querySelector('iframe'); });
  await piece(1, began + 5000, []);
  await piece(2, began + 10_000, []);
  await page.waitForFunction(() => document.querySelector('[role=slider][aria-label=Position]')?.getAttribute('aria-valuemax') === '14', null, { timeout: 30_000 });
  assert.equal((await at()).now, 1, 'the reader is where they were');
  assert.ok(await page.evaluate(() => globalThis.stayed === document.querySelector('iframe')), 'the picture is not loaded anew');
  assert.deepEqual(problems, []);
  await close();
});

test('evidence of an error is one file that loads nothing', async () => {
  const issue = (await ask('/organizations/main/issues/?query=')).find((i) => i.hindsight.replayCount > 0);
  const { page, problems, close } = await open(`/organizations/main/issues/${issue.id}/`);
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: /evidence file/i }).click()]);
  const folder = mkdtempSync(path.join(tmpdir(), 'evidence-'));
  const file = path.join(folder, 'evidence.html');
  await download.saveAs(file);
  assert.match(download.suggestedFilename(), /^evidence-[0-9a-f]{8}\.html$/);
  assert.match(readFileSync(file, 'utf8'), /runtime error|OutOfStock|deadlock|خطأ|ProviderReturned/);
  assert.deepEqual(problems, []);
  await close();
  const offline = await browser.newContext({ offline: true });
  const shown = await offline.newPage();
  const asked = [];
  shown.on('request', (r) => { if (!/^(file|data|blob|about):/.test(r.url())) asked.push(r.url()); });
  await shown.goto(`file://${file}`, { waitUntil: 'domcontentloaded' }); // the recorded page in it is written to for as long as it plays
  await shown.frameLocator('iframe').first().getByText('Pay $42.80').first().waitFor();
  assert.deepEqual(asked, []);
  await offline.close();
  rmSync(folder, { recursive: true });
});

test('one replay is deleted, and asked about first', async () => {
  const [id] = made.replays;
  const { page, problems, close } = await open(`/organizations/main/replays/${id}/`);
  const menu = () => page.getByRole('button', { name: 'More' }).click().then(() => page.getByRole('menuitem', { name: /delete this replay/i }).click());
  await menu();
  await page.getByRole('button', { name: 'Keep it' }).click();
  assert.equal((await replay(id)).is_archived, false);
  await menu();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click();
  await page.waitForURL(/\/replays\/(\?|$)/);
  assert.equal((await replay(id)).is_archived, true);
  await page.goto(`${base}/organizations/main/replays/${id}/`);
  await page.getByText('This replay was deleted').waitFor();
  assert.deepEqual(problems, []);
  await close();
});

test('chosen replays are deleted in bulk, and the dialog says how many went', async () => {
  const { page, problems, close } = await open('/organizations/main/replays/');
  const boxes = page.getByRole('checkbox', { name: /choose the replay of/i });
  await boxes.first().waitFor();
  const before = (await ask('/organizations/main/replays/')).data.length;
  await boxes.last().check();
  await boxes.nth((await boxes.count()) - 2).check();
  await page.getByRole('button', { name: 'Delete…' }).click();
  await page.getByRole('button', { name: 'Delete for good' }).click();
  await page.getByText('2 replays deleted.').waitFor();
  assert.equal((await ask('/organizations/main/replays/')).data.length, before - 2);
  assert.deepEqual(problems, []);
  await close();
});
