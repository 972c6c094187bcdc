// make demo: Hindsight (unless one is running) and Bob's Shop beside it. DRIVE=1 does the clicking.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { drive } from './drive.mjs';
import { projects, startShop } from './shop.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const hindsight = `${root}bin/hindsight`;
const base = process.env.HINDSIGHT_BASE_URL ?? 'http://127.0.0.1:8000';

const up = () => fetch(`${base}/readyz`).then((r) => r.ok, () => false);

async function startHindsight() {
  if (await up()) return null;
  const server = spawn(hindsight, ['serve'], { cwd: root, stdio: 'inherit' });
  for (const deadline = Date.now() + 30_000; !(await up());) {
    if (server.exitCode !== null) throw new Error('hindsight did not start: its words are above');
    if (Date.now() > deadline) throw new Error(`hindsight does not answer at ${base}`);
    await new Promise((r) => setTimeout(r, 100));
  }
  return server;
}

const server = await startHindsight();
const dsns = Object.fromEntries(Object.entries(projects).map(([slug, platform]) => [slug,
  execFileSync(hindsight, ['project', 'create', slug, '--platform', platform, '--exist-ok'], { cwd: root, encoding: 'utf8' }).trim()]));
const shop = await startShop({ dsns, services: `${root}bin/shop-services`, port: Number(process.env.SHOP_PORT ?? 9100) });

console.log(`\nBob's Shop is open at ${shop.url}: click through it, break something (bottom left), buy.`);
console.log(`Then look at ${base}/issues\n`);
if (process.env.DRIVE) {
  await drive(shop.url, (words) => console.log(`  ${words}`));
  console.log(`\nDone. Open ${base}/issues\n`);
}
if (process.env.DRIVE !== 'once') await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
await shop.stop();
if (server) {
  const ended = once(server, 'exit');
  server.kill('SIGTERM');
  await ended;
}
