// The main job, once through: a merchant pins by keyboard in one browser, the card shows in another, a viewer buys
// beside the picture, and the order is on the desk and in the books with one pair less on the shelf.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import AxeBuilder from '@axe-core/playwright';
import { desktop, launch, phone, until, viewer } from './browser.mjs';
import { serve, stock } from './server.mjs';

let browser, server, products, end;
before(async () => {
  browser = await launch();
  server = await serve();
  products = await stock(server, 'tea');
  end = await server.push('tea', '--fps', '30', '--gop', '60');
});
after(async () => {
  await end?.();
  await server?.stop();
  await browser?.close();
});

async function accessible(page, what) {
  const found = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
  assert.deepEqual(found.violations.map((v) => `${what}: ${v.id} ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`), []);
}

/** A merchant signed in at the desk of the show. */
async function merchant() {
  const context = await browser.newContext({ viewport: desktop });
  const page = await context.newPage();
  await page.goto(`${server.url}/console`);
  await page.getByLabel('Name').fill('admin');
  await page.getByLabel('Password', { exact: true }).fill(server.password);
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: /Show tea/ }).first().click();
  return page;
}

test('pin by key, buy beside the picture, confirm at the desk', async () => {
  const desk = await merchant();
  const buyer = await viewer(browser, `${server.url}/s/tea`, { viewport: phone });
  await until(buyer, () => window.pictures.shown.length > 0);

  await desk.getByText('Product 2').first().waitFor();
  await desk.keyboard.press('2');
  const card = buyer.locator(`.card[data-product="${products[1]}"]`);
  await card.waitFor({ timeout: 60_000 });
  await accessible(buyer, 'watch page with a card');
  await accessible(desk, 'desk');

  await card.locator('.buy').click();
  await buyer.getByRole('button', { name: /cart/i }).first().click();
  await buyer.getByRole('button', { name: /check ?out/i }).click();
  await accessible(buyer, 'checkout');
  const fields = { 'contact.name': 'Lin Mei', 'contact.phone': '+49 30 1234567', 'address.line1': 'Hill Street 7', 'address.city': 'Berlin', 'address.postcode': '10115' };
  for (const [name, value] of Object.entries(fields)) await buyer.locator(`[name="${name}"]`).fill(value);
  await buyer.getByRole('radio').first().check();
  const placing = buyer.waitForResponse((r) => r.url().includes('/orders') && r.request().method() === 'POST');
  await buyer.locator('[data-action=order]').click();
  const { order } = await (await placing).json();
  await buyer.getByText(order.number).first().waitFor();
  await accessible(buyer, 'confirmation');
  assert.ok(await buyer.evaluate(() => !window.pictures.all(document, 'video')[0].paused), 'the picture plays on');

  assert.equal(order.total.amount, 2000);
  const { product } = await server.api('GET', `/products/${products[1]}`);
  assert.equal(product.skus[0].stock, 6);

  await desk.getByText(order.number).first().waitFor();
  await desk.keyboard.press('Escape');
  await card.waitFor({ state: 'detached', timeout: 60_000 });
  await server.api('POST', `/orders/${order.id}/confirm`);
  const after = await server.api('GET', `/orders/${order.id}`);
  assert.equal(after.order.status, 'confirmed');
  assert.deepEqual(buyer.errors, []);
  await Promise.all([desk.context().close(), buyer.context().close()]);
});
