// The anchor's studio against the real server: Chromium's camera that is none goes live through the page and another
// page sees and hears it; the camera changes, the screen is shared, the line drops, the stream ends; leaving asks first;
// every refusal has its word.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import AxeBuilder from '@axe-core/playwright';
import { launch, phone, until, viewer } from './browser.mjs';
import { network } from './network.mjs';
import { serve, stock } from './server.mjs';

let browser, server, key;
before(async () => {
  [server, browser] = await Promise.all([serve('ingest:\n  takeover: newest\n'), launch(['--use-fake-device-for-media-stream=device-count=3', '--use-fake-ui-for-media-stream'])]);
  await stock(server, 'tea', 1);
  key = (await desk('tea')).show.streamKey;
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const desk = (show) => server.api('GET', `/shows/${show}/desk`);

/** The studio with a key in the address, before anything is opened; `before` runs in the page first. */
async function studio(streamKey = key, options = {}, before = undefined, arg = undefined) {
  const context = await browser.newContext({ viewport: phone, hasTouch: true, isMobile: true, locale: 'en', permissions: ['camera', 'microphone'], ...options });
  const page = await context.newPage();
  page.faults = [];
  page.on('pageerror', (e) => page.faults.push(e.stack));
  page.on('console', (m) => {
    if (/Content Security Policy|Permissions policy/i.test(m.text())) page.faults.push(m.text());
  });
  // Small, so that the encoder leaves the machine to the rest.
  await context.addInitScript(() => localStorage.setItem('livesrv.studio', '{"quality":"360p"}'));
  if (before) await context.addInitScript(before, arg);
  await page.goto(`${server.url}/studio/live#key=${streamKey}`);
  return page;
}

const act = (page, name) => page.locator(`[data-action=${name}]`).click();
const phase = (page, name, timeout = 15_000) => page.locator(`.stage[data-phase=${name}]`).waitFor({ timeout });

/** Waits until the preview shows a device whose label is, or matches, this. */
const shows = (page, label) =>
  until(page, (wanted) => {
    const stage = document.querySelector('live-studio').shadowRoot.querySelector('studio-stage').shadowRoot;
    return new RegExp(wanted).test(stage.querySelector('video').srcObject?.getVideoTracks()[0].label);
  }, label.source ?? `^${label}$`);

/** Waits until ten more pictures have gone out. */
const encodes = (page) =>
  page.evaluate(async () => {
    const { peer } = document.querySelector('live-studio').studio.publisher.line;
    const sent = async () => [...(await peer.getStats()).values()].find((r) => r.type === 'outbound-rtp' && r.kind === 'video')?.framesSent ?? 0;
    const from = await sent();
    for (let i = 0; (await sent()) < from + 10; i++) {
      if (i > 200) throw new Error('no pictures go out');
      await new Promise((done) => setTimeout(done, 50));
    }
  });

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

/** Waits until the server knows that a page's stream has ended. */
async function over(page) {
  for (let i = 0; (await desk('tea')).stream; i++) {
    assert.ok(i < 150, 'the stream outlives its page'); // who does not say goodbye is given up after ten seconds
    await page.waitForTimeout(50);
  }
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

test('an anchor goes live, is seen and heard, changes the camera, loses the line, comes back, and ends', async (t) => {
  const page = await studio();
  const line = await network(page.context());
  t.after(() => line.close());
  assert.equal(page.url(), `${server.url}/studio/live`, 'the key stays in the address');
  await accessible(page, 'door');
  await act(page, 'enter');
  await page.locator('[data-action=live]').waitFor();
  await accessible(page, 'preview');

  // Of the smallest quality no smaller pictures are sent, and the choice is not offered.
  await act(page, 'settings');
  const smaller = page.getByLabel('Smaller pictures', { exact: false });
  const ticked = async () => [await smaller.isChecked(), await smaller.isEnabled()];
  assert.deepEqual(await ticked(), [false, false], 'smaller pictures than 360p are offered');
  await page.getByText('Not with 360 p').waitFor();
  await page.getByLabel('720 p', { exact: true }).check();
  await page.getByText('about a third more upload').waitFor();
  assert.deepEqual(await ticked(), [true, true], 'what was chosen before is forgotten');
  await page.getByLabel('360 p', { exact: true }).check();
  await page.getByText('Not with 360 p').waitFor();
  await page.keyboard.press('Escape');
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

  // The screen goes out in the camera's place, until the page or the browser's own bar stops it.
  await act(page, 'share');
  await shows(page, /^screen/);
  await page.locator('[data-action=share]', { hasText: 'Stop sharing' }).waitFor();
  await encodes(page);
  await act(page, 'share');
  await shows(page, 'fake_device_0');
  await act(page, 'share');
  await shows(page, /^screen/);
  await page.evaluate(() => {
    const { screen } = document.querySelector('live-studio').studio.devices;
    screen.stop();
    screen.dispatchEvent(new Event('ended'));
  });
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
  await over(page);
  await watch.context().close();
  await done(page);
});

test('a browser that sends VP9 or AV1 instead of H.264 is watched', async () => {
  for (const codec of ['VP9', 'AV1']) {
    const page = await studio(key, {}, (name) => {
      const all = RTCRtpSender.getCapabilities.bind(RTCRtpSender);
      RTCRtpSender.getCapabilities = (kind) => ({ codecs: all(kind).codecs.filter((c) => c.mimeType === `video/${name}`) });
    }, codec);
    await act(page, 'enter');
    await act(page, 'live');
    await phase(page, 'live');
    const watch = await watcher('tea');
    await moves(watch);
    assert.equal((await desk('tea')).stream.tracks[0].codec, codec);
    assert.deepEqual(watch.errors, []);
    await watch.context().close();
    await done(page);
  }
});

test('who is overtaken by another device stays off and says so; who comes second gets in; leaving asks first', async () => {
  const first = await studio();
  await act(first, 'enter');
  await act(first, 'live');
  await phase(first, 'live');
  const second = await studio();
  await act(second, 'enter');
  await act(second, 'live');
  await phase(second, 'live');
  await phase(first, 'refused');
  await first.getByText('Another device took over.').waitFor();
  await accessible(first, 'refused');
  const { stream } = await desk('tea');

  const question = second.waitForEvent('dialog');
  await second.close({ runBeforeUnload: true });
  const asked = await question;
  assert.equal(asked.type(), 'beforeunload');
  await asked.dismiss();
  await encodes(second);
  assert.equal((await desk('tea')).stream?.started, stream.started, 'the first has taken the show back, or the question ended it');
  const closed = second.waitForEvent('close');
  second.once('dialog', (dialog) => void dialog.accept());
  await second.close({ runBeforeUnload: true });
  await closed;
  await over(first);
  assert.deepEqual(second.faults, []);
  await second.context().close();
  await done(first);
});

test('whose key is replaced, and whose show is ended, is told so', async () => {
  const page = await studio();
  await act(page, 'enter');
  await act(page, 'live');
  await phase(page, 'live');
  await server.api('POST', '/shows/tea/key');
  await phase(page, 'refused');
  await page.getByText('No show has this stream key.').waitFor();
  key = (await desk('tea')).show.streamKey;
  await page.evaluate((k) => { document.querySelector('live-studio').studio.key = k; }, key);
  await act(page, 'live');
  await phase(page, 'live');
  await server.api('POST', '/shows/tea/end');
  await phase(page, 'refused');
  await page.getByText('The show was ended.').waitFor();
  await server.api('POST', '/shows/tea/reopen');
  await done(page);
});

test('every refusal has a clear word', async () => {
  const page = await studio('x'.repeat(24));
  const refuse = (name, message = '') =>
    page.evaluate(([n, m]) => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(Object.assign(new DOMException(m, n)));
    }, [name, message]);
  for (const [name, message, words] of [
    ['NotAllowedError', 'Permission denied by system', /system keeps the camera.*system keeps the microphone/s],
    ['NotAllowedError', 'Permission dismissed', /question about the camera was not answered/],
    ['NotFoundError', '', /There is no camera.*There is no microphone/s],
    ['NotReadableError', '', /camera is in use/],
    ['OverconstrainedError', '', /camera cannot do what was chosen/],
    ['NotAllowedError', 'Permission denied', /browser may not use the camera.*allow the camera/s],
  ]) {
    await refuse(name, message);
    await act(page, 'enter');
    await page.locator('[role=alert]', { hasText: words }).waitFor();
  }
  await accessible(page, 'denied');
  await page.evaluate(() => delete navigator.mediaDevices.getUserMedia);
  await page.getByLabel('Stream key', { exact: true }).fill('too short');
  await act(page, 'enter');
  await page.getByText('That is no stream key.').waitFor();
  await page.getByLabel('Stream key', { exact: true }).fill('x'.repeat(24));
  await act(page, 'enter');
  await act(page, 'live');
  await page.getByText('No show has this stream key.').waitFor();
  for (const [status, words] of [[409, 'does not take you in'], [503, 'cannot take the stream now'], [404, 'takes no streams from browsers'], [429, 'Too many tries'], [422, 'cannot use what this browser sends']]) {
    await page.route('**/whip', (route) => route.fulfill({ status, contentType: 'text/plain', body: 'Its own words.' }));
    await act(page, 'live');
    await page.getByText(words).waitFor();
    await page.getByText('“Its own words.”').waitFor();
  }
  await page.unroute('**/whip');

  // A camera that goes away is said, and comes back by a press.
  await page.evaluate(() => {
    const { devices } = document.querySelector('live-studio').studio;
    devices.camera.stop();
    devices.camera.dispatchEvent(new Event('ended'));
  });
  await page.getByText('The camera is gone.').waitFor();
  await act(page, 'open');
  await page.getByText('The camera is gone.').waitFor({ state: 'detached' });
  await act(page, 'settings');
  await act(page, 'leave');
  await page.getByLabel('Stream key', { exact: true }).waitFor();
  await done(page);
});
