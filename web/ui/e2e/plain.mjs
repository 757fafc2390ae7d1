// A viewer with nothing but hls.js as it comes: no page of ours that would begin anew when it stops.
import { readFileSync } from 'node:fs';
import { until } from './browser.mjs';
import { edgeOf } from './within.mjs';

const hls = readFileSync(new URL('../vendor/hls.js/hls.light.min.mjs', import.meta.url), 'utf8');

const html = `<!doctype html><html lang="en"><title>plain</title><video playsinline></video><script type="module">
import Hls from '/plain/hls.mjs';
const video = document.querySelector('video');
const plain = (window.plain = { hls: new Hls(), fatal: [], shown: [], heard: [] });
plain.hls.on(Hls.Events.ERROR, (_, data) => data.fatal && plain.fatal.push(data.details + ' ' + data.error?.message));
plain.hls.on(Hls.Events.MANIFEST_PARSED, () => video.play());
plain.hls.loadSource('/live/' + location.hash.slice(1) + '/index.m3u8');
plain.hls.attachMedia(video);
// When each picture was shown, its wall time by the playlist, and how far the playlist went then.
const edge = ${edgeOf};
const each = () => {
  plain.shown.push({ now: Date.now(), at: plain.hls.playingDate?.getTime() ?? 0, edge: edge(plain.hls) });
  video.requestVideoFrameCallback(each);
};
video.requestVideoFrameCallback(each);
// How loud it is, in decibels, ten times a second.
const context = new AudioContext();
const analyser = context.createAnalyser();
context.createMediaElementSource(video).connect(analyser).connect(context.destination);
const wave = new Float32Array(analyser.fftSize);
setInterval(() => {
  analyser.getFloatTimeDomainData(wave);
  plain.heard.push({ now: Date.now(), db: 10 * Math.log10(wave.reduce((sum, x) => sum + x * x, 0) / wave.length + 1e-12) });
}, 100);
</script></html>`;

/** Opens a page that plays a show, and keeps what it shows and every answer but 200. */
export async function plainViewer(browser, server, show) {
  const context = await browser.newContext();
  await context.route('**/plain', (route) => route.fulfill({ contentType: 'text/html', body: html }));
  await context.route('**/plain/hls.mjs', (route) => route.fulfill({ contentType: 'text/javascript', body: hls }));
  const page = Object.assign(await context.newPage(), { refused: [], errors: [] });
  page.on('pageerror', (e) => page.errors.push(e.message));
  page.on('response', (r) => {
    if (r.url().includes('/live/') && r.status() !== 200) page.refused.push(`${r.status()} ${r.url()}`);
  });
  await page.goto(`${server.url}/plain#${show}`);
  await until(page, () => window.plain.shown.length > 50);
  return page;
}

/** Waits for a picture that was taken at or after a time, and then for some more; gives the first: when it was shown, and how far the playlist went then. */
export async function pictureOf(page, time) {
  await until(page, (t) => window.plain.fatal.length > 0 || window.plain.shown.filter((p) => p.at >= t).length > 50, time);
  return page.evaluate((t) => window.plain.shown.find((p) => p.at >= t) ?? {}, time);
}

/** Waits until it has been as loud as wanted for half a second, which is silence below -80 dB. */
export const loud = (page, sound) =>
  until(page, (wanted) => window.plain.heard.length > 5 && window.plain.heard.slice(-5).every((x) => (x.db > -80) === wanted), sound);
