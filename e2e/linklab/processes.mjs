// Everything the lab starts: Hindsight in an empty directory, one process per backend, what they are built from.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import * as esbuild from 'esbuild';
import { backends, sdks } from './matrix.mjs';

export async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Waits until something answers at an address; fails when the process behind it ends. */
async function answers(url, child, seconds = 60) {
  for (const deadline = Date.now() + seconds * 1000; ;) {
    try {
      if ((await fetch(url)).status < 500) return;
    } catch {
      // not listening yet
    }
    if (child.exitCode !== null) throw new Error(`the process behind ${url} ended with ${child.exitCode}`);
    if (Date.now() > deadline) throw new Error(`nothing answers at ${url}`);
    await new Promise((r) => setTimeout(r, 100));
  }
}

async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 20_000);
  await ended;
  clearTimeout(late);
}

/** Builds the page once per SDK, the Go shop once per sentry-go, and the Python environment. */
export async function build(here) {
  const dir = `${here}.build`;
  mkdirSync(`${dir}/assets`, { recursive: true });
  for (const sdk of sdks) {
    await esbuild.build({ absWorkingDir: here, entryPoints: [`${here}page/page.js`], bundle: true, minify: true, format: 'iife', target: 'es2020', alias: { SENTRY: `browser-${sdk}` },
      outfile: `${dir}/assets/${sdk}.js`, logLevel: 'error', define: { __SENTRY_DEBUG__: 'false' } });
  }
  const go = { cwd: `${here}backends/go`, stdio: 'inherit', env: { ...process.env, CGO_ENABLED: '0' } };
  execFileSync('go', ['build', '-o', `${dir}/go-new`, '.'], go);
  execFileSync('go', ['build', '-modfile=v0.20.mod', '-tags=sentryold', '-o', `${dir}/go-old`, '.'], go);
  const python = `${here}.venv/bin/python`;
  const wanted = readFileSync(`${here}backends/requirements.txt`, 'utf8');
  if (!existsSync(`${here}.venv/installed`) || readFileSync(`${here}.venv/installed`, 'utf8') !== wanted) {
    execFileSync('python3', ['-m', 'venv', `${here}.venv`], { stdio: 'inherit' });
    execFileSync(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', `${here}backends/requirements.txt`], { stdio: 'inherit' });
    writeFileSync(`${here}.venv/installed`, wanted);
  }
  return { here, dir, python, goNew: `${dir}/go-new`, goOld: `${dir}/go-old` };
}

/**
 * Serves the bundles; pages load them from another origin, as from a CDN. Without CORS a browser would say nothing
 * but "Script error." of what they throw, SDKs drop that, and no on-error replay would ever begin.
 */
export async function serveAssets(dir) {
  const known = new Map(readdirSync(dir).map((f) => [`/${f}`, readFileSync(path.join(dir, f))]));
  const server = http.createServer((req, res) => {
    const body = known.get(req.url);
    res.writeHead(body ? 200 : 404, { 'content-type': 'text/javascript', 'cache-control': 'max-age=600', 'access-control-allow-origin': '*' });
    res.end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => { server.closeAllConnections(); server.close(); } };
}

export class Hindsight {
  constructor(binary, dir) {
    this.binary = binary;
    this.dir = dir;
  }

  async start() {
    this.url = `http://127.0.0.1:${await freePort()}`;
    this.flags = ['--data-dir', `${this.dir}/data`, '--base-url', this.url];
    this.child = spawn(this.binary, ['serve', ...this.flags, '--listen', new URL(this.url).host, '--log-level', 'warn'], { cwd: this.dir, stdio: ['ignore', 'ignore', 'inherit'] });
    await answers(`${this.url}/readyz`, this.child);
    this.token = this.command('token', 'create', '--scopes', 'org:read,project:read,event:read');
  }

  /** Runs a command of the binary beside the server; gives what it prints. */
  command(...args) {
    return execFileSync(this.binary, [...args, ...this.flags], { cwd: this.dir, encoding: 'utf8' }).trim();
  }

  createProject(slug, platform) { return this.command('project', 'create', slug, '--platform', platform); }

  /** Asks the API: {body, next: the cursor of the next page, if there is one}; null when there is no such thing. */
  async get(path) {
    const ask = () => fetch(`${this.url}/api/0/${path}`, { headers: { authorization: `Bearer ${this.token}` } });
    const r = await ask().catch(ask); // a connection that was kept open may just have been closed
    if (r.status === 404) return null;
    if (!r.ok) throw new Error(`GET /api/0/${path}: ${r.status} ${await r.text()}`);
    const next = (r.headers.get('link') ?? '').match(/rel="next"; results="true"; cursor="([^"]+)"/)?.[1];
    return { body: await r.json(), next };
  }

  stop() { return end(this.child); }
}

/** One backend: it prints a JSON line for each error it reported. */
export class Backend {
  errors = [];

  constructor(name) { this.name = name; }

  async start(built, env) {
    const { run, tracing } = backends[this.name];
    const port = await freePort();
    const [command, ...args] = run(built);
    this.url = `http://127.0.0.1:${port}`;
    this.child = spawn(command, args, { cwd: built.here, stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env, PORT: String(port), LAB_TRACING: tracing } });
    createInterface({ input: this.child.stdout }).on('line', (line) => this.errors.push({ backend: this.name, ...JSON.parse(line) }));
    await answers(`${this.url}/api/nothing`, this.child);
  }

  stop() { return end(this.child); }
}
