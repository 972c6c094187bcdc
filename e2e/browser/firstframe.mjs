// make first-frame: how long a cold page of a 10-minute recording takes to show its chapters and its first frame.
// Beside each load, in turn, a peer: the app's own script drawing a page without data, for what this machine is worth
// at that moment.
//   FIRST_FRAME_LOADS=15      cold loads
//   FIRST_FRAME_REPLAY=<id>   of a server that runs at HINDSIGHT_BASE_URL (user dev@example.com), else one is started and filled
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openBrowser } from '../../examples/shop/drive.mjs';
import { seed } from '../seed/seed.mjs';
import { coldLoad, signedIn } from './coldload.mjs';

const bin = path.resolve(process.env.HINDSIGHT_BIN ?? fileURLToPath(new URL('../../bin/hindsight', import.meta.url)));
const loads = Number(process.env.FIRST_FRAME_LOADS ?? 15);
const login = ['dev@example.com', 'correct horse battery'];

/** A server of our own with one long recording among others. */
async function start() {
  const dir = mkdtempSync(path.join(tmpdir(), 'first-frame-'));
  const env = { ...process.env, HINDSIGHT_DATA_DIR: dir };
  const server = spawn(bin, ['serve', '--listen', '127.0.0.1:0'], { env, stdio: ['ignore', 'pipe', 'ignore'] });
  const stop = async () => {
    server.kill('SIGTERM');
    if (server.exitCode === null) await once(server, 'exit');
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    let said = '';
    const base = await new Promise((resolve, reject) => {
      server.stdout.on('data', (d) => { said += d; const m = /ready at (http:\/\/\S+)/.exec(said); if (m) resolve(m[1]); });
      server.once('exit', () => reject(new Error(`hindsight ended: ${said}`)));
    });
    const run = (...args) => execFileSync(bin, args, { env: { ...env, HINDSIGHT_BASE_URL: base }, encoding: 'utf8' }).trim();
    run('user', 'create', login[0], '--password', login[1], '--role', 'owner');
    const { long } = await seed({ web: run('project', 'create', 'web', '--platform', 'javascript'), api: run('project', 'create', 'payment', '--platform', 'go'), replays: 5, errors: 50, lines: 50 });
    await settled(base, run('token', 'create', '--scopes', 'event:read,org:read'), long);
    return { base, replay: long, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Waits until the recording is in whole: 120 segments. */
async function settled(base, token, replay) {
  for (const deadline = Date.now() + 120_000; ;) {
    const res = await fetch(`${base}/api/0/organizations/main/replays/${replay}/`, { headers: { authorization: `Bearer ${token}` } });
    const body = await res.json();
    if (body.data?.count_segments >= 120) return;
    if (Date.now() > deadline) throw new Error(`the recording is not in after two minutes: ${JSON.stringify(body).slice(0, 200)}`);
    await new Promise((r) => setTimeout(r, 250));
  }
}

const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
function row(name, times) {
  const sorted = [...times].sort((a, b) => a - b);
  console.log(`${name.padEnd(28)} ${at(sorted, 0.5).toFixed(0).padStart(6)} ms ${at(sorted, 0.95).toFixed(0).padStart(6)} ms`);
}

const { base, replay, stop } = process.env.FIRST_FRAME_REPLAY
  ? { base: process.env.HINDSIGHT_BASE_URL, replay: process.env.FIRST_FRAME_REPLAY, stop: async () => {} }
  : await start();
const browser = await openBrowser();
try {
  const state = await signedIn(browser, base, ...login);
  const long = { base, state, path: `/organizations/main/replays/${replay}/`, moments: ['chapters', 'frame'] };
  const peer = { base, state, path: '/there-is-no-such-page', moments: ['shell'] };
  await coldLoad(browser, long); // the server's caches and the browser's process
  await coldLoad(browser, peer);
  const seen = { chapters: [], frame: [], shell: [] };
  let ordered = 0;
  for (let i = 0; i < loads; i++) {
    const { shell } = await coldLoad(browser, peer);
    const { chapters, frame } = await coldLoad(browser, long);
    seen.shell.push(shell);
    seen.chapters.push(chapters);
    seen.frame.push(frame);
    if (chapters <= frame) ordered++;
  }
  console.log(`${loads} cold loads                  median       p95`);
  row('peer: page without data', seen.shell);
  row('chapters', seen.chapters);
  row('first frame', seen.frame);
  row('first frame less its peer', seen.frame.map((t, i) => t - seen.shell[i]));
  console.log(`chapters first in ${ordered} of ${loads}; limit of the first frame: 1000 ms`);
} finally {
  await browser.close();
  await stop();
}
