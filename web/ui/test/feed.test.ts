import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Feed } from '../src/lib/feed';

interface S {
  position: { offset: number; epoch: string };
  n: number;
}

type E = { n: number };

/** The feed's own halves without a network: snapshots come when the test says, events through the same door. */
class Trial extends Feed<S, E> {
  readonly log: string[] = [];
  readonly answers: ((s: S | Error) => void)[] = [];

  constructor() {
    const hooks: { self?: Trial } = {};
    super({
      topic: 'show:x',
      load: () => new Promise((ok, no) => hooks.self!.answers.push((s) => (s instanceof Error ? no(s) : ok(s)))),
      onState: (s) => hooks.self!.log.push(`state ${s.n}`),
      onEvent: (e) => hooks.self!.log.push(`event ${e.n}`),
      onError: (e) => hooks.self!.log.push(`error ${(e as Error).message}`),
    });
    hooks.self = this;
    const inner = this as unknown as { stopped: boolean };
    inner.stopped = false;
  }

  event(n: number, offset: number): void {
    (this as unknown as { take(e: E, o: number): void }).take({ n }, offset);
  }
}

const state = (n: number, offset: number): S => ({ n, position: { offset, epoch: 'e' } });
const settle = () => new Promise((go) => setTimeout(go, 0));

test('events up to the snapshot are not applied again', async () => {
  const f = new Trial();
  const done = f.refresh();
  f.answers[0]!(state(1, 5));
  await done;
  f.event(4, 4);
  f.event(5, 5);
  f.event(6, 6);
  f.event(6, 6);
  f.event(7, 7);
  assert.deepEqual(f.log, ['state 1', 'event 6', 'event 7']);
});

test('events that come while a snapshot is under way wait for it', async () => {
  const f = new Trial();
  const done = f.refresh();
  f.event(8, 8);
  f.event(9, 9);
  assert.deepEqual(f.log, []);
  f.answers[0]!(state(1, 8));
  await done;
  assert.deepEqual(f.log, ['state 1', 'event 9']);
});

test('a snapshot that fails loses no event', async () => {
  const f = new Trial();
  const done = f.refresh();
  f.event(1, 1);
  f.answers[0]!(new Error('down'));
  await done;
  assert.deepEqual(f.log, ['event 1', 'error down']);
});

test('fleeting events have no place in the order', async () => {
  const f = new Trial();
  const done = f.refresh();
  f.answers[0]!(state(1, 5));
  await done;
  f.event(42, 0);
  f.event(43, 0);
  assert.deepEqual(f.log, ['state 1', 'event 42', 'event 43']);
});

test('one snapshot at a time', async () => {
  const f = new Trial();
  const a = f.refresh();
  const b = f.refresh();
  assert.equal(f.answers.length, 1);
  f.answers[0]!(state(1, 1));
  await Promise.all([a, b]);
  await settle();
  assert.deepEqual(f.log, ['state 1']);
});
