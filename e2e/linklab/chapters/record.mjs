// Records the visits in Chromium: node e2e/linklab/chapters/record.mjs [names…]. What the SDKs of page and services sent, and
// the labels with the moments of what the visitor did, go into linker/testdata/visits, where a test holds the chapters that are
// made of them against the labels. The shop's services must be built (make bin/shop-services examples/shop/web/dist/app.js).
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { startShop } from '../../../examples/shop/shop.mjs';
import { openBrowser } from '../visit.mjs';
import { startDesk } from './desk.mjs';
import { Sink } from './sink.mjs';
import { visits } from './visits.mjs';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const into = `${root}linker/testdata/visits/`;
const port = Number(process.env.CHAPTERS_PORT ?? 9300);

/** One person in the browser, and the person beside who takes notes. */
class Visitor {
  labels = [];
  mode = '';
  mask = false;

  constructor(context, site, sdk) {
    Object.assign(this, { context, site, sdk });
  }

  async opens(path, label, ready) {
    const cookies = { sdk: this.sdk ?? '', mode: this.mode, mask: this.mask ? '1' : '0' };
    await this.context.addCookies(Object.entries(cookies).map(([name, value]) => ({ name, value, url: this.site.url })));
    this.first ??= await this.context.newPage();
    this.page = this.first;
    await this.did(label, async (p) => { await p.goto(this.site.url + path); await ready(p); });
  }

  /** Does something and notes it, with the moment it began (or, of typing, ended), then waits. */
  async did([kind, on, route, status, requests], act, waits = 2_000, when = 'before') {
    let at = Date.now();
    await act(this.page);
    if (when === 'after') at = Date.now();
    this.labels.push({ at, kind, on, route, status, requests });
    this.last = Date.now();
    await this.page.waitForTimeout(waits);
  }

  /** Does something that leads to nothing worth a note. */
  async idly(act) {
    await act(this.page);
    this.last = Date.now();
    await this.page.waitForTimeout(1_500);
  }

  lane(...requests) { this.labels.push({ at: 0, kind: 'background', on: '', route: '', status: 'ok', requests }); }

  /** Opens another tab as people do, with what the first one remembers. */
  async tab(path, label, ready) {
    const at = Date.now();
    const [page] = await Promise.all([this.context.waitForEvent('page'), this.page.evaluate((to) => { window.open(to); }, path)]);
    await ready(page);
    this.page = page;
    const [kind, on, route, status, requests] = label;
    this.labels.push({ at, kind, on, route, status, requests });
    this.last = Date.now();
    await page.waitForTimeout(2_000);
  }

  async firstTab() {
    this.page = this.first;
    await this.page.bringToFront();
  }

  fault(name, on) {
    return fetch(`${this.site.url}/api/faults`, { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name, on }) });
  }

  /** Stays until what was last done is recorded, and the services have told their part. */
  async stays(sink) {
    await this.page.waitForTimeout(6_500); // a recorder flushes every five seconds
    const recorded = () => [...sink.recorded.values()].some((to) => to >= this.last);
    for (const deadline = Date.now() + 20_000; !recorded() && Date.now() < deadline;) await this.first.waitForTimeout(250);
    await this.first.waitForTimeout(1_500);
  }
}

const sink = new Sink();
const to = await sink.listen();
const dsn = (project) => `http://${'a'.repeat(32)}@127.0.0.1:${to}/${project}`;
// The linker's tests have five projects: two of the shop's services share one.
const dsns = { 'shop-web': dsn(1), 'shop-api': dsn(2), 'shop-auth': dsn(3), 'shop-inventory': dsn(3), 'shop-payment': dsn(4), 'shop-shipping': dsn(5) };
// The desk first: it fails at once when a visit's SDK cannot be bundled, and leaves nothing behind.
const desk = await startDesk(dsn(1), port + 9, [...new Set(visits.map((v) => v.sdk).filter(Boolean))]);
const sites = { desk, shop: await startShop({ dsns, services: `${root}bin/shop-services`, port, log: 'ignore' }) };
const browser = await openBrowser();
mkdirSync(into, { recursive: true });
try {
  for (const { name, site, sdk, act } of visits) {
    if (process.argv.length > 2 && !process.argv.includes(name)) continue;
    sink.requests = [];
    sink.recorded.clear();
    const context = await browser.newContext({ viewport: { width: 1000, height: 700 } });
    const v = new Visitor(context, sites[site], sdk);
    try {
      await act(v);
      await v.stays(sink);
    } finally {
      await context.close();
    }
    const text = JSON.stringify({ visit: name, sdk: sdk ?? 'shop', labels: v.labels, requests: sink.requests });
    const packed = gzipSync(text, { level: 9 });
    writeFileSync(`${into}${name}.json.gz`, packed);
    console.log(`${name}: ${v.labels.length} labels, ${sink.requests.length} requests, ${Math.round(packed.length / 1024)} kB`);
  }
} finally {
  await browser.close();
  await sites.shop.stop();
  sites.desk.stop();
  sink.close();
}
