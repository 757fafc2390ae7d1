import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parentOrigin, readEnvelope } from '../src/embed/frame';

test('only an exact origin is talked to', () => {
  const origin = (o: string) => parentOrigin(`?origin=${encodeURIComponent(o)}`);
  assert.equal(origin('https://shop.example'), 'https://shop.example');
  assert.equal(origin('http://localhost:3000'), 'http://localhost:3000');
  for (const bad of ['*', 'https://shop.example/', 'https://shop.example/path', 'shop.example', 'javascript:alert(1)', 'null', 'https://SHOP.example', '']) {
    assert.equal(origin(bad), null, bad);
  }
  assert.equal(parentOrigin(''), null);
});

test('only our envelope of this version is read', () => {
  assert.equal(readEnvelope({ source: 'livesrv', version: 1, type: 'play' })?.type, 'play');
  for (const bad of [null, 'play', 1, {}, { source: 'livesrv', version: 2, type: 'play' }, { source: 'x', version: 1, type: 'play' }, { source: 'livesrv', version: 1 }]) {
    assert.equal(readEnvelope(bad), null);
  }
});
