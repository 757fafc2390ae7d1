// The studio without a browser: keys, constraints, troubles, statistics, and a publisher whose line drops.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '../src/lib/api';
import { troubleOf } from '../src/studio/devices';
import { keyIn } from '../src/studio/key';
import { decibels, share } from '../src/studio/level';
import { NoPath, type Line } from '../src/studio/line';
import { backoff, Publisher, refusalOf, type Surroundings } from '../src/studio/publisher';
import { cameraConstraints, encodings, fit, preferred } from '../src/studio/quality';
import { readSettings } from '../src/studio/settings';
import { readStats } from '../src/studio/stats';
import { clock } from '../src/studio/words';

const key = 'abcdefghijklmnopqrst_-12';

test('a key is found alone, in a fragment and in a pasted link, and nothing else is one', () => {
  for (const text of [key, ` ${key}\n`, `#key=${key}`, `https://live.example/studio/live#key=${key}&x=1`]) assert.equal(keyIn(text), key);
  for (const text of ['', 'short', 'a b'.repeat(10), `https://live.example/?key=${key}`, '#', `#key=`, 'x'.repeat(65)]) assert.equal(keyIn(text), '');
});

test('troubles are told apart', () => {
  const e = (name: string, message = '') => troubleOf({ name, message });
  assert.equal(e('NotAllowedError', 'Permission denied'), 'denied');
  assert.equal(e('NotAllowedError', 'Permission denied by system'), 'system');
  assert.equal(e('NotAllowedError', 'Permission dismissed'), 'dismissed');
  assert.equal(troubleOf({ name: 'NotAllowedError' }, 'prompt'), 'dismissed');
  assert.equal(e('NotFoundError'), 'missing');
  assert.equal(e('NotReadableError'), 'busy');
  assert.equal(e('OverconstrainedError'), 'unfit');
  assert.equal(e('TypeError'), 'broken');
  assert.equal(troubleOf(undefined), 'broken');
});

test('a camera that turns is asked for its own sides, one that does not for the shape', () => {
  assert.deepEqual(cameraConstraints('720p', 'device', { facing: 'user' }), { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 }, facingMode: { ideal: 'user' } });
  const tall = cameraConstraints('1080p', 'tall', { id: 'cam' });
  assert.deepEqual([tall.width, tall.height, tall.aspectRatio, tall.deviceId], [{ ideal: 1080 }, { ideal: 1920 }, { ideal: 1080 / 1920 }, { exact: 'cam' }]);
});

test('layers have rids, a single picture has none, and a lower quality puts layers to rest', () => {
  const three = encodings({ quality: '720p', layers: true });
  assert.deepEqual(three.map((e) => [e.rid, e.scaleResolutionDownBy, e.maxBitrate]), [['h', 1, 2_500_000], ['m', 2, 700_000], ['l', 4, 200_000]]);
  assert.deepEqual(encodings({ quality: '360p', layers: true }), [{ active: true, maxBitrate: 800_000, scaleResolutionDownBy: 1 }]);
  assert.deepEqual(fit(three, { quality: '360p', layers: true }).map((e) => [e.rid, e.active]), [['h', true], ['m', false], ['l', false]]);
  assert.deepEqual(fit(three, { quality: '1080p', layers: true }).map((e) => e.active), [true, true, true]);
});

test('H.264 baseline in several packets comes first, VP8 last, repair keeps its place among itself', () => {
  const c = (mimeType: string, sdpFmtpLine?: string) => ({ mimeType, sdpFmtpLine });
  const sorted = preferred([c('video/VP8'), c('video/rtx'), c('video/H264', 'packetization-mode=0;profile-level-id=42e01f'), c('video/H264', 'packetization-mode=1;profile-level-id=42001f'), c('video/H264', 'packetization-mode=1;profile-level-id=42e01f'), c('video/VP9'), c('video/AV1'), c('video/red')]);
  assert.deepEqual(sorted.map((s) => s.mimeType.slice(6) + (s.sdpFmtpLine ?? '').slice(19, 20) + (s.sdpFmtpLine ?? '').slice(-4)), ['H2641e01f', 'H2641001f', 'H2640e01f', 'AV1', 'VP9', 'rtx', 'red', 'VP8']);
});

test('kept settings that make no sense become defaults', () => {
  for (const text of [null, '', '{', 'null', '{"quality":"8k","facing":3,"shape":"round","camera":{}}']) {
    assert.deepEqual(readSettings(text, false), { camera: '', microphone: '', facing: 'user', quality: '720p', shape: 'wide', layers: true });
  }
  assert.equal(readSettings('{"shape":"tall","layers":false}', false).shape, 'tall');
  assert.equal(readSettings('{"shape":"tall","layers":false}', true).shape, 'device');
});

test('statistics become a rate, a round trip and what limits them', () => {
  const report = (at: number, bytes: number) => [
    { id: 'v', type: 'outbound-rtp', kind: 'video', timestamp: at, bytesSent: bytes, headerBytesSent: 0, frameHeight: 720, frameWidth: 1280, framesPerSecond: 30, qualityLimitationReason: 'bandwidth' },
    { id: 'a', type: 'outbound-rtp', kind: 'audio', timestamp: at, bytesSent: 0 },
    { id: 'r', type: 'remote-inbound-rtp', timestamp: at, fractionLost: 0.25, roundTripTime: 9 },
    { id: 't', type: 'transport', timestamp: at, selectedCandidatePairId: 'p', bytesReceived: at < 3000 ? at : 3000 },
    { id: 'q', type: 'candidate-pair', timestamp: at, currentRoundTripTime: 7, nominated: true },
    { id: 'p', type: 'candidate-pair', timestamp: at, currentRoundTripTime: 0.04, nominated: true },
  ];
  const first = readStats(report(1000, 5000), null);
  assert.equal(first.bitrate, null);
  const second = readStats(report(2000, 255_000), first);
  assert.deepEqual([second.bitrate, second.roundTrip, second.height, second.loss, second.limited], [2_000_000, 40, 720, 0.25, 'line']);
  assert.equal(readStats(report(3000, 100), second).bitrate, null, 'a new line counts anew');
  let last = readStats(report(3000, 300_000), second);
  for (const at of [4000, 5000, 6000]) last = readStats(report(at, 300_000 + at), last);
  assert.deepEqual([second.silentFor, last.silentFor], [0, 3000]);
  assert.deepEqual([readStats([], null).bitrate, readStats([], null).roundTrip], [null, null]);
});

test('levels and clocks', () => {
  assert.equal(Math.round(decibels(new Float32Array([1, -1, 1, -1]))), 0);
  assert.equal(decibels(new Float32Array(4)), -100);
  assert.deepEqual([share(0), share(-30), share(-90)], [1, 0.5, 0]);
  assert.deepEqual([clock(7000), clock(754_000), clock(3_723_000), clock(-5)], ['0:07', '12:34', '1:02:03', '0:00']);
});

// ── the publisher ───────────────────────────────────────────────────────────────────────────────────────

const refusal = (status: number) => new ApiError('internal', 'no', '', '', '', status);

/** A line that does as it is told. */
class FakeLine {
  onstate: (s: RTCPeerConnectionState) => void = () => {};
  peer = { connectionState: 'connected' };
  canRestart = true;
  hungUp = false;
  gone: ApiError | null = null;
  closed = 0;
  restarts = 0;
  told = true;
  constructor(readonly opening: () => void, readonly restarting: () => void) {}
  async open() { this.opening(); return []; }
  async connected() {}
  async restart() { this.restarts++; this.restarting(); }
  async whyGone() { return this.gone; }
  async replace() { return true; }
  async stats() { return new Map(); }
  async close() { this.closed++; return this.told; }
}

const fine = () => {};
const fails = (e: Error) => () => { throw e; };

/** A publisher whose lines are opened (or not) by the functions in turn; the last one stays. */
function publisher(opens: (() => void)[], restarting: () => void = fine): { p: Publisher; lines: FakeLine[]; phases: string[] } {
  globalThis.fetch = async () => new Response(null, { status: 204 });
  const lines: FakeLine[] = [];
  const around: Surroundings = {
    open: () => {
      const line = new FakeLine(opens[Math.min(lines.length, opens.length - 1)]!, restarting);
      lines.push(line);
      return line as unknown as Line;
    },
  };
  const p = new Publisher('/whip', around);
  const phases: string[] = [];
  p.addEventListener('change', () => { if (phases.at(-1) !== p.phase) phases.push(p.phase); });
  return { p, lines, phases };
}

const begin = (p: Publisher) => p.start(key, { video: null, audio: null }, { quality: '360p', layers: false });

/** Waits for a phase; hurries the waits between tries, as a network that comes back does. */
async function reaches(p: Publisher, phase: string): Promise<void> {
  for (let i = 0; p.phase !== phase; i++) {
    assert.ok(i < 500, `${p.phase}, not ${phase}`);
    await new Promise((go) => setTimeout(go, 1));
    if (p.phase === 'reconnecting') p.networkChanged();
  }
}

test('a dropped line comes back on the same session', async () => {
  const { p, lines, phases } = publisher([fine]);
  await begin(p);
  const { since } = p;
  lines[0]!.onstate('failed');
  await reaches(p, 'live');
  assert.deepEqual([lines.length, lines[0]!.restarts, lines[0]!.closed], [1, 1, 0]);
  assert.equal(p.since, since, 'the clock goes on');
  await p.end();
  assert.deepEqual(phases, ['connecting', 'live', 'reconnecting', 'live', 'ended']);
  assert.equal(lines[0]!.closed, 1);
});

test('where ICE cannot be restarted a new line is tried until one holds', async () => {
  const { p, lines } = publisher([fine, fails(refusal(503)), fails(refusal(0)), fails(new NoPath()), fine], fails(refusal(404)));
  await begin(p);
  lines[0]!.onstate('failed');
  await reaches(p, 'live');
  assert.deepEqual([lines.length, p.attempt, lines[0]!.restarts], [5, 5, 1]);
  assert.ok(lines.slice(0, 4).every((l) => l.closed > 0), 'every line before is closed');
  await p.end();
});

test('while nobody answers the session is not given up', async () => {
  let away = 3;
  const { p, lines } = publisher([fine], () => { if (away-- > 0) throw refusal(0); });
  await begin(p);
  lines[0]!.onstate('failed');
  await reaches(p, 'live');
  assert.deepEqual([lines.length, lines[0]!.restarts, lines[0]!.closed], [1, 4, 0]);
  await p.end();
});

test('a key that was changed ends the tries; a stream that our own ghost holds does not', async () => {
  const { p, lines } = publisher([fine, fails(refusal(401))], fails(refusal(404)));
  await begin(p);
  lines[0]!.onstate('failed');
  await reaches(p, 'refused');
  assert.equal(p.refusal!.kind, 'key');

  const taken = publisher([fine, fails(refusal(409)), fails(refusal(409)), fails(refusal(409)), fails(refusal(409)), fine], fails(refusal(404)));
  await begin(taken.p);
  taken.lines[0]!.told = false;
  taken.lines[0]!.onstate('failed');
  await reaches(taken.p, 'live');
  await taken.p.end();
  assert.ok(taken.lines[0]!.closed >= 5, 'the server is told until it hears');

  const other = publisher([fine, fails(refusal(409))], fails(refusal(404)));
  await begin(other.p);
  other.lines[0]!.onstate('failed');
  await reaches(other.p, 'refused');
  assert.equal(other.p.refusal!.kind, 'taken');
});

test('who was ended by the server does not take the stream back by itself', async () => {
  const { p, lines } = publisher([fine]);
  await begin(p);
  lines[0]!.hungUp = true;
  lines[0]!.gone = refusal(409);
  lines[0]!.onstate('closed');
  await reaches(p, 'refused');
  assert.deepEqual([p.refusal!.kind, lines.length], ['overtaken', 1]);
  // The word reaches who was without a network at that moment by the restart that he tries.
  for (const [status, kind] of [[409, 'overtaken'], [410, 'over'], [401, 'key']] as const) {
    const away = publisher([fine], fails(refusal(status)));
    await begin(away.p);
    away.lines[0]!.onstate('failed');
    await reaches(away.p, 'refused');
    assert.deepEqual([away.p.refusal!.kind, away.lines.length], [kind, 1]);
  }
  // One that the server lost, as over a phone that slept, comes back.
  const slept = publisher([fine, fine]);
  await begin(slept.p);
  slept.lines[0]!.hungUp = true;
  slept.lines[0]!.canRestart = false;
  slept.lines[0]!.gone = refusal(404);
  slept.lines[0]!.onstate('closed');
  await reaches(slept.p, 'live');
  await slept.p.end();
  // A server that is starting again hangs up too, but nobody answers there.
  const restarted = publisher([fine], fails(refusal(0)));
  await begin(restarted.p);
  restarted.lines[0]!.hungUp = true;
  restarted.lines[0]!.canRestart = false;
  restarted.lines[0]!.onstate('closed');
  await reaches(restarted.p, 'live');
  await restarted.p.end();
});

test('a first start is refused with its reason', async () => {
  for (const [e, kind] of [[refusal(401), 'key'], [refusal(404), 'none'], [refusal(409), 'taken'], [refusal(503), 'away'], [refusal(429), 'busy'], [refusal(422), 'media'], [refusal(0), 'unreachable'], [refusal(500), 'internal'], [new NoPath(), 'path']] as const) {
    const { p, phases } = publisher([fails(e)]);
    await begin(p);
    assert.equal(refusalOf(e).kind, kind);
    assert.equal(p.refusal!.kind, kind);
    assert.deepEqual(phases, ['connecting', 'refused']);
  }
});

test('waits grow, with chance, to their longest', () => {
  assert.deepEqual([1, 2, 3, 5, 6, 60].map((n) => backoff(n, 0)), [500, 1000, 2000, 8000, 10_000, 10_000]);
  assert.equal(backoff(1, 1), 375);
});
