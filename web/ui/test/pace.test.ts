import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pace } from '../src/lib/pace';

test('plays on as it is at the intended delay', () => {
  assert.equal(new Pace().rate(0.05, 0.6, 0.2), 1);
});

test('hurries while behind, and until it is there', () => {
  const p = new Pace();
  assert.ok(p.rate(0.4, 0.9, 0.2) > 1);
  assert.ok(p.rate(0.08, 0.6, 0.2) > 1);
  assert.equal(p.rate(0.03, 0.6, 0.2), 1);
  assert.equal(p.rate(0.08, 0.6, 0.2), 1, 'does not begin again for so little');
});

test('does not hurry into an empty buffer', () => {
  assert.equal(new Pace().rate(0.4, 0.25, 0.2), 1);
});

test('a stall widens the delay by a part, for a while and not without end', () => {
  const p = new Pace();
  p.stalled(0.5);
  assert.equal(p.rate(0.4, 2, 0.5), 1);
  for (let i = 0; i < 120; i++) p.rate(0, 2, 0.5);
  assert.ok(p.rate(0.4, 2, 0.5) > 1);
  for (let i = 0; i < 50; i++) p.stalled(0.5);
  assert.ok(p.rate(2, 3, 0.5) > 1);
});
