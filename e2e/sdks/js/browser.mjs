// All the telemetry of one major of @sentry/browser, in a headless Chromium.
//
//   SENTRY_DSN=… node browser.mjs 11
//
// The page's console, with the SDK's debug log, goes to stdout; a line `SENT {…}` has the ids of
// what was sent.
import fs from 'node:fs';
import http from 'node:http';
import { chromium } from 'playwright-core';

const bundle = `bundle/${process.argv[2]}.js`;
const server = http.createServer((req, res) => {
  const { pathname } = new URL(req.url, 'http://shop');
  const file = { '/': 'page.html', '/page.js': bundle }[pathname];
  if (pathname === '/stock') {
    res.setHeader('content-type', 'application/json').end('{"stock":5}');
  } else if (!file) {
    res.writeHead(404).end();
  } else {
    res.setHeader('content-type', file.endsWith('.js') ? 'text/javascript' : 'text/html; charset=utf-8');
    res.setHeader('document-policy', 'js-profiling');
    fs.createReadStream(file).pipe(res);
  }
});
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
});
try {
  const page = await browser.newPage({ viewport: { width: 1000, height: 700 } });
  page.on('console', (m) => console.log(m.text()));
  await page.goto(`http://127.0.0.1:${server.address().port}/?dsn=${encodeURIComponent(process.env.SENTRY_DSN)}`);
  await page.waitForSelector('body[data-ready]');
  await sleep(2000); // the page load's own span ends
  await page.click('#errors');
  await sleep(300);
  await page.fill('#name', 'Jane');
  await page.click('#spans');
  await sleep(1500);
  await page.click('#telemetry');
  await page.click('#throw');
  await sleep(6000); // the recording's first segments, logs and metrics are sent in the meantime
  await page.evaluate(() => window.finish());
  await sleep(500);
  const sent = await page.evaluate(() => window.finish());
  await page.evaluate(() => { // hidden pages tell of what was dropped, and end their session
    Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await sleep(2000);
  console.log(`SENT ${JSON.stringify(sent)}`);
} finally {
  await browser.close();
  server.close();
}
