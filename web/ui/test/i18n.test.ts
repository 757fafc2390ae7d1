import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addMessages, locale, matchLocale, setLocale, t, tn } from '../src/lib/i18n';

addMessages({
  'x.hello': { en: 'Hello {name}, {n} new', 'zh-CN': '{name}你好，{n} 条' },
  'x.left.one': { en: '{count} left', 'zh-CN': '剩 {count}' },
  'x.left.other': { en: '{count} are left', 'zh-CN': '剩 {count}' },
});

test('a tag finds its language by the first subtag', () => {
  assert.deepEqual(['zh-TW', 'zh', 'ZH-hans', 'en-GB', 'fr', '', null].map(matchLocale), ['zh-CN', 'zh-CN', 'zh-CN', 'en', 'en', 'en', 'en']);
});

test('messages take values, and numbers as the language writes them', () => {
  setLocale('en');
  assert.equal(t('x.hello', { name: 'Mei', n: 1234 }), 'Hello Mei, 1,234 new');
  assert.equal(t('x.hello'), 'Hello {name}, {n} new');
  setLocale('zh-CN');
  assert.equal(locale(), 'zh-CN');
  assert.equal(t('x.hello', { name: '梅', n: 2 }), '梅你好，2 条');
  setLocale('en');
});

test('counts follow the plural rules', () => {
  setLocale('en');
  assert.deepEqual([0, 1, 2].map((n) => tn('x.left', n)), ['0 are left', '1 left', '2 are left']);
  setLocale('zh-CN');
  assert.equal(tn('x.left', 1), '剩 1');
  setLocale('en');
});

test('a key that is not there reads as itself', () => {
  assert.equal(t('x.none'), 'x.none');
});
