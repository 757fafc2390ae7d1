// The pin desk on a running server: at the moment the merchant sees, under other hands' changes, through the end of
// a sign-in session, on a phone, and for who cannot see it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import AxeBuilder from '@axe-core/playwright';
import { desktop, launch, phone } from './browser.mjs';
import { serve, stock } from './server.mjs';

let browser, server, products, end;
before(async () => {
  browser = await launch();
  server = await serve();
  products = await stock(server, 'tea', 4);
  end = await server.push('tea', '--fps', '30', '--gop', '60');
});
after(async () => {
  await end?.();
  await server?.stop();
  await browser?.close();
});

/** A merchant signed in at a place of the console. */
async function merchant(place, options = {}) {
  const context = await browser.newContext({ viewport: desktop, locale: 'en', reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  page.faults = [];
  page.on('pageerror', (e) => page.faults.push(e.message));
  page.on('console', (m) => {
    if (/Content Security Policy/.test(m.text())) page.faults.push(m.text());
  });
  await page.goto(`${server.url}/console${place}`);
  await page.getByLabel('Name').fill('admin');
  await page.getByLabel('Password', { exact: true }).fill(server.password);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Your account' }).waitFor();
  return page;
}

async function accessible(page, what) {
  const found = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']).analyze();
  assert.deepEqual(found.violations.map((v) => `${what}: ${v.id} ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`), []);
}

async function done(page) {
  assert.deepEqual(page.faults, []);
  await page.context().close();
}

const desk = () => server.api('GET', '/shows/tea/desk');
const unpinned = () => server.api('DELETE', '/shows/tea/pins');

test('Shift and a digit pin at the picture the merchant sees; a fourth says what to do; Esc takes all down', async () => {
  const page = await merchant('#/desk/tea');
  const behind = page.getByText(/s behind/);
  await behind.waitFor({ timeout: 60_000 });
  await page.waitForTimeout(1500); // the delay settles: hls.js catches up after its start
  const delay = Number(/[\d.]+/.exec(await behind.textContent())[0]) * 1000;
  await page.keyboard.press('Shift+Digit2');
  await page.getByRole('button', { name: 'Unpin Product 2' }).first().waitFor();
  const { pins, now } = await desk();
  const lag = Date.parse(now) - Date.parse(pins[0].start);
  assert.ok(lag > delay - 500 && lag < delay + 2500, `pinned ${lag} ms back, the picture was ${delay} ms behind`);

  await page.keyboard.press('1');
  await page.keyboard.press('3');
  await page.getByRole('button', { name: 'Unpin Product 3' }).first().waitFor();
  await page.keyboard.press('4');
  await page.getByText('3 cards are up').waitFor();
  await page.keyboard.press('Escape');
  await page.getByText('3 cards taken down').waitFor();
  assert.equal((await desk()).pins.length, 0);
  await page.getByRole('button', { name: 'Put back' }).click();
  await page.getByRole('button', { name: 'Unpin Product 3' }).first().waitFor();
  await unpinned();
  await page.getByRole('button', { name: 'Unpin Product 3' }).first().waitFor({ state: 'detached' });
  await done(page);
});

test('a stock typed while others sell keeps what they sold, and digits in a field pin nothing', async () => {
  const page = await merchant('#/desk/tea');
  const field = page.getByLabel('Stock of Product 3');
  await field.click();
  assert.equal(await field.inputValue(), '7');
  const sku = (await desk()).products[2].skus[0].id;
  await server.api('PATCH', `/skus/${sku}`, { adjust: -2 });
  await field.fill('12');
  await field.press('1');
  await field.press('Backspace');
  await field.press('Enter');
  await page.waitForFunction((f) => f.value === '10', await field.elementHandle());
  const { pins, products: now } = await desk();
  assert.deepEqual([pins.length, now[2].skus[0].stock], [0, 10]);
  await done(page);
});

test('the end of a session keeps what was typed and goes on after signing in', async () => {
  const page = await merchant('#/show/tea');
  await page.getByLabel('Title').fill('Typed before the end');
  await page.context().clearCookies();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('Please sign in again').waitFor();
  await accessible(page, 'signed out in the middle');
  await page.getByLabel('Password', { exact: true }).fill(server.password);
  await page.keyboard.press('Enter');
  await page.getByText('Saved', { exact: true }).waitFor();
  assert.equal((await desk()).show.title, 'Typed before the end');
  await done(page);
});

test('a line-up is sorted by keys and by dragging', async () => {
  const page = await merchant('#/show/tea');
  const names = async () => (await desk()).products.map((p) => p.title);
  const sorted = async (...want) => {
    for (let i = 0; i < 40 && String(await names()) !== String(want); i++) await page.waitForTimeout(100);
    assert.deepEqual(await names(), want);
  };
  await page.getByRole('button', { name: /^Product 1, place 1/ }).focus();
  await page.keyboard.press('ArrowDown');
  await sorted('Product 2', 'Product 1', 'Product 3', 'Product 4');
  await page.keyboard.press('ArrowUp');
  await sorted('Product 1', 'Product 2', 'Product 3', 'Product 4');
  const grips = page.locator('lineup-editor li .grip');
  const [from, to] = [await grips.nth(0).boundingBox(), await grips.nth(2).boundingBox()];
  await page.mouse.move(from.x + 10, from.y + 10);
  await page.mouse.down();
  await page.mouse.move(to.x + 10, to.y + to.height, { steps: 20 });
  await page.mouse.up();
  await sorted('Product 2', 'Product 3', 'Product 1', 'Product 4');
  await server.api('PUT', '/shows/tea/lineup', { products });
  await done(page);
});

test('a product with a picture and sizes is added from a phone and pinned by the thumb', async () => {
  const page = await merchant('#/desk/tea', { viewport: phone, hasTouch: true });
  await accessible(page, 'desk on a phone');
  await page.getByRole('link', { name: 'Products' }).click();
  await page.getByRole('button', { name: 'New product' }).click();
  await page.getByLabel('Name', { exact: true }).fill('Kiln cup');
  await page.getByRole('button', { name: 'Add sizes or colours' }).click();
  await page.getByLabel('Option', { exact: true }).fill('Size');
  await page.getByLabel('Values, separated').fill('S, L');
  await page.getByLabel('Values, separated').press('Tab');
  await page.getByLabel('Price for all').fill('18,50');
  await page.getByLabel('Stock for each').fill('6');
  await page.getByLabel('Stock for each').press('Tab');
  const picture = await page.screenshot({ type: 'jpeg', clip: { x: 0, y: 0, width: 300, height: 300 } });
  await page.locator('picture-strip input[type=file]').last().setInputFiles({ name: 'cup.jpg', mimeType: 'image/jpeg', buffer: picture });
  await page.locator('picture-strip img').waitFor();
  await accessible(page, 'product form');
  await page.getByRole('button', { name: 'Create product' }).click();
  await page.getByRole('button', { name: 'Add to line-up' }).click();
  await page.getByText('Kiln cup is in the line-up').waitFor();
  await page.getByRole('link', { name: 'Desk' }).click();
  await page.getByRole('button', { name: 'Pin Kiln cup' }).tap();
  await page.getByRole('button', { name: 'Unpin Kiln cup' }).first().waitFor();
  const { pins, products: list } = await desk();
  const cup = list.find((p) => p.title === 'Kiln cup');
  assert.equal(pins[0].product, cup.id);
  assert.deepEqual([cup.images.length, cup.skus.map((s) => [s.options[0], s.price.amount, s.stock])], [1, [['S', 1850, 6], ['L', 1850, 6]]]);
  await unpinned();
  await done(page);
});

test('every place is accessible, light and dark', async () => {
  for (const colorScheme of ['light', 'dark']) {
    const page = await merchant('#/shows', { colorScheme });
    await page.getByRole('link', { name: /Live|On air/i }).first().waitFor();
    await accessible(page, `shows, ${colorScheme}`);
    for (const place of ['desk/tea', 'orders/tea', 'show/tea', 'products']) {
      await page.evaluate((p) => { location.hash = '#/' + p; }, place);
      await page.getByRole('heading', { level: 2 }).first().waitFor();
      await accessible(page, `${place}, ${colorScheme}`);
    }
    await page.evaluate(() => { location.hash = '#/desk/tea'; });
    await page.getByRole('button', { name: 'Keyboard shortcuts' }).click();
    await accessible(page, `shortcuts, ${colorScheme}`);
    await done(page);
  }
});
