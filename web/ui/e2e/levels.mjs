// The watch page on a show whose picture comes in three sizes: it starts, changes size down and up, plays
// on when the size it shows is no longer sent, and shows it again when it is. Run by TestLevels in internal/e2e, with the server's address as BASE.
import assert from 'node:assert/strict';
import { desktop, launch, phone, until } from './browser.mjs';

const base = process.env.BASE;

/** Opens the page and waits for the picture; keeps the player at hand and every error that it met. */
async function open(browser, viewport) {
  const context = await browser.newContext({ viewport });
  const page = await context.newPage();
  const errors = [];
  page.on('pageerror', (e) => errors.push(e.message));
  await page.goto(`${base}/s/live`);
  await until(page, () => {
    const player = document.querySelector('live-watch')?.player;
    if (!player?.hls) return false;
    if (!window.met) {
      window.met = [];
      window.waits = 0;
      player.video.addEventListener('waiting', () => window.waits++);
      player.hls.on('hlsError', (_, data) => window.met.push(`${data.details}${data.fatal ? ' (fatal)' : ''}`));
    }
    return player.video.currentTime > 0 && player.video.videoWidth > 0;
  });
  return Object.assign(page, { errors });
}

const width = (page) => page.evaluate(() => document.querySelector('live-watch').player.video.videoWidth);
const sees = (page, w) => until(page, (w) => document.querySelector('live-watch').player.video.videoWidth === w, w);
const plays = async (page, seconds) => {
  const from = await page.evaluate(() => document.querySelector('live-watch').player.video.currentTime);
  await until(page, (to) => document.querySelector('live-watch').player.video.currentTime > to, from + seconds);
};
const choose = (page, w) =>
  page.evaluate((w) => {
    const { hls } = document.querySelector('live-watch').player;
    hls.nextLevel = w < 0 ? -1 : hls.levels.findIndex((l) => l.width === w);
  }, w);

const browser = await launch();
try {
  const page = await open(browser, desktop);
  assert.deepEqual(await page.evaluate(() => document.querySelector('live-watch').player.hls.levels.map((l) => l.width)), [320, 640, 1280]);
  console.log('desktop starts with', await width(page));
  await sees(page, 1280);
  for (const size of [320, 1280]) {
    await choose(page, size);
    await sees(page, size);
    await plays(page, 1);
  }
  assert.deepEqual(await page.evaluate(() => window.met), [], 'errors while sizes changed');
  await choose(page, -1);

  const small = await open(browser, phone);
  await plays(small, 1);
  console.log('phone starts with', await width(small));
  assert.ok((await width(small)) < 1280, 'a phone is sent more than it shows');
  assert.deepEqual(await small.evaluate(() => window.met), []);

  const waits = await page.evaluate(() => window.waits);
  await sees(page, 1280);
  await fetch(`${base}/pause`, { method: 'POST' });
  await until(page, () => document.querySelector('live-watch').player.video.videoWidth < 1280);
  await plays(page, 2);
  const met = await page.evaluate(() => window.met);
  console.log('without the best size', await width(page), met, 'stood', await page.evaluate(() => window.waits) - waits, 'times');
  assert.ok(!met.some((m) => m.includes('fatal')), met.join(', '));
  await fetch(`${base}/pause`, { method: 'POST' });
  await until(page, () => document.querySelector('live-watch').player.video.videoWidth === 1280);
  assert.deepEqual([...page.errors, ...small.errors], []);
} finally {
  await browser.close();
}
