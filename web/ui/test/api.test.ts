import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Api, ApiError, pricesOf, stockOf, wasPrice, type Product, type Sku } from '../src/lib/api';

const sku = (id: string, amount: number, state: Sku['state'], left?: number, compareAt?: number): Sku => ({ id, code: '', options: [], price: { amount, currency: 'EUR' }, state, left, compareAt });
const product = (...skus: Sku[]): Product => ({ id: 'p', handle: '', title: '', description: '', vendor: '', options: [], images: [], skus });

function answer(status: number, body: string) {
  const seen: { url: string; init: RequestInit }[] = [];
  globalThis.fetch = (async (url: string, init: RequestInit) => {
    seen.push({ url, init });
    return new Response(body === '' ? null : body, { status });
  }) as typeof fetch;
  return seen;
}

test('an error carries what the server said', async () => {
  answer(409, '{"error":{"kind":"conflict","message":"the total has changed","hint":"show it","field":"expect","id":"r1"}}');
  await assert.rejects(new Api().state('x'), (e) => e instanceof ApiError && e.kind === 'conflict' && e.field === 'expect' && e.hint === 'show it' && e.status === 409 && !e.temporary);
});

test('an answer that is not ours still has a kind', async () => {
  for (const [status, kind, temporary] of [[502, 'unavailable', true], [404, 'not_found', false], [500, 'internal', false], [429, 'too_many', true]] as const) {
    answer(status, '<html>nginx</html>');
    await assert.rejects(new Api().state('x'), (e) => e instanceof ApiError && e.kind === kind && e.temporary === temporary);
  }
});

test('no answer is a network error', async () => {
  globalThis.fetch = (async () => {
    throw new TypeError('fetch failed');
  }) as typeof fetch;
  await assert.rejects(new Api().state('x'), (e) => e instanceof ApiError && e.kind === 'network' && e.temporary);
});

test('an order carries its key, and cookies only to our own origin', async () => {
  const seen = answer(201, '{"order":{},"token":"t"}');
  const request = { items: [], contact: { name: '', phone: '', email: '' }, address: { line1: '', line2: '', city: '', region: '', postcode: '', country: '' }, note: '', way: 'cash_on_delivery' };
  await new Api().order('a/b', request, 'key-1');
  await new Api('https://shop.example').order('s', request, 'key-2');
  const [own, foreign] = seen as [(typeof seen)[0], (typeof seen)[0]];
  const header = (s: (typeof seen)[0]) => s.init.headers as Record<string, string>;
  assert.equal(own.url, '/api/shows/a%2Fb/orders');
  assert.equal(header(own)['Idempotency-Key'], 'key-1');
  assert.equal(header(own)['X-Livesrv'], '1');
  assert.equal(own.init.credentials, 'same-origin');
  assert.equal(foreign.url, 'https://shop.example/api/shows/s/orders');
  assert.equal(header(foreign)['X-Livesrv'], undefined);
  assert.equal(foreign.init.credentials, 'omit');
});

test('an empty answer is nothing', async () => {
  answer(204, '');
  assert.equal(await new Api().delete('/api/session'), undefined);
});

test('stock and price of a product as a whole', () => {
  assert.deepEqual(stockOf(product(sku('a', 1, 'out'), sku('b', 1, 'in'))), { state: 'in' });
  assert.deepEqual(stockOf(product(sku('a', 1, 'low', 2), sku('b', 1, 'low', 1), sku('c', 1, 'out'))), { state: 'low', left: 3 });
  assert.deepEqual(stockOf(product(sku('a', 1, 'out'))), { state: 'out' });
  const range = pricesOf(product(sku('a', 300, 'in'), sku('b', 100, 'in'), sku('c', 200, 'in')));
  assert.deepEqual([range?.from.amount, range?.to.amount], [100, 300]);
  assert.equal(pricesOf(product()), null);
});

test('a price before counts only if it was higher', () => {
  assert.deepEqual(wasPrice(sku('a', 100, 'in', undefined, 150)), { amount: 150, currency: 'EUR' });
  assert.equal(wasPrice(sku('a', 100, 'in', undefined, 100)), null);
  assert.equal(wasPrice(sku('a', 100, 'in')), null);
});
