// The help desk's app. It is bundled once for every SDK.
import * as Sentry from 'SENTRY';

const { DESK } = window;
Sentry.init({
  dsn: DESK.dsn,
  release: 'desk@1.0.0',
  integrations: [Sentry.browserTracingIntegration(), Sentry.replayIntegration({ maskAllText: DESK.mask, maskAllInputs: true, blockAllMedia: false })],
  tracesSampleRate: 1,
  replaysSessionSampleRate: 1,
});
Sentry.setUser({ id: 'agent-7' });

const main = document.querySelector('#main');
const ask = (method, path, body) => fetch(`/desk/api${path}`, { method, body });
const json = async (method, path, body) => (await ask(method, path, body)).json();

function el(tag, props = {}, ...children) {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children);
  return node;
}
const button = (textContent, onclick) => el('button', { type: 'button', textContent, onclick });
const labelled = (label, input) => { input.setAttribute('aria-label', label); return el('label', {}, `${label} `, input); };

function debounce(ms, fn) {
  let timer;
  return (...args) => { clearTimeout(timer); timer = setTimeout(() => fn(...args), ms); };
}

const list = (rows) => el('ul', { id: 'list' }, ...rows.map((t) => el('li', {}, el('a', { href: `/desk/tickets/${t.id}`, textContent: t.title }))));
const show = (rows) => document.querySelector('#list').replaceWith(list(rows));

async function tickets() {
  const at = Number(new URLSearchParams(location.search).get('page') ?? 1);
  const rows = await json('GET', `/tickets?page=${at}`);
  const search = el('input', { type: 'search', oninput: debounce(300, async () => show(await json('GET', `/search?q=${search.value}`))) });
  const more = button('Load more', async () => document.querySelector('#list').append(...list(await json('GET', `/tickets?page=${at + 1}`)).children));
  const next = el('a', { href: `/desk?page=${at + 1}`, textContent: 'Next page' });
  next.dataset.link = '';
  main.replaceChildren(el('h1', { textContent: 'Tickets' }), labelled('Search tickets', search), list(rows), more, next);
}

async function ticket(id) {
  const res = await ask('GET', `/tickets/${id}`);
  if (!res.ok) { main.replaceChildren(el('h1', { textContent: 'No such ticket' })); return; }
  const it = await res.json();
  const comments = await json('GET', `/tickets/${id}/comments`); // one after the other, as many pages do
  const said = el('p', { id: 'said', textContent: `${comments.length} comments` });
  const say = (words) => { said.textContent = words; };
  const reply = el('textarea', { oninput: debounce(400, () => ask('PUT', `/tickets/${id}/draft`, reply.value)) });
  const confirm = button('Yes, close it', async () => { await ask('DELETE', `/tickets/${id}`); say('Closed'); });
  const sync = async (again) => {
    const r = await ask('POST', '/sync');
    if (!r.ok && again) setTimeout(() => sync(false), 1_200);
    say(`Synchronised: ${r.status}`);
  };
  main.replaceChildren(el('h1', { textContent: it.title }), said, labelled('Reply', reply),
    button('Send reply', async () => { await ask('POST', `/tickets/${id}/comments`, reply.value); say('Sent'); }),
    button('Close ticket', () => { say('Really?'); main.append(confirm); }),
    button('Assign to me', async () => say(`Assigned: ${(await ask('PUT', `/tickets/${id}/assignee`)).status}`)),
    button('Print', () => {}),
    button('Export', debounce(800, async () => { await ask('GET', '/export'); say('Exported'); })),
    button('Refresh', async () => { await ask('GET', '/slow'); say('Fresh'); }),
    button('Unplug', () => ask('GET', '/unplugged').catch(() => say('No connection'))),
    button('Synchronise', () => sync(true)),
    button('Summarise', () => { say('…'); const bag = {}; say(bag.total.toFixed(2)); }),
    button('Attach file', () => {
      const x = new XMLHttpRequest();
      x.open('POST', '/desk/api/attachments');
      x.onload = () => say('Attached');
      x.send('file');
    }));
}

async function reports() {
  const [rows, stats] = await Promise.all([json('GET', '/reports'), json('GET', '/statistics')]);
  let after = 8;
  const tail = el('div', { style: 'height:600px', textContent: `${stats.open} open` });
  main.replaceChildren(el('h1', { textContent: 'Reports' }), list(rows), tail);
  addEventListener('scroll', debounce(150, async () => { await json('GET', `/reports?after=${after}`); after += 8; }));
}

function settings() {
  const said = el('p', { textContent: 'Your settings' });
  const save = async (e) => { e.preventDefault(); await ask('PUT', '/settings'); said.textContent = 'Saved'; };
  const signIn = async (e) => { e.preventDefault(); said.textContent = `Signed in: ${(await ask('POST', '/login', new URLSearchParams(new FormData(e.target)))).status}`; };
  const notify = el('input', { type: 'checkbox', onchange: () => ask('PUT', '/settings') });
  main.replaceChildren(el('h1', { textContent: 'Settings' }), said,
    el('form', { onsubmit: save }, labelled('Name', el('input', { name: 'name' })), labelled('Phone', el('input', { name: 'phone' })), el('button', { textContent: 'Save settings' })),
    el('form', { onsubmit: signIn }, labelled('Password', el('input', { name: 'password', type: 'password' })), el('button', { textContent: 'Unlock' })),
    labelled('Mail me', notify));
}

function route() {
  const id = /^\/desk\/tickets\/(\d+)$/.exec(location.pathname)?.[1];
  if (id) return ticket(id);
  return ({ '/desk/reports': reports, '/desk/settings': settings }[location.pathname] ?? tickets)();
}

if (main) {
  document.addEventListener('click', (e) => {
    const link = e.target.closest('#list a, a[data-link]');
    if (!link) return;
    e.preventDefault();
    history.pushState({}, '', link.href);
    route();
  });
  addEventListener('popstate', route);
  if (DESK.mode === 'poll') setInterval(() => ask('GET', '/presence'), 2_000);
  if (DESK.mode === 'beat') setInterval(() => ask('POST', '/events', '{}'), 5_000);
  route();
}
