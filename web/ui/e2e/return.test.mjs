// A publisher goes, and comes back as somebody else: without sound, without a picture, by another protocol, with other
// settings. Plain hls.js plays through all of it, without a fatal error and without anything being loaded anew.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, until } from './browser.mjs';
import { loud, pictureOf, plainViewer } from './plain.mjs';
import { serve } from './server.mjs';
import { Returns, firstMedia } from './within.mjs';

let browser, server;
before(async () => {
  [browser, server] = await Promise.all([
    launch(['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream']),
    serve('ingest:\n  takeover: newest\n'),
  ]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const small = ['--size', '320x180', '--fps', '25', '--gop', '50', '--kbps', '200'];
const returns = new Returns();

const desk = (show) => server.api('GET', `/shows/${show}/desk`);

async function open(slug, ...flags) {
  await server.api('POST', '/shows', { slug, title: slug, currency: 'EUR', ways: ['cash_on_delivery'] });
  const end = await server.push(slug, ...small, ...flags);
  return { end, page: await plainViewer(browser, server, slug) };
}

/** Waits for the publisher who came after a time, by a protocol, and then for his picture. */
async function returned(t, page, slug, protocol, after) {
  let stream;
  for (let i = 0; !(Date.parse(stream?.started) >= after); i++) {
    assert.ok(i < 1500, `nobody publishes to ${slug}`);
    await page.waitForTimeout(50);
    ({ stream } = await desk(slug));
  }
  assert.equal(stream.protocol, protocol);
  const began = Date.parse(stream.started);
  await pictureOf(page, began);
  const first = firstMedia(await lists(slug), began);
  const { edge } = await pictureOf(page, first);
  returns.take(t, `${slug}, by ${protocol}`, edge - first);
}

/** Kills an encoder as a power cut would, and waits until the server knows: else the next one takes over, which has its own rules. */
async function kill(page, slug, end) {
  await end('SIGKILL');
  for (let i = 0; (await desk(slug)).stream; i++) {
    assert.ok(i < 1500, `${slug}: the encoder is still there`);
    await page.waitForTimeout(20);
  }
}

async function push(t, page, slug, ...flags) {
  const began = Date.now();
  const end = await server.push(slug, ...small, ...flags);
  await returned(t, page, slug, 'rtmp', began);
  return end;
}

async function undisturbed(page, slug) {
  assert.deepEqual([page.refused, page.errors, await page.evaluate(() => window.plain.fatal)], [[], [], []], slug);
  await page.context().close();
}

const lists = async (slug, rendition = 'v0') => (await fetch(`${server.url}/live/${slug}/${rendition}/media.m3u8`)).text();

async function withoutSound(t) {
  let { end, page } = await open('mute');
  await loud(page, true);
  await kill(page, 'mute', end);
  end = await push(t, page, 'mute', '--audio', '');
  await loud(page, false);
  await kill(page, 'mute', end);
  await push(t, page, 'mute');
  await loud(page, true);
  assert.doesNotMatch(await lists('mute'), /^#EXT-X-DISCONTINUITY$/m, 'nothing has changed');
  await undisturbed(page, 'mute');
}

async function soundComes(t) {
  let { end, page } = await open('late', '--audio', '');
  assert.equal((await fetch(`${server.url}/live/late/a0/media.m3u8`)).status, 404, 'there is no rendition of silence alone');
  await kill(page, 'late', end);
  const other = ['--rate', '44100', '--fps', '30', '--gop', '60', '--size', '480x270'];
  end = await push(t, page, 'late', ...other);
  await loud(page, true);
  await kill(page, 'late', end);
  await push(t, page, 'late', ...other, '--profile', 'high');
  await undisturbed(page, 'late');
}

async function halfDies() {
  const { end, page } = await open('half', '--apart');
  const pictures = () => page.evaluate(() => window.plain.shown.length);
  end.tell('SIGUSR1');
  await page.waitForTimeout(5000); // Chromium bears three seconds without pictures, and has two in its buffer
  await loud(page, true);
  const n = await pictures();
  end.tell('SIGUSR1');
  await until(page, (n) => window.plain.shown.length > n + 50, n);
  end.tell('SIGUSR2');
  await loud(page, false);
  end.tell('SIGUSR2');
  await loud(page, true);
  assert.doesNotMatch(await lists('half'), /GAP|^#EXT-X-DISCONTINUITY$/m);
  await undisturbed(page, 'half');
}

async function withoutPictures(t) {
  let { end, page } = await open('blind');
  await kill(page, 'blind', end);
  end = await server.push('blind', '--codec', '');
  for (let i = 0; !/^#EXTINF:[^\n]*\n[^#\n]+\n#EXT-X-PROGRAM-DATE-TIME[^\n]*\n#EXT-X-PART:(?!.*GAP)/m.test(await lists('blind', 'a0')); i++) {
    assert.ok(i < 1500, 'the sound does not go on');
    await page.waitForTimeout(100);
  }
  await page.waitForTimeout(3000); // a player that gives up does so now
  assert.match(await lists('blind'), /^#EXT-X-GAP$/m);
  await kill(page, 'blind', end);
  end = await push(t, page, 'blind');
  await kill(page, 'blind', end);
  await push(t, page, 'blind', '--channels', '1');
  await loud(page, true);
  await undisturbed(page, 'blind');
}

/** Opens the studio's page and lets it in. */
async function openStudio(slug) {
  const context = await browser.newContext({ permissions: ['camera', 'microphone'] });
  const studio = await context.newPage();
  await context.addInitScript(() => localStorage.setItem('livesrv.studio', '{"quality":"360p"}'));
  await studio.goto(`${server.url}/studio/live#key=${(await desk(slug)).show.streamKey}`);
  await studio.locator('[data-action=enter]').click();
  return studio;
}

/** Goes live from there, which takes over. The encoder is ended then: it would begin anew, as OBS does. */
async function goLive(studio, slug, end) {
  await studio.locator('[data-action=live]').click();
  for (let i = 0; (await desk(slug)).stream?.protocol !== 'whip'; i++) {
    assert.ok(i < 1500, 'the studio does not take over');
    await studio.waitForTimeout(50);
  }
  await end?.('SIGKILL');
  await studio.locator('.stage[data-phase=live]').waitFor({ timeout: 60_000 });
}

async function otherProtocol(t) {
  const { end, page } = await open('swap');
  const began = Date.now();
  const studio = await openStudio('swap');
  await goLive(studio, 'swap', end);
  await returned(t, page, 'swap', 'whip', began);
  await until(page, () => window.plain.heard.slice(-20).some((x) => x.db > -60));

  // An encoder that was taken over from gets in again when the one who did has stopped.
  await studio.locator('[data-action=end]').click();
  await studio.locator('[data-action=really]').click();
  await studio.locator('.stage[data-phase=ended]').waitFor();
  const again = Date.now();
  await goLive(studio, 'swap');
  await returned(t, page, 'swap', 'whip', again);

  await push(t, page, 'swap');
  await studio.locator('.stage[data-phase=refused]').waitFor();
  await loud(page, true);
  await studio.context().close();
  await undisturbed(page, 'swap');
}

test('plain hls.js while the publisher changes', { concurrency: true }, (t) =>
  Promise.all([
    t.test('returns without sound, and with it', withoutSound),
    t.test('gets sound later, of another kind, then another profile', soundComes),
    t.test('loses its camera or its microphone for a while', halfDies),
    t.test('returns with sound alone, with pictures, and in mono', withoutPictures),
  ]),
);
// A browser that encodes takes most of a small machine: by itself.
test('plain hls.js while WHIP takes over from RTMP, returns, and RTMP takes over from it', otherProtocol);
test('the picture is back within two segments', () => returns.check(8));
