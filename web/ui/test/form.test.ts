import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressOf, blank, contactFields, contactOf, countries, order, problem } from '../src/watch/form';

test('what is missing or wrong is said, what is fine is not', () => {
  const a = blank();
  assert.deepEqual(order.filter((f) => problem(f, a) !== null), ['contact.name', 'contact.phone', 'address.line1', 'address.city']);
  assert.ok(problem('way', a));
  for (const ok of ['+49 171 5550123', '0171/555-0123', '(020) 7946 0958', '13800138000']) assert.equal(problem('contact.phone', { ...a, 'contact.phone': ok }), null, ok);
  for (const bad of ['12', 'call me', '+49 171 5550123 x9', '1234567890123456']) assert.ok(problem('contact.phone', { ...a, 'contact.phone': bad }), bad);
  for (const ok of ['', 'a@b.co', 'mei.lin+x@mail.example.com']) assert.equal(problem('contact.email', { ...a, 'contact.email': ok }), null, ok);
  for (const bad of ['a', 'a@b', 'a b@c.de', 'a@b..de', 'a@b.de.']) assert.ok(problem('contact.email', { ...a, 'contact.email': bad }), bad);
});

test('a phone number or an email address will do, but for cash on delivery', () => {
  const mail = { ...blank(), 'contact.email': 'mei@example.com', way: 'bank_transfer' };
  assert.equal(problem('contact.phone', mail), null);
  assert.ok(problem('contact.phone', { ...mail, 'contact.phone': '12' }));
  assert.ok(problem('contact.phone', { ...mail, way: 'cash_on_delivery' }));
  assert.ok(problem('contact.phone', { ...mail, 'contact.email': '' }) !== problem('contact.phone', { ...mail, way: 'cash_on_delivery' }));
  const optional = (a: typeof mail) => contactFields.filter((f) => f.optional?.(a)).map((f) => f.name);
  assert.deepEqual(optional(mail), ['contact.phone']);
  assert.deepEqual(optional({ ...mail, way: 'cash_on_delivery' }), ['contact.email']);
  assert.deepEqual(optional(blank()), []);
  assert.deepEqual(optional({ ...blank(), 'contact.phone': '0171 5550123' }), ['contact.email']);
});

test('answers go out trimmed', () => {
  const a = { ...blank(), 'contact.name': ' Mei ', 'address.city': ' Weimar\t', 'address.country': 'DE' };
  assert.equal(contactOf(a).name, 'Mei');
  assert.deepEqual(addressOf(a), { line1: '', line2: '', city: 'Weimar', region: '', postcode: '', country: 'DE' });
});

test('countries are named in the language and none is there twice', () => {
  const en = countries('en');
  assert.equal(new Set(en.map((c) => c.code)).size, en.length);
  assert.ok(en.length > 235 && en.every((c) => /^[A-Z]{2}$/.test(c.code) && c.name !== c.code));
  assert.equal(countries('zh-CN').find((c) => c.code === 'DE')?.name, '德国');
});
