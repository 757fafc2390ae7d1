// The encoder is killed and comes back, as an anchor's phone does on a bad line. A viewer who does nothing sees the
// last picture with a word over it, buys meanwhile, and sees the anchor again without anything being loaded anew.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, phone, until, viewer } from './browser.mjs';
import { serve, stock } from './server.mjs';
import { Returns, edgeOf, firstMedia } from './within.mjs';

let browser, server, products;
before(async () => {
  [browser, server] = await Promise.all([launch(), serve()]);
  products = await stock(server, 'shelf', 2);
});
after(async () => {
  await server?.stop();
  await browser?.close();
});

const small = ['--size', '320x180', '--fps', '25', '--gop', '50', '--kbps', '200'];
const returns = new Returns();

async function open(slug, options) {
  await server.api('POST', '/shows', { slug, title: `Show ${slug}`, currency: 'EUR', ways: ['cash_on_delivery'] });
  await server.api('PUT', `/shows/${slug}/lineup`, { products });
  const end = await server.push(slug, ...small);
  const page = await viewer(browser, `${server.url}/s/${slug}`, { reducedMotion: 'reduce', ...options });
  page.refused = [];
  page.on('response', (r) => {
    if (r.url().includes('/live/') && r.status() !== 200) page.refused.push(`${r.status()} ${r.url()}`);
  });
  await until(page, () => window.pictures.shown.length > 100);
  // What the status lines say from now on, and each hls.js that plays.
  await page.evaluate((edgeOf) => {
    window.said = [];
    const watch = document.querySelector('live-watch');
    const edge = (0, eval)(edgeOf);
    window.players = new Set([watch.player.hls]);
    window.edges = [];
    setInterval(() => {
      window.players.add(watch.player.hls);
      window.edges.push({ now: Date.now(), edge: edge(watch.player.hls) });
    }, 50);
    // Observed, not polled: on a busy machine the next word may come before a timer does.
    const status = [...watch.shadowRoot.querySelectorAll('p[role=status]')].at(-1);
    new MutationObserver(() => window.said.push(status.textContent.trim()))
      .observe(status, { childList: true, characterData: true, subtree: true });
  }, edgeOf);
  return { page, end };
}

const when = (page, situation, there = true) =>
  until(page, ([s, t]) => window.pictures.all(document, `[data-situation=${s}]`).length > 0 === t, [situation, there]);

/** Pushes again, and waits for a picture of it. */
async function comeBack(t, page, slug, ...flags) {
  const began = Date.now();
  const end = await server.push(slug, ...small, ...flags);
  await until(page, (at) => window.pictures.shown.some((p) => p.at >= at), began);
  const media = firstMedia(await (await fetch(`${server.url}/live/${slug}/v0/media.m3u8`)).text(), began);
  const edge = await page.evaluate((at) => {
    const { now } = window.pictures.shown.find((p) => p.at >= at);
    return window.edges.findLast((e) => e.now <= now).edge;
  }, began);
  returns.take(t, slug, edge - media);
  // It plays on, and comes near the live edge.
  const n = await page.evaluate(() => window.pictures.shown.length);
  await until(page, (from) => window.pictures.shown.length > from + 75 && window.pictures.shown.at(-1).now - window.pictures.shown.at(-1).at < 4000, n);
  return end;
}

/** Nothing but 200 was answered, and nothing was loaded anew. */
async function undisturbed(page, slug) {
  assert.deepEqual(page.refused, [], slug);
  assert.equal(await page.evaluate(() => window.players.size), 1, `${slug}: hls.js was made anew`);
  assert.deepEqual(page.errors, []);
}

/** Kills the encoder as a power cut would, and says when, and how far behind it the viewer was. */
async function kill(page, end) {
  const delay = await page.evaluate(() => window.pictures.shown.at(-1).now - window.pictures.shown.at(-1).at);
  await end('SIGKILL');
  return { at: Date.now(), delay };
}

const rest = (killed, seconds) => new Promise((go) => setTimeout(go, killed.at + seconds * 1000 - Date.now()));

async function buy(page) {
  const fields = { 'contact.name': 'Lin Mei', 'contact.phone': '+49 30 1234567', 'address.line1': 'Hill Street 7', 'address.city': 'Berlin', 'address.postcode': '10115' };
  await page.locator('pin-card .buy').click();
  await page.getByRole('button', { name: /cart/i }).first().click();
  await page.locator('[data-action=checkout]').click();
  for (const [name, value] of Object.entries(fields)) await page.locator(`[name="${name}"]`).fill(value);
  await page.getByRole('radio').first().check();
  const placing = page.waitForResponse((r) => r.url().includes('/orders') && r.request().method() === 'POST');
  await page.locator('[data-action=order]').click();
  const { order } = await (await placing).json();
  await page.getByText(order.number).first().waitFor();
  await page.locator('[data-action=watch]').click();
  return order;
}

async function oneSecond(t) {
  const { page, end } = await open('away1');
  const killed = await kill(page, end);
  await rest(killed, 1);
  const offer = page.locator('[data-action=sound], [data-action=mute]').first();
  await offer.waitFor();
  const back = await comeBack(t, page, 'away1', '--audio', '');
  await offer.waitFor({ state: 'hidden' }); // of a show without sound nobody is told to turn it on
  await kill(page, back);
  await comeBack(t, page, 'away1');
  await offer.waitFor();
  await undisturbed(page, 'away1');
}

async function fiveSeconds(t) {
  const { page, end } = await open('away5', { locale: 'zh-CN' });
  const killed = await kill(page, end);
  await when(page, 'away');
  assert.ok(Date.now() - killed.at < 3000 + Math.max(2000, killed.delay), `the word came after ${Date.now() - killed.at} ms`);
  assert.match(await page.evaluate(() => window.pictures.all(document, '[data-situation=away]')[0].textContent), /主播马上回来/);
  await rest(killed, 5);
  // Another size and rate of pictures: a discontinuity and a new map, and no more.
  await comeBack(t, page, 'away5', '--size', '480x270', '--fps', '30', '--gop', '60');
  await undisturbed(page, 'away5');
  const list = await (await fetch(`${server.url}/live/away5/v0/media.m3u8`)).text();
  assert.equal(list.match(/^#EXT-X-DISCONTINUITY$/gm)?.length, 1);
}

async function halfAMinute(t) {
  const { page, end } = await open('away30', { viewport: phone });
  const before = await (await fetch(`${server.url}/live/away30/v0/media.m3u8`)).text();
  const killed = await kill(page, end);
  await when(page, 'away');
  assert.ok(await page.evaluate(() => window.pictures.all(document, 'video')[0].readyState >= 2), 'the last picture is still there');

  // Pinned and bought while nobody is on camera.
  const { pin } = await server.api('POST', '/shows/away30/pins', { product: products[1] });
  await page.locator(`.card[data-pin="${pin.id}"]`).waitFor();
  const order = await buy(page);
  assert.equal(order.total.amount, 2000);
  const gaps = await (await fetch(`${server.url}/live/away30/v0/media.m3u8`)).text();
  assert.match(gaps, /^#EXT-X-GAP$/m);

  await rest(killed, 30);
  await comeBack(t, page, 'away30');
  await when(page, 'away', false);
  assert.ok(await page.evaluate((id) => window.pictures.all(document, `.card[data-pin="${id}"]`).length === 1, pin.id), 'the card stays');
  await undisturbed(page, 'away30');
  const words = (await page.evaluate(() => window.said)).filter((s) => /right back|is back/.test(s));
  assert.deepEqual(words.map((s) => /right back|is back/.exec(s)[0]).filter((w, i, all) => w !== all[i - 1]), ['right back', 'is back'], 'said once each');

  const after = await (await fetch(`${server.url}/live/away30/v0/media.m3u8`)).text();
  const first = (list) => Number(/^#EXT-X-MEDIA-SEQUENCE:(\d+)$/m.exec(list)[1]);
  assert.ok(first(after) >= first(before), 'the media sequence goes on');
  assert.doesNotMatch(after, /^#EXT-X-DISCONTINUITY$/m, 'nothing has changed');
  assert.equal(after.match(/^#EXT-X-MAP/gm).length, 1);
}

/** The show ends by itself, and goes on when its anchor returns after all. */
async function forGood() {
  const brief = await serve('packager:\n  end_after: 6s\n');
  await stock(brief, 'tea', 1);
  const end = await brief.push('tea', ...small);
  const page = await viewer(browser, `${brief.url}/s/tea`);
  await until(page, () => window.pictures.shown.length > 25);
  await end('SIGKILL');
  await when(page, 'away');
  await when(page, 'ended');
  assert.match(brief.log, /msg="show ended".*show=tea reason=publisher_away/);
  assert.equal((await brief.api('GET', '/shows/tea/desk')).show.endReason, 'publisher_away');
  const n = await page.evaluate(() => window.pictures.shown.length);
  await brief.push('tea', ...small);
  await until(page, (from) => window.pictures.shown.length > from + 25, n);
  assert.deepEqual(page.errors, []);
  await page.context().close();
  await brief.stop();
}

// Side by side, for their time passes anyway.
test('an encoder that is killed and comes back', { concurrency: true }, (t) =>
  Promise.all([
    t.test('after 1 s', oneSecond),
    t.test('after 5 s, with another picture', fiveSeconds),
    t.test('after 30 s, with an order meanwhile', halfAMinute),
    t.test('after the show has ended by itself', forGood),
  ]),
);
test('the picture is back within two segments', () => returns.check(4));
