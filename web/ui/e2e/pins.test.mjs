// A card comes and goes with its picture: within 100 ms of the marked one, for who is early and for who is late.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, median, shown, until, viewer } from './browser.mjs';
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

/** Milliseconds that the playlist's clock is ahead of the encoder's: what encoding and arriving took. */
async function ahead(page) {
  const pairs = await page.evaluate(async () => {
    const watch = document.querySelector('live-watch');
    const out = [];
    for (let i = 0; i < 40; i++) {
      await new Promise((r) => setTimeout(r, 50));
      const last = window.pictures.shown.at(-1);
      out.push(watch.player.wallNow().getTime() - (last.at + (Date.now() - last.now)));
    }
    return out;
  });
  return median(pairs);
}

/** The first picture from index on for which f(cards) holds. */
const first = (list, f, from = 0) => list.slice(from).find((p) => f(p.cards));

test('a card shows and hides within 100 ms of its marked picture, early and late viewer alike', async (t) => {
  const early = await viewer(browser, `${server.url}/s/tea`);
  await until(early, () => window.pictures.shown.length > 150);
  const offset = await ahead(early);

  const { pin, bound } = await server.api('POST', '/shows/tea/pins', { product: products[1] });
  const marked = Date.parse(bound.start) - offset;
  await until(early, (id) => window.pictures.shown.some((p) => p.cards.includes(id)), pin.id);
  const showed = first(await shown(early), (c) => c.includes(pin.id));
  t.diagnostic(`playlist clock ${offset} ms ahead; card ${showed.at - marked} ms after its picture`);
  assert.ok(Math.abs(showed.at - marked) <= 100, `card ${showed.at - marked} ms off its picture`);

  // Who joins a minute later has the card with the first picture.
  await new Promise((r) => setTimeout(r, 60_000 - (Date.now() - showed.now)));
  const late = await viewer(browser, `${server.url}/s/tea`);
  await until(late, (id) => window.pictures.shown.some((p) => p.cards.includes(id)), pin.id);
  const joined = await shown(late);
  const lag = first(joined, (c) => c.includes(pin.id)).now - joined[0].now;
  t.diagnostic(`late viewer: card ${lag} ms after the first picture`);
  assert.ok(lag <= 500, `the late viewer saw the card ${lag} ms after the first picture, over a part`);

  const gone = await server.api('DELETE', `/shows/tea/pins/${pin.id}`);
  const over = Date.parse(gone.pin.end) - offset;
  for (const [name, page] of [['early', early], ['late', late]]) {
    await until(page, (id) => !window.pictures.shown.at(-1).cards.includes(id), pin.id);
    const list = await shown(page);
    const last = list.findLastIndex((p) => p.cards.includes(pin.id));
    t.diagnostic(`${name} viewer: card gone ${list[last + 1].at - over} ms after its picture`);
    assert.ok(Math.abs(list[last + 1].at - over) <= 100, `${name}: the card went ${list[last + 1].at - over} ms off its picture`);
    assert.deepEqual(page.errors, []);
    await page.context().close();
  }
});
