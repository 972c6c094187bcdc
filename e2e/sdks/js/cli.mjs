// What people do with sentry-cli: send-event, send-envelope, monitors run.
//
//   SENTRY_DSN=… node cli.mjs
//
// Its debug log goes to stdout; a line `SENT {…}` has the ids of what was sent.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const require = (await import('node:module')).createRequire(import.meta.url);
const cli = require.resolve(`@sentry/cli-${process.platform}-${process.arch}/bin/sentry-cli`);
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sentry-cli-'));
const sent = { sdk: require('@sentry/cli/package.json').version };

// run gives the ids the command prints. Its environment is its own: send-event sends all of it along.
function run(want, ...args) {
  const env = { PATH: '/usr/bin:/bin', HOME: dir, SENTRY_DSN: process.env.SENTRY_DSN };
  const { status, stdout, stderr } = spawnSync(cli, ['--log-level=debug', ...args], { env, encoding: 'utf8' });
  console.log(`$ sentry-cli ${args.join(' ')}\n${stdout}${stderr}`);
  if (status !== want) throw new Error(`sentry-cli ${args[0]} ended with ${status}, want ${want}`);
  return (stdout.match(/[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}/g) ?? []).map((id) => id.replaceAll('-', ''));
}

const event = { event_id: '00000000000000000000000000000000'.replace(/0/g, () => Math.floor(Math.random() * 16).toString(16)), level: 'error', platform: 'other', message: 'from an envelope', release: 'shop@1.2.3' };
const envelope = path.join(dir, 'event.envelope');
const file = path.join(dir, 'event.json');
try {
  const log = path.join(dir, 'app.log');
  fs.writeFileSync(log, '2026-11-20 12:00:00 logged in\n2026-11-20 12:00:01 paid\n');
  [sent.message] = run(0, 'send-event', '-m', 'the shop is %s', '-a', 'slow', '-l', 'warning', '-t', 'shop.region:eu-west', '-e', 'raw:one',
    '-u', 'id:42', '-u', 'email:jane@example.com', '-r', 'shop@1.2.3', '-d', '77', '-E', 'staging', '--no-environ', '--logfile', log);
  fs.writeFileSync(file, JSON.stringify({ message: 'order o-1 failed for jane', level: 'fatal', logger: 'shop.orders', fingerprint: ['orders', 'o-1'] }));
  [sent.fingerprint] = run(0, 'send-event', '--no-environ', file);
  const payload = JSON.stringify(event);
  fs.writeFileSync(envelope, `{"event_id":"${event.event_id}"}\n{"type":"event","length":${Buffer.byteLength(payload)}}\n${payload}\n`);
  run(0, 'send-envelope', envelope);
  sent.object = event.event_id;
  run(0, 'monitors', 'run', 'nightly-report', '--schedule', '0 3 * * *', '--timezone', 'Europe/Vienna', '--', 'true');
  run(1, 'monitors', 'run', 'nightly-report', '--', 'false');
} finally {
  fs.rmSync(dir, { recursive: true });
}
console.log(`SENT ${JSON.stringify(sent)}`);
