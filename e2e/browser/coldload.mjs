// One cold load of a replay page, and when its reader saw what: times are milliseconds since the navigation began.

// Runs in the app's page and in the player's page before anything of theirs. A moment counts once the frame after the
// one that drew it begins: what is in the DOM by then was painted.
function watch() {
  const stamp = (name) => requestAnimationFrame(() => { window.top.__seen[name] ??= performance.timeOrigin + performance.now() - window.top.performance.timeOrigin; });
  const seen = (name, test) => {
    const look = () => (test() ? stamp(name) : requestAnimationFrame(look));
    requestAnimationFrame(look);
  };
  if (window === window.top) {
    window.__seen = {};
    seen('chapters', () => document.querySelector('#panel li')?.textContent.trim());
    seen('shell', () => document.querySelector('#root h1'));
  } else if (location.pathname === '/player.html') {
    // The recorded page itself: words of it in the innermost frame, with a size on the screen.
    seen('frame', () => {
      const inner = document.querySelector('iframe');
      const body = inner?.contentDocument?.body;
      return body && inner.getBoundingClientRect().height > 0 && body.innerText.trim().length > 0;
    });
  }
}

/** Signs in once; what a browser keeps of it. */
export async function signedIn(browser, base, email, password) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${base}/sign-in`);
  await page.getByLabel(/e-mail/i).fill(email);
  await page.getByLabel(/password/i).fill(password);
  await page.getByRole('button', { name: /sign in/i }).click();
  await page.waitForURL(/organizations/);
  const state = await context.storageState();
  await context.close();
  return state;
}

/** Opens a page in a fresh context with an empty cache and waits until `moments` were seen. */
export async function coldLoad(browser, { base, state, path, moments, prepare = async () => {} }) {
  const context = await browser.newContext({ storageState: state, viewport: { width: 1440, height: 900 } });
  try {
    await context.addInitScript(watch);
    const page = await context.newPage();
    await prepare(page);
    await page.goto(base + path, { waitUntil: 'commit' });
    await page.waitForFunction((names) => names.every((n) => window.__seen?.[n]), moments, { timeout: 60_000, polling: 50 });
    return await page.evaluate(() => window.__seen);
  } finally {
    await context.close();
  }
}
