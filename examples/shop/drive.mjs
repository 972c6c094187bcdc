// Clicks through the shop as its customers do, in headless Chromium.
import { chromium } from 'playwright-core';

const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** Opens Debian's Chromium (or the one CHROMIUM names). */
export function openBrowser() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: flags });
}

/** One visitor of the shop: a page with the few things a customer does. */
export class Customer {
  constructor(page, url) {
    this.page = page;
    this.url = url;
  }

  static async enter(browser, url, user) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    const page = await context.newPage();
    await page.goto(`${url}/?user=${encodeURIComponent(user)}`);
    await page.locator('.good').first().waitFor();
    return new Customer(page, url);
  }

  async fault(name, on) {
    await this.page.locator('.faults').evaluate((d) => { d.open = true; });
    const box = this.page.locator(`[data-fault="${name}"]`);
    const done = this.page.waitForResponse((r) => r.url().endsWith('/api/faults') && r.request().method() === 'PUT');
    await box.setChecked(on);
    await done;
    await this.page.locator('.faults').evaluate((d) => { d.open = false; });
  }

  async browse() { await this.page.locator('a.brand').click(); await this.page.locator('.good').first().waitFor(); }

  async add(sku) { await this.page.locator(`[data-sku="${sku}"]:not([disabled])`).click(); }

  async toCheckout() {
    await this.page.locator('a.bag').click();
    await this.page.locator('#checkout:not([disabled])').click();
    await this.page.locator('#pay').waitFor();
    await this.page.locator('[name=card]').pressSequentially('4242424242424242', { delay: 15 });
    await this.page.locator('[name=expires]').fill('12/29');
    await this.page.locator('[name=cvc]').fill('123');
  }

  /** Pays and waits for the answer; gives its HTTP status. */
  async pay() {
    const answer = this.page.waitForResponse((r) => r.url().endsWith('/api/checkout'), { timeout: 20_000 });
    await this.page.locator('#pay').click();
    return (await answer).status();
  }

  /** Stays until the recorder has flushed, then leaves. */
  async leave() {
    await this.page.waitForTimeout(6_000);
    await this.page.goto('about:blank');
    await this.page.context().close();
  }
}

/** A morning at the shop: every fault once, and customers for whom all goes well. */
export async function drive(url, say = () => {}) {
  const browser = await openBrowser();
  try {
    const visits = [
      ['lena@example.com', 'buys flour and honey', async (c) => { await c.add('flour-1kg'); await c.add('honey-500g'); await c.toCheckout(); await c.pay(); }],
      ['ivan@example.com', 'buys cherries that are out of stock', async (c) => {
        await c.fault('oversell', true);
        await c.browse();
        await c.add('cherries-500g'); await c.add('olive-oil'); await c.toCheckout(); await c.pay();
        await c.pay(); await c.pay();
        await c.fault('oversell', false);
      }],
      ['sam@example.com', 'meets a payment that throws', async (c) => {
        await c.fault('payment-throws', true);
        await c.add('coffee-1kg'); await c.toCheckout(); await c.pay();
        await c.fault('payment-throws', false);
        await c.toCheckout(); await c.pay();
      }],
      ['mia@example.com', 'waits for a slow payment', async (c) => {
        await c.fault('payment-slow', true);
        await c.add('bread'); await c.add('eggs-10'); await c.toCheckout(); await c.pay();
        await c.fault('payment-slow', false);
      }],
      ['noor@example.com', 'finds shipping down', async (c) => {
        await c.add('lemons-1kg'); await c.toCheckout();
        await c.fault('shipping-down', true);
        await c.pay();
        await c.fault('shipping-down', false);
      }],
    ];
    for (const [user, words, act] of visits) {
      say(`${user} ${words}`);
      const customer = await Customer.enter(browser, url, user);
      await act(customer);
      await customer.leave();
    }
  } finally {
    await browser.close();
  }
}
