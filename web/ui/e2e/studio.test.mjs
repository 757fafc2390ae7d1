// The anchor's studio against the real server: Chromium's camera that is none goes live through the page and another
// page sees and hears it; the camera changes, the line drops, the stream ends; every refusal has its word.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import AxeBuilder from '@axe-core/playwright';
import { launch, phone, until, viewer } from './browser.mjs';
import { network } from './network.mjs';
import { serve, stock } from './server.mjs';

let browser, server, key;
before(async () => {
  [server, browser] = await Promise.all([serve(), launch(['--use-fake-device-for-media-stream=device-count=3', '--use-fake-ui-for-media-stream'])]);
  await stock(server, 'tea', 1);
  key = (await desk('tea')).show.streamKey;
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const desk = (show) => server.api('GET', `/shows/${show}/desk`);

/** The studio with a key in the address, before anything is opened. */
async function studio(streamKey = key, options = {}) {
  const context = await browser.newContext({ viewport: phone, hasTouch: true, isMobile: true, locale: 'en', permissions: ['camera', 'microphone'], ...options });
  const page = await context.newPage();
  page.faults = [];
  page.on('pageerror', (e) => page.faults.push(e.stack));
  page.on('console', (m) => {
    if (/Content Security Policy|Permissions policy/i.test(m.text())) page.faults.push(m.text());
  });
  // Small, so that the encoder leaves the machine to the rest.
  await context.addInitScript(() => localStorage.setItem('livesrv.studio', '{"quality":"360p"}'));
  await page.goto(`${server.url}/studio/live#key=${streamKey}`);
  return page;
}

const act = (page, name) => page.locator(`[data-action=${name}]`).click();
const phase = (page, name, timeout = 15_000) => page.locator(`.stage[data-phase=${name}]`).waitFor({ timeout });

/** Waits until the preview shows a camera. */
const shows = (page, label) =>
  until(page, (wanted) => {
    const stage = document.querySelector('live-studio').shadowRoot.querySelector('studio-stage').shadowRoot;
    return stage.querySelector('video').srcObject?.getVideoTracks()[0].label === wanted;
  }, label);

/** Waits until pictures go out after the last change, by the page's own reading of its statistics. */
async function encodes(page) {
  await page.waitForTimeout(1100); // a reading from before the change
  await until(page, () => {
    const { publisher } = document.querySelector('live-studio').studio;
    return publisher.reading?.frameRate > 5 && publisher.reading.bitrate > 60_000;
  });
}

async function accessible(page, what) {
  const found = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']).analyze();
  assert.deepEqual(found.violations.map((v) => `${what}: ${v.id} ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`), []);
}

async function done(page) {
  assert.deepEqual(page.faults, []);
  await page.context().close();
}

/** A viewer of a show that counts the pictures it shows, through every new beginning of the player. */
async function watcher(show) {
  const watch = await viewer(browser, `${server.url}/s/${show}`);
  await watch.evaluate(() => {
    window.count = 0;
    let followed;
    const follow = () => {
      const video = window.pictures.all(document, 'video')[0];
      if (video && video !== followed) {
        followed = video;
        const each = () => {
          window.count++;
          video.requestVideoFrameCallback(each);
        };
        video.requestVideoFrameCallback(each);
      }
    };
    setInterval(follow, 50);
  });
  return watch;
}

/** Waits until a viewer's page has shown some more pictures. */
async function moves(watch) {
  const from = await watch.evaluate(() => window.count);
  await until(watch, (n) => window.count > n + 15, from);
}

/** Runs in a viewer's page: listens to the sound itself and keeps the loudest level and its pitch. */
function listen() {
  const video = window.pictures.all(document, 'video')[0];
  video.muted = false;
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 4096;
  context.createMediaElementSource(video).connect(analyser).connect(context.destination);
  const bins = new Float32Array(analyser.frequencyBinCount);
  window.loudest = { level: -200, pitch: 0 };
  setInterval(() => {
    analyser.getFloatFrequencyData(bins);
    const level = Math.max(...bins);
    if (level > window.loudest.level) window.loudest = { level, pitch: (bins.indexOf(level) * context.sampleRate) / analyser.fftSize };
  }, 20);
}

test('an anchor goes live, is seen and heard, changes the camera, loses the line, comes back, and ends', { timeout: 90_000 }, async (t) => {
  const page = await studio();
  const line = await network(page.context());
  t.after(() => line.close());
  assert.equal(page.url(), `${server.url}/studio/live`, 'the key stays in the address');
  await accessible(page, 'door');
  await act(page, 'enter');
  await page.locator('[data-action=live]').waitFor();
  await accessible(page, 'preview');
  const t0 = Date.now();
  await act(page, 'live');
  await phase(page, 'live');
  t.diagnostic(`live after ${Date.now() - t0} ms`);
  await accessible(page, 'live');

  const watch = await watcher('tea');
  await moves(watch);
  t.diagnostic(`seen after ${Date.now() - t0} ms`);
  await watch.evaluate(listen);
  await until(watch, () => window.loudest.level > -50);
  const { level, pitch } = await watch.evaluate(() => window.loudest);
  t.diagnostic(`heard: ${level.toFixed(0)} dB at ${Math.round(pitch)} Hz`);
  await page.locator('[data-fact=rate]').waitFor();
  await page.locator('[data-fact=trip]').waitFor();
  const { stream } = await desk('tea');
  assert.equal(stream.protocol, 'whip');
  t.diagnostic(stream.tracks.map((x) => x.codec).join(' + '));

  // The camera changes on the same session; the picture goes on. (The second of these cameras measures depth, which
  // no codec takes.)
  await act(page, 'settings');
  await page.getByLabel('Camera', { exact: true }).selectOption({ label: 'fake_device_2' });
  await shows(page, 'fake_device_2');
  await page.keyboard.press('Escape');
  await encodes(page);
  await act(page, 'flip');
  await shows(page, 'fake_device_0');
  await encodes(page);
  await moves(watch);
  assert.equal((await desk('tea')).stream.started, stream.started, 'the same session');

  // No packet gets through for a while: the phone is between two networks.
  await line.cut();
  await phase(page, 'reconnecting', 20_000);
  await page.locator('[role=status]', { hasText: 'Reconnecting' }).first().waitFor();
  await accessible(page, 'reconnecting');
  await line.mend();
  const back = Date.now();
  await phase(page, 'live');
  t.diagnostic(`live again ${Date.now() - back} ms after the network`);
  await moves(watch);
  assert.deepEqual(watch.errors, []);

  await act(page, 'end');
  await accessible(page, 'question');
  await act(page, 'stay');
  await phase(page, 'live');
  await act(page, 'end');
  await act(page, 'really');
  await phase(page, 'ended');
  assert.equal((await desk('tea')).stream ?? null, null, 'the server knows of the end at once');
  await watch.context().close();
  await done(page);
});
