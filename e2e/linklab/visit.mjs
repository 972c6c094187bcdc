// One person on one page: look, pay (the backend fails), try again (it fails again), stay until that is recorded.
import { chromium } from 'playwright-core';

const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--disable-background-timer-throttling', '--disable-renderer-backgrounding', '--disable-backgrounding-occluded-windows'];

export function openBrowser() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: flags });
}

/**
 * @param {{id: string, user: string, setup: string, sdk: string}} visit gets `seen` (replay ids), `version`
 * @param {string} url of the backend
 * @param {import('./tap.mjs').Tap} tap
 */
export async function go(browser, visit, url, tap) {
  visit.seen = new Set();
  const context = await browser.newContext({ viewport: { width: 900, height: 600 } });
  try {
    await context.addCookies(Object.entries({ lab_visit: visit.id, lab_user: visit.user, lab_setup: visit.setup, lab_sdk: visit.sdk })
      .filter(([, value]) => value).map(([name, value]) => ({ name, value, url })));
    const page = await context.newPage();
    const look = async () => {
      const id = await page.evaluate(() => window.labReplay());
      if (id) visit.seen.add(id.replaceAll('-', ''));
    };
    const fails = async (button) => {
      await Promise.all([page.waitForResponse((r) => r.url().endsWith('/api/checkout')), page.click(button)]);
      return Date.now();
    };
    await page.goto(`${url}/shop`);
    visit.version = await page.locator('body[data-ready]').getAttribute('data-ready');
    await page.waitForTimeout(1_200);
    await look();
    await fails('#pay');
    await page.waitForTimeout(700);
    if (visit.setup === 'onerror') await page.click('#break');
    await page.waitForTimeout(900);
    await look();
    const last = await fails('#retry');
    // A flush comes within about 6 s of the last thing that happened; a busy machine may take longer.
    const recorded = () => [...visit.seen].some((id) => tap.recordings.get(id)?.to >= last);
    for (const deadline = Date.now() + 15_000; !recorded() && Date.now() < deadline;) await page.waitForTimeout(250);
    await look();
  } finally {
    await context.close();
  }
}
