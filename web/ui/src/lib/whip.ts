// The HTTP half of WHIP (RFC 9725): an offer goes out, an answer and a session come back; candidates and an ICE
// restart are PATCHed to the session, DELETE ends it. It knows no RTCPeerConnection: `src/studio/line.ts` has that.
import { ApiError, failure } from './api';
import { iceOf, type Ice } from './sdp';

/** Milliseconds until a request is given up. An answer needs no media, only the server. */
const patience = 10_000;
/** The same for the end of a session: the next one waits for it. */
const farewell = 3000;

/** One WHIP endpoint and the stream key that opens it. Every method throws ApiError. */
export class Whip {
  constructor(
    readonly endpoint: string,
    private readonly key: string,
  ) {}

  /**
   * The STUN and TURN servers that the endpoint names, asked for before the offer. RFC 9725, section 4.6: "A WHIP
   * client MAY send an authenticated OPTIONS request"; an endpoint that does not answer it names them with the answer.
   */
  async iceServers(): Promise<RTCIceServer[]> {
    const answer = await this.send('OPTIONS', this.endpoint);
    return parseLinks(answer.headers.get('Link'));
  }

  /** Sends the offer and gives the answer and the session. */
  async open(offer: string, signal?: AbortSignal): Promise<{ answer: string; session: WhipSession; iceServers: RTCIceServer[] }> {
    const answer = await this.send('POST', this.endpoint, { type: 'application/sdp', body: offer, signal });
    const sdp = await answer.text();
    const place = answer.headers.get('Location');
    if (!place || !sdp.startsWith('v=0')) throw new ApiError('unavailable', 'The address answers, but not as a WHIP endpoint.', '', '', '', answer.status);
    // "The Location header field … can be relative": to the address that answered, after any redirect.
    const url = new URL(place, new URL(answer.url || this.endpoint, globalThis.location?.href)).href;
    return { answer: sdp, session: new WhipSession(this, url, answer.headers.get('ETag')), iceServers: parseLinks(answer.headers.get('Link')) };
  }

  /** One request with the key; for this module. */
  async send(method: string, url: string, more: { type?: string; body?: string; match?: string | null; signal?: AbortSignal; keepalive?: boolean; within?: number } = {}): Promise<Response> {
    const headers: Record<string, string> = { Authorization: `Bearer ${this.key}` };
    if (more.type) headers['Content-Type'] = more.type;
    if (more.match) headers['If-Match'] = more.match;
    const limit = AbortSignal.timeout(more.within ?? patience);
    const init: RequestInit = { method, headers, credentials: 'omit', cache: 'no-store', signal: more.signal ? AbortSignal.any([more.signal, limit]) : limit };
    if (more.body !== undefined) init.body = more.body;
    if (more.keepalive) init.keepalive = true;
    let answer: Response;
    try {
      answer = await fetch(url, init);
    } catch (cause) {
      if (more.signal?.aborted) throw cause;
      throw new ApiError('network', cause instanceof Error ? cause.message : String(cause));
    }
    if (answer.ok) return answer;
    throw await refused(answer);
  }
}

/** WHIP publishers show an error's body as it is, so an endpoint may send a plain sentence. */
async function refused(answer: Response): Promise<ApiError> {
  const text = (await answer.text().catch(() => '')).trim();
  const e = failure(answer.status, text);
  const plain = answer.headers.get('Content-Type')?.startsWith('text/plain') === true && text !== '' && text.length < 500 && !text.startsWith('{');
  return plain ? new ApiError(e.kind, text, '', '', '', answer.status) : e;
}

const fragmentType = 'application/trickle-ice-sdpfrag';

/** What a POST created: one publisher's session on the server. */
export class WhipSession {
  /** False once the server has said that it takes no PATCH. */
  canPatch = true;

  constructor(
    private readonly whip: Whip,
    readonly url: string,
    private etag: string | null,
  ) {}

  /** Sends candidates that were found after the offer. */
  async trickle(fragment: string): Promise<void> {
    await this.patch(fragment, this.etag);
  }

  /** Restarts ICE: sends this side's new credentials and gives the server's. */
  async restart(fragment: string, signal?: AbortSignal): Promise<Ice> {
    // "A WHIP client sending a PATCH request for performing ICE restart MUST contain an If-Match header field with
    // a field-value of '*'" (section 4.3.3).
    const answer = await this.patch(fragment, '*', signal);
    const ice = iceOf(await answer.text());
    if (!ice.ufrag || !ice.pwd) throw new ApiError('unavailable', 'The answer to an ICE restart has no credentials.');
    this.etag = answer.headers.get('ETag') ?? this.etag;
    return ice;
  }

  /** Ends the session. With `leaving`, the request outlives the page. One that the server has ended is no error. */
  async end(leaving = false): Promise<void> {
    try {
      await this.whip.send('DELETE', this.url, { keepalive: leaving, within: farewell });
    } catch (e) {
      if (!(e instanceof ApiError && [401, 403, 404, 409, 410].includes(e.status))) throw e;
    }
  }

  private async patch(fragment: string, match: string | null, signal?: AbortSignal): Promise<Response> {
    try {
      return await this.whip.send('PATCH', this.url, { type: fragmentType, body: fragment, match, signal });
    } catch (e) {
      // 405: "If the WHIP session supports neither"; some servers say 501 or 415 instead.
      if (e instanceof ApiError && [405, 415, 501].includes(e.status)) this.canPatch = false;
      throw e;
    }
  }
}

/**
 * Reads the ICE servers of a Link header: `<turn:a.example?transport=udp>; rel="ice-server"; username="u";
 * credential="p"; credential-type="password"`, several divided by commas.
 */
export function parseLinks(header: string | null): RTCIceServer[] {
  const list: RTCIceServer[] = [];
  // A target in angle brackets, then parameters whose values may be quoted and hold commas and semicolons.
  for (const [, target = '', rest = ''] of (header ?? '').matchAll(/<([^>]*)>((?:\s*;\s*[\w-]+\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^",;\s]*))*)/g)) {
    const params = new Map<string, string>();
    for (const [, name = '', quoted, bare] of rest.matchAll(/;\s*([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^",;\s]*))/g)) {
      params.set(name.toLowerCase(), quoted !== undefined ? quoted.replace(/\\(.)/g, '$1') : (bare ?? ''));
    }
    if (params.get('rel') !== 'ice-server' || !/^(stuns?|turns?):/i.test(target)) continue;
    const server: RTCIceServer = { urls: target };
    const username = params.get('username');
    const credential = params.get('credential');
    if (username !== undefined) server.username = username;
    if (credential !== undefined) server.credential = credential;
    // A TURN server without credentials would make RTCPeerConnection throw.
    if (/^turn/i.test(target) && (username === undefined || credential === undefined)) continue;
    list.push(server);
  }
  return list;
}
