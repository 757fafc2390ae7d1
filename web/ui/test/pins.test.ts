import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pin } from '../src/lib/api';
import { PinTracker, mergePins, pinsAt, readRange, type RangedPin, type ShownPin } from '../src/lib/pins';

const t0 = Date.parse('2026-11-22T20:00:00Z');
const iso = (ms: number) => new Date(t0 + ms).toISOString();
const pin = (id: string, start: number, end: number | null = null, rev = 1): Pin => ({
  id,
  product: `prd_${id}`,
  start: iso(start),
  end: end === null ? null : iso(end),
  rev,
});
const card = (c: object) =>
  btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(c)))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');

class Source {
  wall: Date | null = null;
  ranged: RangedPin[] = [];
  wallNow = () => this.wall;
  rangedPins = () => this.ranged;
  onPicture = () => () => {};
  at(ms: number): this {
    this.wall = new Date(t0 + ms);
    return this;
  }
}

function track(source: Source) {
  const log: string[] = [];
  const tracker = new PinTracker(source, (shown: ShownPin[], came: ShownPin[], went: ShownPin[]) => {
    log.push([`[${shown.map((p) => p.id).join()}]`, ...came.map((p) => `+${p.id}`), ...went.map((p) => `-${p.id}`)].join(' '));
  });
  return { tracker, log };
}

test('a daterange of ours is read, another is not', () => {
  const range = { id: 'pin_a', class: 'dev.livesrv.pin', startDate: new Date(t0), endDate: null, attr: { 'X-LIVESRV-CARD': card({ pin: 'pin_a', product: 'prd_ü', rev: 2 }) } };
  assert.deepEqual(readRange(range), { id: 'pin_a', start: t0, end: null, card: { pin: 'pin_a', product: 'prd_ü', rev: 2 } });
  assert.equal(readRange({ ...range, class: 'com.apple.hls.interstitial' }), null);
  assert.equal(readRange({ ...range, startDate: new Date(Number.NaN) }), null);
  for (const bad of [undefined, '%%%', btoa('no json'), card({ rev: 1 })]) {
    assert.equal(readRange({ ...range, attr: { 'X-LIVESRV-CARD': bad } })?.card, null);
  }
});

test('the playlist’s times count, the state knows what the playlist does not say', () => {
  const merged = mergePins([pin('a', 0), pin('b', 5000, 9000)], [
    { id: 'a', start: t0 + 40, end: null, card: null },
    { id: 'b', start: t0 + 5000, end: null, card: null },
    { id: 'c', start: t0 + 7000, end: null, card: { pin: 'c', product: 'prd_c', sku: 'sku_c' } },
    { id: 'd', start: t0, end: null, card: null },
  ]);
  assert.deepEqual(
    merged.map((p) => [p.id, p.start - t0, p.end === null ? null : p.end - t0, p.product, p.sku]),
    [['a', 40, null, 'prd_a', undefined], ['b', 5000, 9000, 'prd_b', undefined], ['c', 7000, null, 'prd_c', 'sku_c']],
  );
});

test('a pin is on screen from its start up to its end', () => {
  const pins = mergePins([pin('a', 1000, 3000)], []);
  const seen = [999, 1000, 2999, 3000].map((ms) => pinsAt(pins, new Date(t0 + ms)).length);
  assert.deepEqual(seen, [0, 1, 1, 0]);
});

test('without a wall time open pins show at once', () => {
  const pins = mergePins([pin('a', 1000), pin('b', 0, 500)], []);
  assert.deepEqual(pinsAt(pins, null).map((p) => p.id), ['a']);
});

test('a card comes and goes with the picture, not with the event', () => {
  const source = new Source().at(0);
  const { tracker, log } = track(source);
  tracker.apply(pin('a', 8000));
  assert.deepEqual(log, []);
  source.at(8000);
  tracker.update();
  tracker.apply(pin('a', 8000, 20_000, 2));
  source.at(19_999);
  tracker.update();
  source.at(20_000);
  tracker.update();
  assert.deepEqual(log, ['[a] +a', '[] -a']);
});

test('a viewer who goes back sees the card again', () => {
  const source = new Source().at(25_000);
  const { tracker, log } = track(source);
  tracker.apply(pin('a', 8000, 20_000));
  source.at(10_000);
  tracker.update();
  source.at(25_000);
  tracker.update();
  assert.deepEqual(log, ['[a] +a', '[] -a']);
});

test('who joins late has the card from the playlist alone', () => {
  const source = new Source().at(60_000);
  source.ranged = [{ id: 'a', start: t0, end: null, card: { pin: 'a', product: 'prd_a' } }];
  const { tracker, log } = track(source);
  tracker.update();
  assert.deepEqual(log, ['[a] +a']);
});

test('an old revision does not bring back what has ended', () => {
  const source = new Source().at(30_000);
  const { tracker, log } = track(source);
  tracker.apply(pin('a', 0, 20_000, 2));
  tracker.apply(pin('a', 0, null, 1));
  assert.deepEqual(log, []);
});

test('a pin that a snapshot lists no more stays until the picture gets there', () => {
  const source = new Source().at(50_000);
  const { tracker, log } = track(source);
  tracker.setPins([pin('a', 0)], t0 + 60_000);
  tracker.setPins([], t0 + 61_000);
  assert.deepEqual(log, ['[a] +a']);
  source.at(61_000);
  tracker.update();
  assert.deepEqual(log, ['[a] +a', '[] -a']);
});

test('what ended long before the picture is forgotten, whatever this computer’s clock says', () => {
  const source = new Source().at(3_600_000);
  const { tracker, log } = track(source);
  tracker.apply(pin('a', 0, 20_000, 2));
  tracker.apply(pin('b', 3_590_000, 3_595_000, 2));
  source.at(3_592_000);
  tracker.update();
  source.at(10_000);
  tracker.update();
  assert.deepEqual(log, ['[b] +b', '[] -b']);
});

test('three pins at once keep their order', () => {
  const source = new Source().at(5000);
  const { tracker } = track(source);
  tracker.setPins([pin('c', 3000), pin('a', 1000), pin('b', 2000)]);
  assert.deepEqual(tracker.current.map((p) => p.id), ['a', 'b', 'c']);
});
