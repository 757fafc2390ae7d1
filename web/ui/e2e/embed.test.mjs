// The element and the iframe in another site's page: only on the origins the show allows.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { launch, until, viewer } from './browser.mjs';
import { serve, stock } from './server.mjs';

let browser, server, products, end, site, origin;
before(async () => {
  browser = await launch();
  server = await serve();
  products = await stock(server, 'tea');
  // 'localhost' is another origin than the server's 127.0.0.1, and so is the port.
  site = createServer((req, res) => {
    res.setHeader('Content-Type', 'text/html');
    res.end(
      req.url === '/frame'
        ? `<!doctype html><title>Shop</title><iframe src="${server.url}/embed/tea" width="900" height="600" allow="autoplay; fullscreen"></iframe>`
        : `<!doctype html><title>Shop</title><script>
             window.heard = [];
             for (const n of ['ready', 'pin', 'unpin', 'add', 'order', 'error']) document.addEventListener('livesrv:' + n, (e) => window.heard.push([n, e.detail]));
           </script><script type="module" src="${server.url}/embed.js"></script>
           <live-shop show="tea" style="display:block;width:1000px;height:640px"></live-shop>`,
    );
  });
  await new Promise((r) => site.listen(0, '127.0.0.1', r));
  origin = `http://localhost:${site.address().port}`;
  end = await server.push('tea', '--fps', '30', '--gop', '60');
});
after(async () => {
  await end?.();
  site?.close();
  await server?.stop();
  await browser?.close();
});

test('a site that the show does not allow gets nothing', async () => {
  await server.api('PATCH', '/shows/tea', { embedOrigins: ['https://elsewhere.example'] });
  const page = await viewer(browser, `${origin}/frame`);
  const frame = page.frames().find((f) => f !== page.mainFrame());
  assert.equal(await frame.locator('video').count(), 0);
  const res = await fetch(`${server.url}/api/shows/tea/state`, { headers: { Origin: origin } });
  assert.notEqual(res.headers.get('access-control-allow-origin'), origin);
  await page.context().close();
});

test('the element plays, shows the card and tells its page', async () => {
  await server.api('PATCH', '/shows/tea', { embedOrigins: [origin] });
  const page = await viewer(browser, origin);
  await until(page, () => window.pictures.shown.length > 30);
  const { pin } = await server.api('POST', '/shows/tea/pins', { product: products[2] });
  await until(page, (id) => window.pictures.shown.at(-1).cards.includes(id), pin.id);
  await until(page, () => window.heard.some(([n]) => n === 'pin'));
  await page.locator('.card .buy').first().click();
  await until(page, () => window.heard.some(([n]) => n === 'add'));
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

test('the iframe plays where it is allowed', async () => {
  const page = await viewer(browser, `${origin}/frame`);
  const frame = page.frames().find((f) => f !== page.mainFrame());
  await frame.waitForFunction(() => window.pictures.shown.length > 10, null, { timeout: 60_000 });
  await page.context().close();
});
