// What the stage says where there is no moving picture, against the real server.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, test } from 'node:test';
import { launch, until, viewer } from './browser.mjs';
import { serve, stock } from './server.mjs';

let server, browser;

before(async () => {
  [server, browser] = await Promise.all([serve(), launch()]);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** What the stage of a page says: the name of its look, and its words. */
const look = (page, name) =>
  until(page, (n) => window.pictures.all(document, `[data-situation=${n}]`).length > 0, name).then(() =>
    page.evaluate((n) => window.pictures.all(document, `[data-situation=${n}]`)[0].textContent.trim(), name),
  );

test('a show that was started and never pushed speaks of no dropped line; one whose picture was seen does', async () => {
  await stock(server, 'early');
  await server.api('POST', '/shows/early/start');
  const page = await viewer(browser, `${server.url}/s/early`);
  assert.match(await look(page, 'waiting'), /^Waiting for the picture/);
  const stop = await server.push('early');
  await until(page, () => window.pictures.shown.length > 5);
  await stop('SIGKILL');
  assert.match(await look(page, 'away'), /right back/);
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

test('a browser that does not know the codecs says so, keeps saying so, and plays when the encoder is put right', async () => {
  await server.api('POST', '/shows', { slug: 'mp3', title: 'Show mp3', currency: 'EUR', ways: ['cash_on_delivery'] });
  const { show } = await server.api('GET', '/shows/mp3/desk');
  const mp3 = () => spawn(
    'ffmpeg',
    ['-loglevel', 'error', '-re', '-f', 'lavfi', '-i', 'testsrc2=s=160x90:r=15', '-f', 'lavfi', '-i', 'sine=r=44100', '-c:v', 'libx264',
      '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p', '-g', '15', '-c:a', 'libmp3lame', '-f', 'flv', `${server.rtmp}/${show.streamKey}`],
    { stdio: 'ignore' },
  );
  let encoder = mp3();
  const page = await viewer(browser, `${server.url}/s/mp3`);
  assert.match(await look(page, 'unplayable'), /browser cannot play the show/);
  // It goes on asking, without a flicker that a screen reader would read out each time.
  const steady = await page.evaluate(async () => {
    for (let i = 0; i < 60; i++) {
      await new Promise((done) => setTimeout(done, 50));
      if (!window.pictures.all(document, '[data-situation=unplayable]').length) return false;
    }
    return true;
  });
  assert.ok(steady, 'the words came and went');
  assert.ok((await page.evaluate(() => window.pictures.all(document, 'shop-panel').length)) > 0, 'the shop is there');
  encoder.kill('SIGKILL');
  const stop = await server.push('mp3');
  await until(page, () => window.pictures.shown.length > 5);
  // A picture was seen: that changes nothing for an encoder that comes back with it.
  await stop('SIGKILL');
  encoder = mp3();
  await look(page, 'unplayable');
  encoder.kill('SIGKILL');
  assert.deepEqual(page.errors, []);
  await page.context().close();
});
