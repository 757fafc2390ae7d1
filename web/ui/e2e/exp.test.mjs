
import { after, before, test } from 'node:test';
import { launch, until } from './browser.mjs';
import { plainViewer } from './plain.mjs';
import { serve } from './server.mjs';
let browser, server;
before(async () => { [browser, server] = await Promise.all([launch(), serve('ingest:\n  takeover: newest\n')]); });
after(async () => { await browser?.close(); await server?.stop(); });
const small = ['--size', '320x180', '--fps', '25', '--gop', '50', '--kbps', '200'];
async function watch(t, page, label, s) {
  for (let i = 0; i < s * 2; i++) {
    await page.waitForTimeout(500);
    const x = await page.evaluate(() => { const v = document.querySelector('video'); const b = []; for (let i = 0; i < v.buffered.length; i++) b.push(v.buffered.start(i).toFixed(2) + '-' + v.buffered.end(i).toFixed(2));
      return { t: v.currentTime.toFixed(2), b: b.join(' '), rs: v.readyState, lag: ((Date.now() - window.plain.hls.playingDate)/1000).toFixed(2), shown: window.plain.shown.length, db: window.plain.heard.at(-1).db.toFixed(0), fatal: window.plain.fatal.join() }; });
    console.log(label, JSON.stringify(x));
  }
}
test('x', { timeout: 120000 }, async (t) => {
  await server.api('POST', '/shows', { slug: 'a', title: 'a', currency: 'EUR', ways: ['cash_on_delivery'] });
  const end = await server.push('a', ...small, '--apart');
  const page = await plainViewer(browser, server, 'a');
  await watch(t, page, 'both', 2);
  const [on, off] = process.env.SIG.split(',');
  end.tell(on);
  await watch(t, page, 'dead', 8);
  console.log(await (await fetch(server.url + '/live/a/v0/media.m3u8')).text());
  end.tell(on);
  await watch(t, page, 'back', 8);
  console.log(page.refused, page.errors, server.log.split('\n').filter((l) => /WARN/.test(l)).join('\n'));
});
