import assert from 'node:assert/strict';
import { test } from 'node:test';
import { timeAt, wallAt } from '../src/lib/wall';

const t0 = Date.parse('2026-11-22T20:00:00Z');
// Two seconds each, the third after a break of ten seconds, the second without a date.
const segments = [
  { start: 100, programDateTime: t0 },
  { start: 102, programDateTime: null },
  { start: 104, programDateTime: t0 + 14_000 },
];

test('the wall time of a picture comes from the segment it is in', () => {
  const wall = (s: number) => wallAt(segments, s)!.getTime() - t0;
  assert.deepEqual([100, 101.5, 103, 104, 105.25, 110].map(wall), [0, 1500, 3000, 14_000, 15_250, 20_000]);
  assert.equal(wall(99), -1000, 'just before the window: reckoned back from its first segment');
  assert.equal(wallAt([], 5), null);
  assert.equal(wallAt([{ start: 0, programDateTime: null }], 5), null);
});

test('a wall time has its place on the timeline', () => {
  const at = (ms: number) => timeAt(segments, new Date(t0 + ms));
  assert.deepEqual([0, 1500, 14_000, 15_000].map(at), [100, 101.5, 104, 105]);
  assert.equal(at(-1), null);
});
