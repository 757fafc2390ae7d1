// The console's models without a page: what the merchant does shows at once, and the server has the last word.
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { ApiError, type Pin } from '../src/lib/api';
import { setLocale } from '../src/lib/i18n';
import { refusal as refusalOf } from '../src/lib/refusal';
import { DeskModel } from '../src/console/model/desk';
import { Orders, undoFor } from '../src/console/model/orders';
import { PinBoard } from '../src/console/model/pin-board';
import { hrefOf, parseRoute, type Route } from '../src/console/model/route';
import { session } from '../src/console/model/session';
import type { Desk, Order, Product } from '../src/console/model/types';
import { combinations, optionsOf, readValues, rowsFor, type Row } from '../src/console/products/matrix';

(globalThis as { window?: unknown }).window = globalThis;

interface Sent { method: string; path: string; body: Record<string, unknown> }

/** Stands in for the server: each call is kept and answered by the next function. */
function server(...answers: ((sent: Sent) => [status: number, body?: unknown] | Promise<[number, unknown?]>)[]): Sent[] {
  const calls: Sent[] = [];
  globalThis.fetch = async (path, init) => {
    const sent = { method: init?.method ?? 'GET', path: String(path), body: typeof init?.body === 'string' ? JSON.parse(init.body) : {} };
    calls.push(sent);
    const answer = answers.shift();
    if (!answer) throw new Error(`unexpected ${sent.method} ${sent.path}`);
    const [status, body] = await answer(sent);
    return new Response(body === undefined ? null : JSON.stringify(body), { status });
  };
  return calls;
}

const refusal = (kind: string, message: string) => ({ error: { kind, message, hint: '' } });
const user = { id: 'usr_1', name: 'greta', role: 'merchant', merchant: 'mer_1' };
const settle = () => new Promise((go) => setTimeout(go, 0));

function held<T>(): { promise: Promise<T>; give: (v: T) => void } {
  let give!: (v: T) => void;
  const promise = new Promise<T>((ok) => { give = ok; });
  return { promise, give };
}

async function signIn(): Promise<void> {
  server(() => [200, { user }]);
  await session.signIn('greta', 'secret secret');
}

const pin = (id: string, product: string, rev = 1): Pin => ({ id, product, start: '2026-11-22T20:00:00.000Z', end: null, rev });

const product = (id: string, rev: number, stock: number, amount = 1000): Product => ({
  id, handle: id, title: id, description: '', vendor: '', options: [], images: [], archived: false, rev,
  skus: [{ id: 'sku_' + id, code: '', options: [], price: { amount, currency: 'EUR' }, stock, state: 'in' }],
});

const order = (id: string, over: Partial<Order> = {}): Order => ({
  id, number: id, show: 'tea', lines: [], total: { amount: 100, currency: 'EUR' }, status: 'awaiting_merchant', way: 'cash_on_delivery',
  contact: { name: '' }, address: {}, created: new Date().toISOString(), updated: new Date().toISOString(), ...over,
});

// ── routes ──────────────────────────────────────────────────────────────────────────────────────────────

test('a place is the same after the address bar', () => {
  const places: Route[] = [{ page: 'shows' }, { page: 'products' }, { page: 'desk', show: 'tea' }, { page: 'orders', show: 'tea-2' }];
  for (const place of places) assert.deepEqual(parseRoute(hrefOf(place)), place);
  for (const bad of ['', '#', '#/desk', '#/nowhere/tea', '#/desk/']) assert.deepEqual(parseRoute(bad), { page: 'shows' }, bad);
});

// ── options ─────────────────────────────────────────────────────────────────────────────────────────────

test('values are read with every comma, once each and in order', () => {
  assert.deepEqual(readValues(' S, M，L、M ;XL,, '), ['S', 'M', 'L', 'XL']);
});

test('the matrix has every choice, and one without options', () => {
  assert.deepEqual(combinations([]), [[]]);
  assert.deepEqual(combinations([{ name: 'Size', values: ['S', 'L'] }, { name: 'Colour', values: ['red', 'blue'] }]),
    [['S', 'red'], ['S', 'blue'], ['L', 'red'], ['L', 'blue']]);
});

test('what was typed stays when a value or an option is added', () => {
  const before: Row[] = [
    { options: ['S'], id: 'sku_s', price: '10', stock: '3', code: 'A-S' },
    { options: ['L'], id: 'sku_l', price: '12', stock: '4', code: 'A-L' },
  ];
  const more = rowsFor([{ name: 'Size', values: ['S', 'M', 'L'] }], before);
  assert.deepEqual(more.map((r) => [r.id, r.price, r.stock]), [['sku_s', '10', '3'], [undefined, '10', ''], ['sku_l', '12', '4']]);
  const wider = rowsFor([{ name: 'Size', values: ['S', 'L'] }, { name: 'Colour', values: ['red', 'blue'] }], before);
  assert.deepEqual(wider.map((r) => [r.options.join('/'), r.id, r.price, r.code]),
    [['S/red', 'sku_s', '10', 'A-S'], ['S/blue', undefined, '10', ''], ['L/red', 'sku_l', '12', 'A-L'], ['L/blue', undefined, '12', '']]);
});

test('a product gives its options back with the values in use', () => {
  const p = product('mug', 1, 1);
  p.options = ['Glaze', 'Size'];
  p.skus = [['Moss', 'S'], ['Moss', 'L'], ['Clay', 'S']].map((options, i) => ({ ...p.skus[0]!, id: String(i), options }));
  assert.deepEqual(optionsOf(p), [{ name: 'Glaze', values: ['Moss', 'Clay'] }, { name: 'Size', values: ['S', 'L'] }]);
});

// ── the session ─────────────────────────────────────────────────────────────────────────────────────────

test('a call that meets the end of the session goes on after signing in again', async () => {
  await signIn();
  const calls = server(() => [401, refusal('unauthorized', 'who?')], () => [200, { user }], () => [200, { saved: true }]);
  const saving = session.call('PATCH', '/api/shows/tea', { json: { title: 'typed' } });
  await settle();
  assert.equal(session.phase, 'lapsed');
  await session.signIn('greta', 'secret secret');
  assert.deepEqual(await saving, { saved: true });
  assert.equal(session.phase, 'in');
  assert.deepEqual(calls.map((c) => c.method), ['PATCH', 'POST', 'PATCH']);
  assert.deepEqual(calls[2]!.body, { title: 'typed' });
});

test('a pin is not sent again: its moment is over', async () => {
  await signIn();
  const calls = server(() => [401, refusal('unauthorized', 'who?')], () => [200, { user }]);
  await assert.rejects(session.call('POST', '/api/shows/tea/pins', { again: false }), (e) => (e as ApiError).kind === 'unauthorized');
  await session.signIn('greta', 'secret secret');
  assert.equal(calls.length, 2);
});

test('what waits for a sign-in fails when the person leaves instead', async () => {
  await signIn();
  server(() => [401, refusal('unauthorized', 'who?')]);
  const waiting = session.call('GET', '/api/orders');
  await settle();
  session.forget();
  await assert.rejects(waiting, (e) => (e as ApiError).kind === 'unauthorized');
  assert.equal(session.phase, 'out');
});

// ── pins ────────────────────────────────────────────────────────────────────────────────────────────────

test('a pin shows at once as on its way and becomes the server’s', async () => {
  await signIn();
  const board = new PinBoard('tea', () => undefined);
  const answer = held<[number, unknown]>();
  const calls = server(() => answer.promise);
  const pinning = board.pin('prd_1', undefined, Date.parse('2026-11-22T20:00:01.500Z'));
  assert.ok(board.isPending('prd_1'));
  answer.give([200, { pin: pin('pin_1', 'prd_1') }]);
  await pinning;
  assert.equal(calls[0]!.body.at, '2026-11-22T20:00:01.500Z');
  assert.deepEqual([board.isPending('prd_1'), board.of('prd_1')?.id], [false, 'pin_1']);
});

test('a refused pin leaves the board as it was', async () => {
  await signIn();
  const board = new PinBoard('tea', () => undefined);
  board.reset([pin('a', '1'), pin('b', '2'), pin('c', '3')]);
  server(() => [409, refusal('conflict', 'three are up')]);
  const pinning = board.pin('4', undefined, undefined);
  assert.equal(board.pending.length, 0, 'no card beyond the third is drawn');
  await assert.rejects(pinning, (e) => (e as ApiError).kind === 'conflict');
  assert.deepEqual(board.open.map((p) => p.id), ['a', 'b', 'c']);
});

test('a late event does not bring an unpinned card back, an old one does not undo a new one', () => {
  const board = new PinBoard('tea', () => undefined);
  board.put(pin('a', '1', 2));
  board.put({ ...pin('a', '1', 1), sku: 'old' });
  assert.equal(board.open[0]!.sku, undefined);
  board.remove('a');
  board.put(pin('a', '1', 3));
  assert.equal(board.open.length, 0);
});

test('a card that could not be taken down stays', async () => {
  await signIn();
  const board = new PinBoard('tea', () => undefined);
  board.reset([pin('a', '1')]);
  server(() => [503, refusal('unavailable', 'not now')]);
  await assert.rejects(board.unpin('a', undefined));
  assert.deepEqual([board.open.length, board.leaving.size], [1, 0]);
});

// ── orders ──────────────────────────────────────────────────────────────────────────────────────────────

test('an order from the feed is announced once, and the newest record of it stands', () => {
  const arrived: string[] = [];
  const orders = new Orders('tea', (o) => arrived.push(o.id));
  mock.timers.enable({ apis: ['setTimeout'] });
  orders.apply(order('1', { updated: '2026-11-22T20:00:05.000Z' }));
  orders.apply(order('1', { status: 'confirmed', updated: '2026-11-22T20:00:09.000Z' }));
  orders.apply(order('1', { updated: '2026-11-22T20:00:05.000Z' }));
  orders.apply(order('2', { show: 'another' }));
  orders.apply(order('3', { created: '2020-01-01T00:00:00.000Z' }));
  assert.deepEqual(arrived, ['1'], 'neither another show’s nor an old one');
  assert.equal(orders.find('1')!.status, 'confirmed');
  assert.ok(orders.isFresh('1'));
  mock.timers.reset();
});

test('an order that came while the list was loading is not lost', async () => {
  await signIn();
  const orders = new Orders('tea', () => undefined);
  const page = held<[number, unknown]>();
  server(() => page.promise);
  const loading = orders.load();
  orders.apply(order('new', { created: '2026-11-22T20:00:02.000Z' }));
  orders.apply(order('old', { status: 'confirmed', created: '2026-11-22T20:00:01.000Z', updated: '2026-11-22T20:00:03.000Z' }));
  page.give([200, { orders: [order('old', { created: '2026-11-22T20:00:01.000Z', updated: '2026-11-22T20:00:01.000Z' })], next: '' }]);
  await loading;
  assert.deepEqual(orders.list.map((o) => [o.id, o.status]), [['new', 'awaiting_merchant'], ['old', 'confirmed']]);
  assert.equal(orders.more, false);
});

test('a confirmation can be taken back until it is sent', async () => {
  await signIn();
  const orders = new Orders('tea', () => undefined);
  orders.apply(order('1', { created: '2020-01-01T00:00:00.000Z' }));
  const calls = server(() => [200, { order: order('1', { status: 'confirmed' }) }]);
  mock.timers.enable({ apis: ['setTimeout'] });
  orders.confirm('1');
  mock.timers.tick(undoFor - 1);
  orders.undoConfirm('1');
  mock.timers.tick(undoFor * 2);
  assert.equal(calls.length, 0);
  orders.confirm('1');
  mock.timers.tick(undoFor);
  mock.timers.reset();
  await settle();
  await settle();
  assert.deepEqual([calls.length, calls[0]!.path, orders.find('1')!.status], [1, '/api/orders/1/confirm', 'confirmed']);
});

test('a cancelled order goes out with its reason', async () => {
  await signIn();
  const orders = new Orders('tea', () => undefined);
  orders.apply(order('1', { status: 'confirmed', created: '2020-01-01T00:00:00.000Z' }));
  const calls = server(() => [200, { order: order('1', { status: 'cancelled', reason: 'broken', updated: '2030-01-01T00:00:00.000Z' }) }]);
  assert.equal(await orders.cancel('1', 'broken'), true);
  assert.deepEqual([calls[0]!.path, calls[0]!.body.reason, orders.find('1')!.reason], ['/api/orders/1/cancel', 'broken', 'broken']);
});

test('in another language the kind of a refusal says what happened', () => {
  const e = new ApiError('sold_out', 'only 1 left', 'take fewer');
  assert.deepEqual(refusalOf(e), { text: 'only 1 left', hint: 'take fewer' });
  setLocale('zh-CN');
  try {
    for (const kind of ['invalid', 'too_large', 'unauthorized', 'forbidden', 'not_found', 'gone', 'sold_out', 'conflict', 'too_many', 'unavailable', 'network', 'internal'] as const) {
      const { text, hint } = refusalOf(new ApiError(kind, 'the server says', 'do this'));
      assert.ok(/[\u4e00-\u9fff]/.test(text), kind);
      assert.equal(hint, 'the server says – do this');
    }
  } finally {
    setLocale('en');
  }
});

test('a refused confirmation says why and leaves the order waiting', async () => {
  await signIn();
  const orders = new Orders('tea', () => undefined);
  orders.apply(order('1', { created: '2020-01-01T00:00:00.000Z' }));
  server(() => [409, refusal('conflict', 'it has expired')]);
  assert.equal(await orders.cancel('1', ''), false);
  assert.equal((orders.faults.get('1') as ApiError).message, 'it has expired');
  assert.deepEqual([orders.busy.size, orders.waiting.length], [0, 1]);
});

// ── the desk ────────────────────────────────────────────────────────────────────────────────────────────

function deskOf(...products: Product[]): DeskModel {
  const model = new DeskModel('tea', () => undefined);
  model.desk = { show: { lineup: products.map((p) => p.id), currency: 'EUR' }, products } as unknown as Desk;
  return model;
}

test('stock is sent as the difference from what the merchant saw', async () => {
  await signIn();
  const model = deskOf(product('mug', 5, 7));
  // Meanwhile one was sold: the pile the merchant counted had it still.
  const calls = server(() => [200, { product: product('mug', 7, 11) }]);
  const saving = model.setStock('sku_mug', 7, 12);
  assert.equal(model.edits.get('sku_mug')?.stock, 12, 'shows at once');
  await saving;
  assert.deepEqual(calls[0]!.body, { adjust: 5 });
  assert.deepEqual([model.edits.size, model.product('mug')!.skus[0]!.stock], [0, 11], 'the server’s number stands');
});

test('a refused price goes back and says why', async () => {
  await signIn();
  const mug = product('mug', 5, 7);
  const model = deskOf(mug);
  const calls = server(() => [400, refusal('invalid', 'too high')]);
  await model.setPrice(mug, 'sku_mug', 9_999_999);
  assert.deepEqual(calls[0]!.body, { price: { amount: 9_999_999, currency: 'EUR' } });
  assert.equal((model.editFaults.get('sku_mug') as ApiError).message, 'too high');
  assert.deepEqual([model.edits.size, model.product('mug')!.skus[0]!.price.amount], [0, 1000]);
});

test('an older product does not replace a newer one, and the line-up is the show’s', () => {
  const model = deskOf(product('mug', 5, 7), product('pot', 1, 1));
  model.put(product('mug', 4, 99));
  assert.equal(model.product('mug')!.skus[0]!.stock, 7);
  model.put(product('mug', 6, 6));
  assert.equal(model.product('mug')!.skus[0]!.stock, 6);
  model.desk!.show.lineup = ['pot'];
  assert.deepEqual(model.lineup.map((p) => p.id), ['pot'], 'a pinned product may be on the desk without being in the line-up');
  model.arrange([product('vase', 1, 1), product('pot', 1, 1)]);
  assert.deepEqual(model.lineup.map((p) => p.id), ['vase', 'pot']);
});
