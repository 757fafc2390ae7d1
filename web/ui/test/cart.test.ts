import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Quote } from '../src/lib/api';
import { Cart, maxLines, type Shelf } from '../src/lib/cart';

class Memory implements Shelf {
  readonly all = new Map<string, string>();
  getItem = (k: string) => this.all.get(k) ?? null;
  setItem = (k: string, v: string) => void this.all.set(k, v);
  removeItem = (k: string) => void this.all.delete(k);
}

const quote = (lines: string[], unavailable: Quote['unavailable'] = []): Quote => ({
  show: 's',
  lines: lines.map((sku) => ({ sku, product: 'p', title: '', code: '', options: [], quantity: 1, unit: { amount: 1, currency: 'EUR' }, total: { amount: 1, currency: 'EUR' } })),
  total: { amount: 1, currency: 'EUR' },
  ways: [],
  unavailable,
});

test('a cart survives the page and belongs to its show', () => {
  const shelf = new Memory();
  const cart = new Cart('tea', shelf);
  cart.add('a', 2);
  cart.add('b');
  assert.equal(new Cart('tea', shelf).count, 3);
  assert.equal(new Cart('shoes', shelf).count, 0);
  cart.clear();
  assert.equal(shelf.all.size, 0);
});

test('quantities stay from 1 to 99 and lines up to 50', () => {
  const cart = new Cart('s', new Memory());
  assert.ok(cart.add('a', 99));
  assert.ok(!cart.add('a'));
  cart.set('a', 500);
  assert.equal(cart.quantity('a'), 99);
  cart.set('a', -1);
  assert.equal(cart.lines.length, 0);
  for (let i = 0; i < maxLines; i++) assert.ok(cart.add(`s${i}`));
  assert.ok(!cart.add('one more'));
});

test('what was kept is not believed', () => {
  const shelf = new Memory();
  for (const bad of ['{', '{}', 'null', '[{"sku":1,"quantity":1}]', '[{"sku":"a","quantity":0}]', '[{"sku":"a","quantity":1.5}]', '[null]']) {
    shelf.setItem('livesrv.cart.s', bad);
    assert.equal(new Cart('s', shelf).count, 0, bad);
  }
});

test('the server’s answer brings the cart up to date', () => {
  const cart = new Cart('s', new Memory());
  cart.add('a', 3);
  cart.add('b', 1);
  cart.add('c', 1);
  assert.deepEqual(cart.reconcile(quote(['a', 'c'], [{ sku: 'a', asked: 3, left: 2 }, { sku: 'c', asked: 1, left: 0 }])), ['a', 'b', 'c']);
  assert.deepEqual(cart.lines, [{ sku: 'a', quantity: 2 }]);
  assert.deepEqual(cart.reconcile(quote(['a'])), []);
});

test('a change is told once', () => {
  const cart = new Cart('s', new Memory());
  let n = 0;
  cart.addEventListener('change', () => n++);
  cart.add('a');
  cart.reconcile(quote(['a']));
  assert.equal(n, 1);
});

test('a storage that is full does not stop the sale', () => {
  const full: Shelf = { getItem: () => null, removeItem: () => {}, setItem: () => { throw new Error('full'); } };
  const cart = new Cart('s', full);
  assert.ok(cart.add('a'));
  assert.equal(cart.count, 1);
});
