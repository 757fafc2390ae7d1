// The pages in a real browser: every look under axe, the way from a card to an order by keyboard alone, the size
// of what is touched, the focus never under something. Run by TestPagesInBrowser, which gives BASE and BROWSER.
import assert from 'node:assert/strict';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium } from 'playwright-core';

const base = process.env.BASE;
const browser = await chromium.launch({
  executablePath: process.env.BROWSER,
  args: ['--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

async function axe(page, name) {
  const { violations } = await new AxeBuilder({ page }).withTags(tags).analyze();
  const list = violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target.join(' ')}\n    ${n.html.slice(0, 200)}\n    ${n.failureSummary}`));
  assert.deepEqual(list, [], `${name}:\n  ${list.join('\n  ')}`);
}

/** Everything to be pressed is at least 44 × 44 (24 × 24 is the rule; these are thumbs on a moving picture). */
async function sizes(page, name) {
  const small = await page.evaluate(() => {
    const found = [];
    const walk = (root) => {
      for (const e of root.querySelectorAll('*')) {
        if (e.shadowRoot) walk(e.shadowRoot);
        if (!e.matches('button, a.button, select, .choices label, .way')) continue;
        const { width, height } = e.getBoundingClientRect();
        if (width > 0 && e.checkVisibility() && (width < 44 || height < 44)) found.push(`${e.outerHTML.slice(0, 90)} ${width}×${height}`);
      }
    };
    walk(document);
    return found;
  });
  assert.deepEqual(small, [], name);
}

/** The innermost element that has the focus, as one line. */
const focus = (page) =>
  page.evaluate(() => {
    let e = document.activeElement;
    while (e?.shadowRoot?.activeElement) e = e.shadowRoot.activeElement;
    const r = e.getBoundingClientRect();
    let top = document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2);
    while (top?.shadowRoot) {
      const inner = top.shadowRoot.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2);
      if (!inner || inner === top) break;
      top = inner;
    }
    const own = top === e || e.contains(top) || top?.contains(e);
    return { tag: e.localName, name: e.getAttribute('name') ?? e.dataset.action ?? e.className, free: own };
  });

/** Presses Tab until the focus is on `want`; every stop on the way must be in sight. */
async function tabTo(page, want, limit = 60) {
  for (let i = 0; i < limit; i++) {
    await page.keyboard.press('Tab');
    const at = await focus(page);
    assert.ok(at.free || at.tag === 'body', `the focus on ${at.tag} ${at.name} is covered`);
    if (at.name === want) return;
  }
  assert.fail(`Tab does not reach ${want}`);
}

async function open(path, options) {
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  page.on('pageerror', (e) => assert.fail(`${path}: ${e.stack}`));
  page.on('console', (m) => {
    if (/Content Security Policy|Refused to/.test(m.text())) assert.fail(`${path}: ${m.text()}`);
  });
  await page.goto(base + path);
  return page;
}

async function looks(options, name) {
  for (const [path, ready] of [['/', 'live-lobby .card'], ['/s/soon', '.countdown'], ['/s/over', '[data-situation=ended]'], ['/nowhere', '.plain'], ['/embed/live', 'pin-card .card'], ['/host', 'pin-card .card']]) {
    const page = await open(path, options);
    await page.locator(ready).first().waitFor();
    await axe(page, `${name} ${path}`);
    await page.context().close();
  }
}

/** From a card to a placed order without a mouse. */
async function buy(options, name) {
  const page = await open('/s/live', options);
  await page.locator('pin-card').nth(2).waitFor();
  assert.match(await page.locator('[role=status]').last().textContent(), /./, 'the pin is announced');
  assert.equal((await focus(page)).tag, 'body', 'a pin must not take the focus');
  await axe(page, `${name} live`);
  await sizes(page, `${name} live`);
  const covers = options.viewport.width < 860;
  if (covers) {
    await tabTo(page, 'shop');
    await page.keyboard.press('Enter');
    await page.locator('line-up [data-product=prd_pot]').waitFor();
    await axe(page, `${name} line-up`);
    await page.keyboard.press('Escape');
    await page.locator('shop-panel').waitFor({ state: 'detached' });
    assert.equal((await focus(page)).name, 'shop', 'closing gives the focus back');
    await page.keyboard.press('Enter');
  }
  await page.locator('line-up [data-product=prd_mug]').press('Enter');
  await page.locator('product-view [data-action=add]').press('Enter');
  assert.equal((await focus(page)).name, 'option-0', 'the missing choice has the focus');
  await axe(page, `${name} product`);
  await sizes(page, `${name} product`);
  await page.keyboard.press('Escape');
  assert.match((await focus(page)).name, /row/, 'back in the line-up where it was left');
  await page.locator('line-up [data-product=prd_pot]').press('Enter');
  await page.locator('product-view [data-action=add]').press('Enter');
  await page.locator('shop-panel [data-action=cart]').press('Enter');
  await page.locator('cart-view .total b').filter({ hasText: '89' }).waitFor();
  await axe(page, `${name} cart`);
  await sizes(page, `${name} cart`);
  await tabTo(page, 'checkout');
  await page.keyboard.press('Enter');
  await page.locator('checkout-view [data-action=order]:not([disabled])').press('Enter');
  assert.equal((await focus(page)).name, 'contact.name', 'the first wrong field has the focus');
  await axe(page, `${name} checkout`);
  await sizes(page, `${name} checkout`);
  await page.keyboard.type('Mei Lin');
  await tabTo(page, 'contact.phone');
  await page.keyboard.type('+49 171 5550123');
  await tabTo(page, 'address.line1');
  await page.keyboard.type('Gartenweg 4');
  await tabTo(page, 'address.city');
  await page.keyboard.type('Weimar');
  await tabTo(page, 'way');
  await page.keyboard.press('ArrowDown');
  await tabTo(page, 'order');
  await page.keyboard.press('Enter');
  await page.locator('[data-order="A7K2-19"]').waitFor();
  await axe(page, `${name} done`);
  await sizes(page, `${name} done`);
  await tabTo(page, 'watch');
  await page.keyboard.press('Enter');
  if (covers) await page.locator('shop-panel').waitFor({ state: 'detached' });
  await page.context().close();
}

try {
  const phone = { viewport: { width: 390, height: 844 }, hasTouch: true };
  const desk = { viewport: { width: 1440, height: 900 } };
  await buy({ ...phone, locale: 'en', colorScheme: 'light' }, 'phone en light');
  await buy({ ...desk, locale: 'zh-CN', colorScheme: 'dark' }, 'desktop zh dark');
  await looks({ ...phone, locale: 'zh-CN', colorScheme: 'dark' }, 'phone zh dark');
  await looks({ ...desk, locale: 'en', colorScheme: 'light' }, 'desktop en light');
  console.log('every look without a violation, the order by keyboard alone');
} finally {
  await browser.close();
}
