// A publisher goes, and comes back as somebody else: without sound, without a picture, by another protocol, with other
// settings. Plain hls.js plays through all of it, without a fatal error and without anything being loaded anew.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, until } from './browser.mjs';
import { loud, pictureOf, plainViewer } from './plain.mjs';
import { serve } from './server.mjs';

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
/**
 * How long after the publisher's return there must be a picture again: two segments, and two seconds more for plain hls.js,
 * which looks for media behind a gap once a second, on a machine that runs three encoders and three pages.
 */
const soon = 6000;

const desk = (show) => server.api('GET', `/shows/${show}/desk`);

async function open(slug, ...flags) {
  await server.api('POST', '/shows', { slug, title: slug, currency: 'EUR', ways: ['cash_on_delivery'] });
  const end = await server.push(slug, ...small, ...flags);
  return { end, page: await plainViewer(browser, server, slug) };
}

/** Waits for the publisher who came after a time, by a protocol, and then for his picture; media is when his first came. */
async function returned(t, page, slug, protocol, after, media = 0) {
  let stream;
  for (let i = 0; !(Date.parse(stream?.started) >= after); i++) {
    assert.ok(i < 200, `nobody publishes to ${slug}`);
    await page.waitForTimeout(50);
    ({ stream } = await desk(slug));
  }
  assert.equal(stream.protocol, protocol);
  const here = Math.max(media, Date.parse(stream.started));
  const back = (await pictureOf(page, here)) - here;
  t.diagnostic(`${slug}: picture ${back} ms after the publisher by ${protocol}`);
  assert.ok(back < soon, `${slug}: the picture came ${back} ms after the publisher`);
}

/** Kills an encoder as a power cut would, and waits until the server knows: else the next one takes over, which has its own rules. */
async function kill(page, slug, end) {
  await end('SIGKILL');
  for (let i = 0; (await desk(slug)).stream; i++) {
    assert.ok(i < 200, `${slug}: the encoder is still there`);
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
  const { end, page } = await open('late', '--audio', '');
  assert.equal((await fetch(`${server.url}/live/late/a0/media.m3u8`)).status, 404, 'there is no rendition of silence alone');
  await kill(page, 'late', end);
  await push(t, page, 'late', '--rate', '44100', '--fps', '30', '--gop', '60', '--size', '480x270');
  await loud(page, true);
  await undisturbed(page, 'late');
}

async function withoutPictures(t) {
  let { end, page } = await open('blind');
  await kill(page, 'blind', end);
  end = await server.push('blind', '--codec', '');
  for (let i = 0; !/^#EXTINF:[^\n]*\n[^#\n]+\n#EXT-X-PROGRAM-DATE-TIME[^\n]*\n#EXT-X-PART:(?!.*GAP)/m.test(await lists('blind', 'a0')); i++) {
    assert.ok(i < 100, 'the sound does not go on');
    await page.waitForTimeout(100);
  }
  await page.waitForTimeout(3000); // a player that gives up does so now
  assert.match(await lists('blind'), /^#EXT-X-GAP$/m);
  await kill(page, 'blind', end);
  await push(t, page, 'blind');
  await undisturbed(page, 'blind');
}

/** Goes live from the studio's page, which takes over. The encoder is ended then: it would begin anew, as OBS does. */
async function goLive(slug, end) {
  const context = await browser.newContext({ permissions: ['camera', 'microphone'] });
  const studio = await context.newPage();
  await context.addInitScript(() => localStorage.setItem('livesrv.studio', '{"quality":"360p"}'));
  await studio.goto(`${server.url}/studio/live#key=${(await desk(slug)).show.streamKey}`);
  await studio.locator('[data-action=enter]').click();
  await studio.locator('[data-action=live]').click();
  for (let i = 0; (await desk(slug)).stream?.protocol !== 'whip'; i++) {
    assert.ok(i < 300, 'the studio does not take over');
    await studio.waitForTimeout(50);
  }
  await end('SIGKILL');
  await studio.locator('.stage[data-phase=live]').waitFor({ timeout: 15_000 });
  return studio;
}

async function otherProtocol(t) {
  const { page, end } = await open('swap');
  const began = Date.now();
  const studio = await goLive('swap', end);
  await returned(t, page, 'swap', 'whip', began, Date.now()); // a session begins before its lines are found
  await until(page, () => window.plain.heard.slice(-20).some((x) => x.db > -60));
  await studio.context().close();
  await push(t, page, 'swap');
  await loud(page, true);
  await undisturbed(page, 'swap');
}

async function fromPhone(t) {
  await server.api('POST', '/shows', { slug: 'phone', title: 'phone', currency: 'EUR', ways: ['cash_on_delivery'] });
  const studio = await goLive('phone', () => {});
  const page = await plainViewer(browser, server, 'phone');
  await push(t, page, 'phone');
  await studio.locator('.stage[data-phase=refused]').waitFor();
  await loud(page, true);
  await studio.context().close();
  await undisturbed(page, 'phone');
}

test('plain hls.js while the publisher changes', { concurrency: true, timeout: 120_000 }, (t) =>
  Promise.all([
    t.test('returns without sound, and with it', withoutSound),
    t.test('gets sound later, of another kind', soundComes),
    t.test('returns with sound alone, and with pictures', withoutPictures),
  ]),
);
// A browser that encodes takes most of a small machine: one after the other.
test('plain hls.js while RTMP gives way to WHIP, and returns', { timeout: 90_000 }, otherProtocol);
test('plain hls.js while WHIP gives way to RTMP', { timeout: 90_000 }, fromPhone);
