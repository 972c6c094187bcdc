// Opens the built page in a headless Chromium and presses its button, which fails.
//
//   node visit.mjs DIR
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { chromium } from 'playwright-core';

const types = { '.js': 'text/javascript', '.html': 'text/html; charset=utf-8' };

const server = http.createServer((req, res) => {
  const { pathname } = new URL(req.url, 'http://shop');
  const file = path.join(process.argv[2], pathname === '/' ? 'index.html' : path.normalize(pathname));
  const type = types[path.extname(file)];
  if (!type || !fs.existsSync(file)) return res.writeHead(404).end(); // maps stay at home
  res.setHeader('content-type', type);
  fs.createReadStream(file).pipe(res);
});
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
});
try {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  await page.waitForSelector('body[data-ready]', { state: 'attached' });
  const sent = page.waitForResponse((r) => r.url().includes('/envelope/') && r.request().postData()?.includes('RangeError'));
  await page.click('#pay');
  console.log(`SENT ${(await (await sent).json()).id}`);
} finally {
  await browser.close();
  server.close();
}
