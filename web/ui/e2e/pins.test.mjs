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
    while (out.length < 40) {
      await new Promise((r) => setTimeout(r, 50));
      const last = window.pictures.shown.at(-1);
      // Where a busy machine makes the picture wait, how old the last one is says nothing of the clocks.
      if (Date.now() - last.now > 100) continue;
      out.push(watch.player.wallNow().getTime() - (last.at + (Date.now() - last.now)));
    }
    return out;
  });
  return median(pairs);
}

/**
 * Asserts that the card is there in every picture from 100 ms after `from` to 100 ms before `to` and in none outside:
 * a machine too busy to draw each picture leaves some out, and that is not the card's doing.
 */
function shownBetween(list, pin, from, to, name) {
  const wrong = list.filter(({ at, cards }) => {
    const there = cards.includes(pin);
    return (there && (at < from - 100 || at > to + 100)) || (!there && at > from + 100 && at < to - 100);
  });
  assert.deepEqual(wrong.map((p) => `${name}: ${p.cards.length ? 'card' : 'no card'} ${p.at - from} ms after it was pinned, ${p.at - to} ms after it was taken off`), []);
}

test('a card shows and hides within 100 ms of its marked picture, early and late viewer alike', async (t) => {
  const early = await viewer(browser, `${server.url}/s/tea`);
  await until(early, () => window.pictures.shown.length > 150);
  const offset = await ahead(early);

  const { pin, bound } = await server.api('POST', '/shows/tea/pins', { product: products[1] });
  const marked = Date.parse(bound.start) - offset;
  await until(early, (id) => window.pictures.shown.some((p) => p.cards.includes(id)), pin.id);
  const showed = (await shown(early)).find((p) => p.cards.includes(pin.id));
  t.diagnostic(`playlist clock ${offset} ms ahead; card ${showed.at - marked} ms after its picture`);

  // Who joins a minute later has the card with the first picture.
  await new Promise((r) => setTimeout(r, 60_000 - (Date.now() - showed.now)));
  const late = await viewer(browser, `${server.url}/s/tea`);
  await until(late, (id) => window.pictures.shown.some((p) => p.cards.includes(id)), pin.id);
  const joined = await shown(late);
  const lag = joined.find((p) => p.cards.includes(pin.id)).now - joined[0].now;
  t.diagnostic(`late viewer: card ${lag} ms after the first picture`);
  assert.ok(lag <= 500, `the late viewer saw the card ${lag} ms after the first picture, over a part`);

  // In a minute the playlist's clock may have been corrected by some milliseconds.
  const later = await ahead(early);
  const gone = await server.api('DELETE', `/shows/tea/pins/${pin.id}`);
  const over = Date.parse(gone.pin.end) - later;
  for (const [name, page] of [['early', early], ['late', late]]) {
    // What cards the last picture has is not known yet, and on a busy machine there may be none just before it.
    await until(page, (at) => window.pictures.shown.at(-2).at > at, over + 500);
    const list = (await shown(page)).slice(0, -1);
    t.diagnostic(`${name} viewer: card gone ${list[list.findLastIndex((p) => p.cards.includes(pin.id)) + 1].at - over} ms after its picture`);
    // What the late viewer saw before it knew of pins at all was judged above.
    const from = page === late ? list.findIndex((p) => p.cards.includes(pin.id)) : 0;
    shownBetween(list.slice(from), pin.id, marked, over, name);
    assert.deepEqual(page.errors, []);
    await page.context().close();
  }
});
