// Headless Chromium, and the reader of the clock in the picture (its layout: package livetest).
import { chromium } from 'playwright-core';

export const desktop = { width: 1440, height: 900 };
export const phone = { width: 390, height: 844 };

/** @param {string[]} more arguments, such as those for a camera that is none */
export function launch(more = []) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
      '--disable-sync', '--autoplay-policy=no-user-gesture-required', ...more,
    ],
  });
}

/** Runs in the page: finds the video through shadow roots and keeps, per picture shown, what it says and when. */
function watchPictures() {
  const CELLS = 28;
  const canvas = document.createElement('canvas');
  const g = canvas.getContext('2d', { willReadFrequently: true });
  const all = (root, selector) => [
    ...root.querySelectorAll(selector),
    ...[...root.querySelectorAll('*')].flatMap((e) => (e.shadowRoot ? all(e.shadowRoot, selector) : [])),
  ];
  function read(video) {
    const w = (canvas.width = video.videoWidth);
    const h = (canvas.height = Math.ceil(video.videoHeight / 8));
    if (!w) return null;
    g.drawImage(video, 0, 0, w, h, 0, 0, w, h);
    const y = Math.floor(video.videoHeight / 16);
    const row = g.getImageData(0, y, w, 1).data;
    const luma = Array.from({ length: CELLS }, (_, i) => {
      const x = Math.floor(((i + 0.5) * w) / CELLS) * 4;
      return 0.299 * row[x] + 0.587 * row[x + 1] + 0.114 * row[x + 2];
    });
    if (luma[0] - luma[1] < 64) return null;
    const mean = (luma[0] + luma[1]) / 2;
    const bits = luma.map((l) => (l > mean ? 1 : 0));
    let code = 0, ones = 0;
    for (let i = 2; i < 26; i++) {
      code = code * 2 + bits[i];
      ones += bits[i];
    }
    return bits[26] === ones % 2 && bits[27] !== bits[26] ? code : null;
  }
  window.pictures = { shown: [], all };
  function follow() {
    const video = all(document, 'video')[0];
    if (!video) return requestAnimationFrame(follow);
    const each = () => {
      const now = Date.now();
      const code = read(video);
      // The 24 bits of the clock, opened out to the whole of Unix time.
      const span = 2 ** 24;
      if (code !== null) {
        const base = now - (now % span);
        const at = base + code > now + span / 2 ? base + code - span : base + code;
        const picture = { now, at, cards: [] };
        window.pictures.shown.push(picture);
        // The page draws its cards for this picture in a callback of its own: look when that is done.
        setTimeout(() => (picture.cards = all(document, '.card[data-pin]').map((c) => c.dataset.pin)));
        if (window.pictures.shown.length > 20_000) window.pictures.shown.shift();
      }
      video.requestVideoFrameCallback(each);
    };
    video.requestVideoFrameCallback(each);
  }
  follow();
}

/** A page that keeps every picture it shows: page.evaluate(() => window.pictures.shown). */
export async function viewer(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: desktop, ...options });
  const page = await context.newPage();
  const errors = [];
  page.on('pageerror', (e) => errors.push(e.message));
  await page.addInitScript(`(${watchPictures})()`);
  await page.goto(url);
  return Object.assign(page, { errors });
}

export const shown = (page) => page.evaluate(() => window.pictures.shown);

/** Waits until f, run in the page with arg, is true. */
export const until = (page, f, arg, timeout = 60_000) => page.waitForFunction(f, arg, { timeout, polling: 50 });

export function median(list) {
  const s = [...list].sort((a, b) => a - b);
  return s[Math.floor(s.length / 2)];
}
