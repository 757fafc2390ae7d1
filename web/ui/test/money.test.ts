import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setLocale } from '../src/lib/i18n';
import { digits, money, parseMoney, plainMoney, sum } from '../src/lib/money';

test('minor units follow ISO 4217', () => {
  assert.deepEqual(['EUR', 'CNY', 'JPY', 'KWD'].map(digits), [2, 2, 0, 3]);
});

test('amounts are written as the language writes them', () => {
  setLocale('en');
  assert.equal(money({ amount: 123450, currency: 'EUR' }), '€1,234.50');
  assert.equal(money({ amount: 1200, currency: 'JPY' }), '¥1,200');
  assert.equal(money({ amount: 12000, currency: 'EUR' }, { short: true }), '€120');
  assert.equal(money({ amount: 12050, currency: 'EUR' }, { short: true }), '€120.50');
  setLocale('zh-CN');
  assert.equal(money({ amount: 9900, currency: 'CNY' }), '¥99.00');
  setLocale('en');
});

test('what people type becomes minor units', () => {
  const cases: [string, string, number | null][] = [
    ['12.50', 'EUR', 1250],
    ['12,5', 'EUR', 1250],
    ['€ 1,299', 'EUR', 129900],
    ['1.299,00', 'EUR', 129900],
    ['1,299.00', 'EUR', 129900],
    ['99', 'CNY', 9900],
    ['￥９９', 'CNY', 9900],
    ['.5', 'EUR', 50],
    ['1 200', 'JPY', 1200],
    ['1.200', 'JPY', 1200],
    ['1.234', 'KWD', 1234],
    ['12.345', 'EUR', 1234500],
    ['1.23.45', 'EUR', null],
    ['-5', 'EUR', null],
    ['', 'EUR', null],
    ['abc', 'EUR', null],
    ['99999999999999999', 'EUR', null],
  ];
  for (const [text, currency, want] of cases) assert.equal(parseMoney(text, currency), want, `${text} ${currency}`);
});

test('plain decimals for input fields and sums', () => {
  assert.equal(plainMoney({ amount: 1250, currency: 'EUR' }), '12.50');
  assert.equal(plainMoney({ amount: 1250, currency: 'JPY' }), '1250');
  assert.deepEqual(sum([{ amount: 1, currency: 'EUR' }, { amount: 2, currency: 'EUR' }], 'EUR'), { amount: 3, currency: 'EUR' });
});
