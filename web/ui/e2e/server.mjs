// One livesrv for one test: the real binary on free ports with its data in a temporary folder, its API as the
// admin, and encoders that push to it.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { program } from './programs.mjs';

/** Collects a child's output and waits for a line in it. */
function lines(child, name) {
  let text = '';
  const waiting = new Set();
  const take = (chunk) => {
    text += chunk;
    for (const w of waiting) w();
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  return {
    get text() {
      return text;
    },
    /** The first match of pattern, as soon as it is there. */
    until(pattern, ms = 60_000) {
      return new Promise((resolve, reject) => {
        const look = () => {
          const m = pattern.exec(text);
          if (m) settle(() => resolve(m));
        };
        const fail = (why) => settle(() => reject(new Error(`${name}: ${why} before ${pattern}\n${text}`)));
        const ended = () => fail('ended');
        const timer = setTimeout(() => fail(`${ms} ms passed`), ms);
        const settle = (f) => {
          clearTimeout(timer);
          waiting.delete(look);
          child.off('exit', ended);
          f();
        };
        waiting.add(look);
        child.once('exit', ended);
        look();
      });
    },
  };
}

function stop(child, signal = 'SIGTERM', group = false) {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', resolve);
    process.kill(group ? -child.pid : child.pid, signal);
  });
}

/** Starts a server. settings are lines of livesrv.yml. */
export async function serve(settings = '') {
  const dir = mkdtempSync(path.join(tmpdir(), 'livesrv-e2e-'));
  const file = path.join(dir, 'livesrv.yml');
  writeFileSync(file, settings);
  const child = spawn(
    program('livesrv'),
    ['serve', '--config', file, '--data', path.join(dir, 'data'), '--http', '127.0.0.1:0', '--rtmp', '127.0.0.1:0', '--srt', '', '--rtsp', '', '--set', 'admin.address=127.0.0.1:0',
      '--set', 'whip.udp_address=127.0.0.1:0', '--set', 'whip.tcp_address=127.0.0.1:0'],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const out = lines(child, 'livesrv');
  const encoders = [];
  const [, password] = await out.until(/^\s+password\s+(\S+)$/m);
  const [, url] = await out.until(/pages\s+(http\S+)/);
  const [, rtmp] = await out.until(/rtmp\s+(rtmp:\S+)/);
  const server = {
    url,
    rtmp,
    password,
    get log() {
      return out.text;
    },
    /** Calls the API as the admin; throws on an error, with its body. */
    async api(method, where, body, headers = {}) {
      const res = await fetch(`${url}/api${where}`, {
        method,
        headers: { 'X-Livesrv': '1', ...(server.cookie ? { Cookie: server.cookie } : {}), ...(body ? { 'Content-Type': 'application/json' } : {}), ...headers },
        body: body && JSON.stringify(body),
      });
      const text = await res.text();
      if (!res.ok) throw new Error(`${method} ${where}: ${res.status} ${text}`);
      const set = res.headers.get('set-cookie');
      if (set) server.cookie = set.split(';')[0];
      return text ? JSON.parse(text) : null;
    },
    /** Pushes a picture with a clock in it to a show; gives a function that ends the push, by SIGKILL as a power cut would, and has `tell` for signals. */
    async push(show, ...flags) {
      const desk = await server.api('GET', `/shows/${show}/desk`);
      const encoder = spawn(program('timecode'), ['--url', `${rtmp}/${desk.show.streamKey}`, ...flags], {
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true, // with its ffmpeg a group of its own
      });
      encoders.push(encoder);
      await lines(encoder, 'timecode').until(/"ready":true/);
      await out.until(new RegExp(`publish started.*stream=${show} `));
      return Object.assign((signal) => stop(encoder, signal, true), { tell: (signal) => encoder.kill(signal) });
    },
    async stop() {
      await Promise.all(encoders.map((e) => stop(e, 'SIGTERM', true)));
      await stop(child);
      rmSync(dir, { recursive: true, force: true });
    },
  };
  await server.api('POST', '/session', { name: 'admin', password });
  return server;
}

/** A show with n products of one SKU each (and the first with two sizes). */
export async function stock(server, slug, n = 3) {
  const ids = [];
  for (let i = 1; i <= n; i++) {
    const sized = i === 1;
    const skus = (sized ? ['S', 'L'] : [null]).map((size) => ({
      code: `P${i}${size ?? ''}`,
      options: size ? [size] : [],
      price: { amount: 1000 * i, currency: 'EUR' },
      stock: 7,
    }));
    const { product } = await server.api('POST', '/products', { title: `Product ${i}`, description: `Made for test ${i}.`, options: sized ? ['Size'] : [], skus });
    ids.push(product.id);
  }
  await server.api('POST', '/shows', { slug, title: `Show ${slug}`, currency: 'EUR', ways: ['cash_on_delivery', 'bank_transfer'], paymentNote: 'IBAN DE00 0000' });
  await server.api('PUT', `/shows/${slug}/lineup`, { products: ids });
  return ids;
}
