import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '../src/lib/api';
import { fragmentOf, iceOf, withIce, withStartRate } from '../src/lib/sdp';
import { parseLinks, Whip, type WhipSession } from '../src/lib/whip';

interface Sent { method: string; url: string; body: string; headers: Record<string, string>; keepalive: boolean }

/** Stands in for the endpoint: each request is kept and answered by the next of the answers. */
function endpoint(...answers: (() => Response)[]): Sent[] {
  const sent: Sent[] = [];
  globalThis.fetch = async (url, init) => {
    sent.push({ method: init?.method ?? 'GET', url: String(url), body: String(init?.body ?? ''), headers: init?.headers as Record<string, string>, keepalive: init?.keepalive === true });
    const answer = answers.shift();
    if (!answer) throw new TypeError('unexpected');
    return answer();
  };
  return sent;
}

const made = (headers: Record<string, string>) => () => new Response('v=0\r\n', { status: 201, headers });
const whip = new Whip('http://box:8080/whip', 'the-key');

async function session(...answers: (() => Response)[]): Promise<{ s: WhipSession; sent: Sent[] }> {
  const sent = endpoint(made({ Location: '/whip/7', ETag: '"a"' }), ...answers);
  return { s: (await whip.open('v=0\r\noffer')).session, sent };
}

test('an offer goes out with the key and comes back with a session at a relative address', async () => {
  const { s, sent } = await session();
  assert.equal(s.url, 'http://box:8080/whip/7');
  assert.deepEqual([sent[0]!.method, sent[0]!.url, sent[0]!.body], ['POST', 'http://box:8080/whip', 'v=0\r\noffer']);
  assert.deepEqual(sent[0]!.headers, { Authorization: 'Bearer the-key', 'Content-Type': 'application/sdp' });
});

test('candidates carry the newest ETag, a restart carries *', async () => {
  const ice = 'a=ice-ufrag:srv2\r\na=ice-pwd:pwd2\r\na=candidate:1 1 udp 1 10.0.0.1 8190 typ host\r\n';
  const { s, sent } = await session(
    () => new Response(null, { status: 204 }),
    () => new Response(ice, { status: 200, headers: { ETag: '"b"' } }),
    () => new Response(null, { status: 204 }),
  );
  await s.trickle('one');
  assert.equal((await s.restart('two')).ufrag, 'srv2');
  await s.trickle('three');
  assert.deepEqual(sent.slice(1).map((r) => [r.method, r.body, r.headers['If-Match']]), [['PATCH', 'one', '"a"'], ['PATCH', 'two', '*'], ['PATCH', 'three', '"b"']]);
});

test('a server without PATCH is not asked again', async () => {
  const { s } = await session(() => new Response('', { status: 405 }));
  await assert.rejects(s.trickle('x'), (e) => e instanceof ApiError && e.status === 405);
  assert.equal(s.canPatch, false);
});

test('the end outlives the page, and a session that is gone is ended', async () => {
  const { s, sent } = await session(() => new Response('', { status: 404 }));
  await s.end(true);
  assert.deepEqual([sent[1]!.method, sent[1]!.keepalive], ['DELETE', true]);
});

test('a refusal keeps its status and the words, as JSON or as a plain sentence', async () => {
  endpoint(() => new Response('No show has this key. Copy it again.\n', { status: 401, headers: { 'Content-Type': 'text/plain; charset=utf-8' } }));
  await assert.rejects(whip.open('v=0'), (e) => e instanceof ApiError && e.kind === 'unauthorized' && e.message === 'No show has this key. Copy it again.');
  endpoint(() => new Response(JSON.stringify({ error: { kind: 'conflict', message: 'taken', hint: 'stop it' } }), { status: 409 }));
  await assert.rejects(whip.open('v=0'), (e) => e instanceof ApiError && e.kind === 'conflict' && e.hint === 'stop it');
  endpoint(() => new Response('<html>a proxy</html>', { status: 502, headers: { 'Content-Type': 'text/html' } }));
  await assert.rejects(whip.open('v=0'), (e) => e instanceof ApiError && e.message === 'HTTP 502');
  endpoint();
  await assert.rejects(whip.open('v=0'), (e) => e instanceof ApiError && e.kind === 'network');
  endpoint(() => new Response('hello', { status: 200 }));
  await assert.rejects(whip.open('v=0'), (e) => e instanceof ApiError && e.kind === 'unavailable');
});

test('Link headers give STUN and TURN servers', () => {
  assert.deepEqual(
    parseLinks('<stun:stun.example:3478>; rel="ice-server", <turn:turn.example?transport=udp>; rel="ice-server"; username="a,b;c"; credential="q\\"1"; credential-type="password", <https://x.example>; rel="next", <turns:bare.example>; rel=ice-server'),
    [{ urls: 'stun:stun.example:3478' }, { urls: 'turn:turn.example?transport=udp', username: 'a,b;c', credential: 'q"1' }],
  );
  for (const none of [null, '', 'nonsense', '<>; rel="ice-server"', '<stun:a>']) assert.deepEqual(parseLinks(none), []);
});

const local = ['v=0', 'a=group:BUNDLE 0 1', 'm=video 9 UDP/TLS/RTP/SAVPF 102', 'a=mid:0', 'a=ice-ufrag:me', 'a=ice-pwd:mine', 'a=candidate:1 1 udp 9 10.0.0.2 5 typ host', 'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'a=mid:1', 'a=ice-ufrag:me', 'a=ice-pwd:mine', ''].join('\r\n');

test('a fragment says the credentials and the first section of the bundle', () => {
  assert.equal(
    fragmentOf(local, ['2 1 udp 8 10.0.0.3 6 typ host'], true),
    'a=group:BUNDLE 0 1\r\nm=video 9 UDP/TLS/RTP/SAVPF 102\r\na=mid:0\r\na=ice-ufrag:me\r\na=ice-pwd:mine\r\na=candidate:2 1 udp 8 10.0.0.3 6 typ host\r\na=end-of-candidates\r\n',
  );
  assert.deepEqual(iceOf(local), { ufrag: 'me', pwd: 'mine', candidates: ['1 1 udp 9 10.0.0.2 5 typ host'], complete: false });
});

test('the answer to a restart has the new credentials everywhere and the new candidates once', () => {
  const sdp = withIce(local, { ufrag: 'new', pwd: 'newer', candidates: ['9 1 udp 1 10.0.0.9 1 typ host'], complete: true });
  assert.equal(sdp.match(/a=ice-ufrag:new/g)!.length, 2);
  assert.equal(sdp.match(/a=candidate:/g)!.length, 1);
  assert.ok(sdp.indexOf('a=candidate:9') < sdp.indexOf('m=audio'));
  assert.ok(!sdp.includes('a=ice-pwd:mine') && sdp.endsWith('a=ice-pwd:newer\r\n'));
});

test('the start rate goes to the codec of the answer, with and without parameters', () => {
  const answer = 'v=0\r\nm=audio 9 X 111\r\na=fmtp:111 minptime=10\r\nm=video 9 X 102 103\r\na=rtpmap:102 H264/90000\r\na=fmtp:102 packetization-mode=1\r\na=fmtp:103 apt=102\r\n';
  assert.equal(withStartRate(answer, 1_200_000), answer.replace('packetization-mode=1', 'packetization-mode=1;x-google-start-bitrate=1200'));
  const vp8 = 'v=0\r\nm=video 9 X 96\r\na=rtpmap:96 VP8/90000\r\na=mid:0\r\n';
  assert.equal(withStartRate(vp8, 800_000), vp8.replace('/90000\r\n', '/90000\r\na=fmtp:96 x-google-start-bitrate=800\r\n'));
});
