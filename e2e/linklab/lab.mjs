// make link-lab: real browser SDKs in Chromium against real backends; every link the server makes is held against
// what page and backend know themselves. Ends with 1 when a goal is missed.
//   LINKLAB_USERS=2        people per set-up × SDK × backend, at the same moment
//   LINKLAB_PARALLEL=12    pages at once
//   LINKLAB_SETUPS, LINKLAB_SDKS, LINKLAB_BACKENDS   comma-separated, to run a part
//   LINKLAB_KEEP=1         keep the data directory, and say where it is
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { backends, setups, versions, visits } from './matrix.mjs';
import { Backend, build, Hindsight, serveAssets } from './processes.mjs';
import { Tap } from './tap.mjs';
import { judge, report } from './verdict.mjs';
import { go, openBrowser } from './visit.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const binary = path.resolve(process.env.HINDSIGHT_BIN ?? `${here}../../bin/hindsight`);
const list = (name) => process.env[name]?.split(',').filter(Boolean);
const pause = (ms) => new Promise((r) => setTimeout(r, ms));
const started = Date.now();
const say = (words) => console.error(`${((Date.now() - started) / 1000).toFixed(0).padStart(4)} s  ${words}`);

/** Sends everybody in, `parallel` at a time. */
async function visitAll(people, parallel, shops, tap) {
  const browser = await openBrowser();
  const left = [...people];
  let done = 0;
  const one = async () => {
    for (let v = left.shift(); v; v = left.shift()) {
      try {
        await go(browser, v, shops[v.backend].url, tap);
      } catch (err) {
        v.failed = String(err).split('\n')[0];
      }
      if (++done % 50 === 0) say(`${done} of ${people.length} visits`);
    }
  };
  try {
    await Promise.all(Array.from({ length: parallel }, one));
  } finally {
    await browser.close();
  }
}

/** The answers of the server for each error, once they do not change any more. */
async function settled(hindsight, errors) {
  for (let before = '', deadline = Date.now() + 60_000; ;) {
    const links = await linksOf(hindsight, errors);
    const now = JSON.stringify(links);
    if (now === before || Date.now() > deadline) return links;
    before = now;
    await pause(3_000);
  }
}

const key = (e) => e.event_id ?? `${e.trace_id}-${e.span_id}`;

async function linksOf(hindsight, errors) {
  const found = new Map(errors.map((e) => [key(e), []]));
  const ids = errors.flatMap((e) => (e.event_id ? [`event=${e.event_id}`] : []));
  for (let i = 0; i < ids.length; i += 20) {
    for (let cursor = ''; ;) {
      const page = await hindsight.get(`organizations/main/replay-links/?${ids.slice(i, i + 20).join('&')}&per_page=100${cursor}`);
      for (const l of page.body.data) found.get(l.itemId)?.push(l);
      if (!page.next) break;
      cursor = `&cursor=${encodeURIComponent(page.next)}`;
    }
  }
  return Object.fromEntries(found);
}

/** Errors that a backend reported and the server does not have. */
async function absent(hindsight, errors) {
  const out = [];
  for (const e of errors) {
    if (!e.event_id || !(await hindsight.get(`organizations/main/eventids/${e.event_id}/`))) out.push(e);
  }
  return out;
}

/** Gives the errors of OpenTelemetry services their ids: the server makes an event of an exception on a span. */
async function named(hindsight, errors) {
  const find = (spans, id) => {
    for (const s of spans) {
      if (s.event_id === id) return s.errors[0]?.event_id;
      const below = find(s.children ?? [], id);
      if (below) return below;
    }
  };
  const ask = () => Promise.all(errors.filter((e) => !e.event_id && !e.unsent).map(async (e) => {
    e.event_id = find((await hindsight.get(`organizations/main/trace/${e.trace_id}/`))?.body ?? [], e.span_id);
    return e.event_id;
  }));
  for (const deadline = Date.now() + 60_000; (await ask()).includes(undefined) && Date.now() < deadline;) await pause(1_000);
}

/** What the backend was handed, as its event tells: why nothing could be linked, or that something should have been. */
async function evidence(hindsight, row) {
  if (!row.stored) return 'the server has no such item';
  const { event } = (await hindsight.get(`organizations/main/eventids/${row.event_id}/`)).body;
  const headers = Object.fromEntries((event.entries.find((e) => e.type === 'request')?.data.headers ?? []).map(([k, v]) => [k.toLowerCase(), v]));
  const trace = headers['sentry-trace'];
  if (headers.baggage?.includes('sentry-replay_id=')) return 'the request named the replay';
  if (!trace) return 'the request carried no trace headers';
  return `the request carried a trace${trace.endsWith('-0') ? ', not sampled,' : ''} and no replay id`;
}

/** The misses in few lines: how many, where, and what there was to go by. */
async function misses(hindsight, rows) {
  const by = new Map();
  for (const r of rows.filter((r) => r.outcome === 'missed')) {
    const why = `${r.setup}: ${await evidence(hindsight, r)}`;
    const g = by.get(why) ?? { n: 0, sdks: new Set(), backends: new Set() };
    g.n++;
    g.sdks.add(r.sdk);
    g.backends.add(r.backend);
    by.set(why, g);
  }
  return [...by].sort().map(([why, g]) => `  ${String(g.n).padStart(4)} × ${why} (SDK ${[...g.sdks].sort().join(', ')}; ${[...g.backends].sort().join(', ')})`);
}

async function lab(work) {
  say('building pages and backends');
  const built = await build(here);
  const hindsight = new Hindsight(binary, work);
  const open = [];
  try {
    await hindsight.start();
    open.push(() => hindsight.stop());
    const tap = new Tap(hindsight.url);
    const port = await tap.listen();
    open.push(() => tap.close());
    const assets = await serveAssets(`${built.dir}/assets`);
    open.push(() => assets.close());

    const webDSN = new URL(hindsight.createProject('lab-web', 'javascript'));
    webDSN.port = port;
    const html = `${work}/index.html`;
    writeFileSync(html, readFileSync(`${here}page/index.html`, 'utf8').replace('<!--dsn-->', webDSN.href).replace('<!--assets-->', assets.url));

    const people = visits({ users: Number(process.env.LINKLAB_USERS ?? 2),
      only: { setups: list('LINKLAB_SETUPS'), sdks: list('LINKLAB_SDKS'), backends: list('LINKLAB_BACKENDS') } });
    const shops = Object.fromEntries([...new Set(people.map((v) => v.backend))].map((name) => [name, new Backend(name)]));
    for (const [name, shop] of Object.entries(shops)) {
      await shop.start(built, { LAB_HTML: html, SENTRY_DSN: hindsight.createProject(`lab-${name.replace('.', '-')}`, backends[name].platform) });
      open.push(() => shop.stop());
    }
    say(`${people.length} visits`);
    await visitAll(people, Number(process.env.LINKLAB_PARALLEL ?? 12), shops, tap);
    await Promise.all(Object.values(shops).map((s) => s.stop()));
    say('visits done, waiting for the server');
    return await evaluate({ hindsight, tap, people, built, errors: Object.values(shops).flatMap((s) => s.errors) });
  } finally {
    for (const close of open.reverse()) await close();
  }
}

async function evaluate({ hindsight, tap, people, built, errors }) {
  const byVisit = new Map(people.map((v) => [v.id, v]));
  errors = errors.filter((e) => byVisit.has(e.visit));
  await named(hindsight, errors);
  const links = await settled(hindsight, errors);
  const lost = new Set((await absent(hindsight, errors)).map(key));
  const rows = errors.map((e) => {
    const v = byVisit.get(e.visit);
    return { ...e, setup: v.setup, sdk: v.sdk, version: v.version, stored: !lost.has(key(e)), ...judge(e, v, tap.recordings, links[key(e)]), seen: [...v.seen], links: links[key(e)] };
  });
  const { text, numbers, reached } = report(rows);
  const failed = people.filter((v) => v.failed);
  console.log(Object.entries(versions({ here, python: built.python, read: (f) => readFileSync(f, 'utf8') })).map(([n, v]) => `${n} ${v}`).join(' · '));
  console.log(Object.entries(setups).map(([n, words]) => `  ${n}: ${words}`).join('\n'), '\n');
  console.log(text);
  for (const r of rows.filter((r) => r.outcome === 'wrong')) console.log('WRONG', JSON.stringify(r));
  const missed = await misses(hindsight, rows);
  if (missed.length) console.log(`\nMissed:\n${missed.join('\n')}`);
  if (failed.length) console.log(`Visits that did not work: ${failed.length} of ${people.length}, first: ${failed[0].id} ${failed[0].failed}`);
  if (tap.refused.length) console.log(`Requests of the browsers that were refused: ${tap.refused.length}, first: ${tap.refused[0]}`);
  console.log(`\n${rows.length} errors in ${people.length} visits, ${Math.round((Date.now() - started) / 1000)} s`);
  writeFileSync(`${built.dir}/last.json`, JSON.stringify({ numbers, rows, recordings: Object.fromEntries(tap.recordings), refused: tap.refused }, null, 1));
  return reached && failed.length === 0;
}

const work = mkdtempSync(path.join(os.tmpdir(), 'link-lab-'));
try {
  process.exitCode = (await lab(work)) ? 0 : 1;
} finally {
  if (process.env.LINKLAB_KEEP) say(`data is in ${work}`);
  else rmSync(work, { recursive: true, force: true });
}
