import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Standstill, endsInGap, mediaFrom, type Listing } from '../src/lib/standstill';

/** A playlist of segments of two seconds from 0 on, g for a gap; then the parts of the last ones. */
function list(segments: string, parts: [start: number, gap: boolean][] = [], live = true): Listing {
  const partList = parts.map(([start, gap]) => ({ start, gap }));
  const last = parts.at(-1);
  return {
    live,
    edge: last ? last[0] + 0.5 : segments.length * 2,
    fragments: [...segments].map((s, i) => ({ start: i * 2, gap: s === 'g' })),
    partList: parts.length > 0 ? partList : null,
  };
}

test('waits in a gap, however long, and loads anew as soon as there is media', () => {
  const s = new Standstill();
  for (let t = 0; t < 120_000; t += 500) assert.equal(s.step(list('mmg', [[6, true]]), 4, t), 'wait');
  const back = list('mmgg', [[8, false]]);
  assert.equal(s.step(back, 4, 120_000), 'load');
  assert.equal(s.step(back, 4, 120_500), 'wait');
  assert.equal(s.step(back, 4, 123_100), 'reload', 'hls.js does not get going: everything anew');
});

test('without a gap it gives hls.js three seconds', () => {
  const s = new Standstill();
  assert.equal(s.step(list('mmm'), 5.5, 0), 'wait', 'there is nothing newer');
  assert.equal(s.step(list('mmmm'), 5.5, 1000), 'wait');
  assert.equal(s.step(list('mmmm'), 5.5, 3900), 'wait');
  assert.equal(s.step(list('mmmm'), 5.5, 4000), 'load');
  s.over();
  assert.equal(s.step(list('mmmmm'), 5.5, 9000), 'wait', 'a standstill later counts for itself');
});

test('a stream that ends in a gap is over', () => {
  assert.equal(new Standstill().step(list('mmg', [], false), 4, 0), 'over');
  assert.ok(endsInGap(list('mmg')));
  assert.ok(!endsInGap(list('mgm')));
  assert.ok(!endsInGap(null));
});

test('media begins behind the last gap', () => {
  assert.equal(mediaFrom(list('mmggm')), 8);
  assert.equal(mediaFrom(list('mmgg', [[7.5, true], [8, false], [8.5, false]])), 8);
  assert.equal(mediaFrom(list('mmggm', [[8, false], [8.5, false], [10, false]])), 8);
  assert.equal(mediaFrom(list('mmm', [[4, false], [6, false]])), 0);
});
