// Too much of everything, through the real edge: for looking at screens that are full, and for tests that must
// hold on them. `make seed` fills a running Hindsight; tests call seed() with smaller numbers.
import { execFileSync } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { backendError, hex, segment, transaction } from './envelopes.mjs';
import { change, click, console_, memory, meta, move, navigation, press, rage, request, snapshot, table, vital } from './page.mjs';

const SEGMENT_MS = 5000;
const HOUR = 3600_000;

const people = [
  { email: 'ivan@example.com', username: 'Ivan' },
  { email: 'a.very.long.name.that.somebody.really.has.and.that.does.not.fit.anywhere@subdomain.of.a.long.company.example.com' },
  { email: 'maryam@example.com', username: 'مريم الحسيني' },
  { email: 'noor@example.com', username: '🦊 Noor 🧺🍒' },
  { id: '8841' },
  {},
];

const failures = [
  { type: 'panic', value: 'runtime error: invalid memory address or nil pointer dereference', frames: 200 },
  { type: 'github.com/example/shop/payment/internal/authorisation.ProviderReturnedSomethingNobodyExpectedError', value: `the answer was ${'very '.repeat(60)}long`, frames: 12 },
  { type: 'خطأ', value: 'فشل الدفع: البطاقة مرفوضة من قبل البنك', frames: 9 },
  { type: 'OutOfStock', value: '🍒🍒🍒 cherries-500g: want 2, on hand 0 – 在庫切れ', frames: 30 },
  { type: 'deadlock', value: '', frames: 1 },
];

/** Many at once, in order of their start. */
async function all(jobs, atOnce = 8) {
  let next = 0;
  await Promise.all(Array.from({ length: Math.min(atOnce, jobs.length) }, async () => {
    while (next < jobs.length) await jobs[next++]();
  }));
}

/** One session: a click every ten seconds or so, every third of which fails. Gives the jobs that send it. */
function session({ web, api }, { seconds, rows, user, start, errors = 0, lines = 0, failure }) {
  const replay = { id: hex(16), start, user, tags: { plan: 'pro', experiment: 'checkout-b' } };
  const page = table(`Checkout of ${user.username ?? user.email ?? 'somebody'}`, rows);
  const end = start + seconds * 1000;
  const jobs = [];
  const events = [navigation(start - 400, 'https://shop.example.com/checkout'), meta(start, 'https://shop.example.com/checkout?step=2'), snapshot(start + 5, page), vital(start + 900, 'largest-contentful-paint', 900, 'good')];
  const traces = [];
  for (let at = start + 200; at < end; at += 200) {
    events.push(move(at, 80 + ((at / 7) % 900), 80 + ((at / 13) % 500), page.button));
    if (at % 2000 === start % 2000) events.push(change(at, page.cells.slice(0, 10).map((cell) => ({ id: cell, value: `${Math.floor(at / 100) % 997}.00` }))), memory(at, 8e6 + ((at - start) / 100) * 500));
  }
  // At uneven times: what comes like a clock is a timer's, not a person's.
  for (let at = start + 3000, n = 0; at < end - 1500; at += 7000 + ((n * 5) % 7) * 1000, n++) {
    const traceId = hex(16);
    const spanId = hex(8);
    const server = hex(8);
    const fails = n % 3 === 0;
    traces.push(traceId);
    events.push(press(at, page.button), click(at, page.button, 'Pay $42.80'), request(at + 4, at + 430, 'POST', 'https://shop.example.com/api/checkout', fails ? 500 : 200, { traceId, spanId }));
    if (n < 12) jobs.push(() => transaction(api, { at: at + 10, end: at + 420, traceId, parent: spanId, spanId: server }));
    if (fails) jobs.push(() => backendError(api, replay, { at: at + 400, traceId, spanId: server, ...failure }));
  }
  if (seconds > 30) events.push(rage(start + 14_000, page.button, 'Pay $42.80', 6));
  for (let i = 0; i < lines; i++) events.push(console_(start + 1000 + (i / lines) * (seconds - 2) * 1000, ['log', 'info', 'warning', 'error'][i % 4], `${i}: loaded module chunk-${i} ${i % 50 === 0 ? 'مرحبا 🧺 '.repeat(20) : ''}`));
  for (let i = 0; i < errors; i++) jobs.push(() => backendError(api, replay, { at: start + 1000 + (i / errors) * (seconds - 2) * 1000, traceId: traces[i % traces.length], spanId: hex(8), ...failures[i % failures.length], frames: 3 }));
  events.sort((a, b) => stamp(a) - stamp(b));
  for (let n = 0, from = start - 500; from < end; n++, from += SEGMENT_MS) {
    const own = events.filter((e) => stamp(e) >= from && stamp(e) < from + SEGMENT_MS);
    if (own.length > 0) jobs.unshift(() => segment(web, replay, n, own, { urls: n === 0 ? ['https://shop.example.com/checkout'] : [], end: Math.min(end, from + SEGMENT_MS), traces: traces.slice(0, 100) }));
  }
  return { replay, jobs };
}

/** Milliseconds, also of what is told in seconds. */
const stamp = (e) => (e.timestamp > 9_999_999_999 ? e.timestamp : e.timestamp * 1000);

/** Fills two projects. Gives the ids of the replays that stand out. */
export async function seed({ web, api, replays = 50, errors = 5000, lines = 5000, minutes = 10, rows = 400, say = () => {} }) {
  const now = Date.now();
  const made = [];
  for (let i = 0; i < replays; i++) {
    const s = session({ web, api }, { seconds: 15 + ((i * 7) % 60), rows: 20, user: people[i % people.length], start: now - 2 * HOUR - i * 20 * 60_000, failure: failures[i % failures.length] });
    made.push(s.replay.id);
    await all(s.jobs);
  }
  say(`${replays} replays`);
  const full = session({ web, api }, { seconds: 120, rows: 60, user: people[3], start: now - HOUR, errors, lines, failure: failures[0] });
  await all(full.jobs);
  say(`one with ${errors} errors and ${lines} console lines: ${full.replay.id}`);
  const long = session({ web, api }, { seconds: minutes * 60, rows, user: people[0], start: now - minutes * 60_000 - 60_000, failure: failures[0] });
  await all(long.jobs);
  say(`one of ${minutes} minutes: ${long.replay.id}`);
  return { replays: made, full: full.replay.id, long: long.replay.id };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const dsn = (slug, platform) => execFileSync(`${root}bin/hindsight`, ['project', 'create', slug, '--platform', platform, '--exist-ok'], { cwd: root, encoding: 'utf8' }).trim();
  await seed({ web: dsn('too-much-web', 'javascript'), api: dsn('too-much-payment', 'go'), say: (words) => console.log(words) });
}
