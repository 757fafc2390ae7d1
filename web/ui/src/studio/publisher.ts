// Goes live and stays live: opens a line, watches it, and brings it back when it drops.
import { ApiError } from '../lib/api';
import { Whip } from '../lib/whip';
import { Line, NoPath, type Media } from './line';
import type { Sending } from './quality';
import { readStats, type Reading } from './stats';

/**
 * `idle` before the first start · `connecting` · `live` · `reconnecting` the line dropped, see `attempt` ·
 * `ended` by the anchor · `refused` it cannot go on by itself, see `refusal`.
 */
export type Phase = 'idle' | 'connecting' | 'live' | 'reconnecting' | 'ended' | 'refused';

/** Why it cannot go on: `overtaken` by another device, `over` the show was ended, `path` no media gets through. */
export interface Refusal {
  kind: 'key' | 'taken' | 'none' | 'away' | 'busy' | 'media' | 'unreachable' | 'path' | 'overtaken' | 'over' | 'internal';
  /** The server's own words, where it had any. */
  error: ApiError | null;
}

/** Milliseconds for media to get through: on a new line, and after a restart of ICE. */
const openWait = 10_000;
const restartWait = 5000;
/** A gap this short (ms) heals by itself more often than not. */
const grace = 2000;
/** A server that has said nothing for so long (ms) is not there. */
const silence = 4000;
/** Milliseconds between tries: doubled from the first to the longest. */
const firstWait = 500;
const longestWait = 10_000;

/** How long to wait before a try. Up to a quarter less by chance, so that a hall full of phones does not try at once. */
export function backoff(attempt: number, chance = Math.random()): number {
  return Math.min(longestWait, firstWait * 2 ** Math.min(attempt - 1, 10)) * (1 - chance / 4);
}

/** Reads a failure to open a line. */
export function refusalOf(e: unknown): Refusal {
  if (e instanceof NoPath) return { kind: 'path', error: null };
  if (!(e instanceof ApiError)) return { kind: 'media', error: null };
  switch (e.status) {
    case 0:
      return { kind: 'unreachable', error: null };
    case 401:
    case 403:
      return { kind: 'key', error: e };
    case 404:
    case 405:
      return { kind: 'none', error: e };
    case 409:
      return { kind: 'taken', error: e };
    case 400:
    case 406:
    case 415:
    case 422:
      return { kind: 'media', error: e };
    case 429:
      return { kind: 'busy', error: e };
    case 502:
    case 503:
    case 504:
      return { kind: 'away', error: e };
    default:
      return { kind: 'internal', error: e };
  }
}

/** What the server says of a session of ours that it ended for good; null for one that it only lost. */
export function endingOf(e: unknown): Refusal | null {
  if (!(e instanceof ApiError)) return null;
  switch (e.status) {
    case 401:
    case 403:
      return { kind: 'key', error: null };
    case 409:
      return { kind: 'overtaken', error: null };
    case 410:
      return { kind: 'over', error: null };
    default:
      return null;
  }
}

/** What does not get better by trying again. */
const final = new Set<Refusal['kind']>(['key', 'none', 'media', 'taken']);

/** The line's maker and the world around, replaced by tests. */
export interface Surroundings {
  open(whip: Whip, iceServers: RTCIceServer[]): Line;
}

const browser: Surroundings = {
  open: (whip, iceServers) => new Line(whip, iceServers),
};

/** Fires `change` whenever its phase, attempt or reading changes. */
export class Publisher extends EventTarget {
  phase: Phase = 'idle';
  /** The try that is under way while `reconnecting`, from 1. */
  attempt = 0;
  /** When it went live, and when it ended (ms); 0 before. A gap does not begin it anew. */
  since = 0;
  until = 0;
  refusal: Refusal | null = null;
  reading: Reading | null = null;

  private whip: Whip | null = null;
  private iceServers: RTCIceServer[] = [];
  private media: Media = { video: null, audio: null };
  private sending: Sending = { quality: '720p', layers: false };
  private line: Line | null = null;
  /** Closed lines of which the server may not know yet. */
  private ghosts: Line[] = [];
  private run = new AbortController();
  private sampler: ReturnType<typeof setInterval> | undefined;
  private dropping: ReturnType<typeof setTimeout> | undefined;
  private hurry: () => void = () => {};

  constructor(
    private readonly endpoint: string,
    private readonly around: Surroundings = browser,
  ) {
    super();
  }

  /** Whether viewers get, or are about to get, what the camera sees. */
  get busy(): boolean {
    return this.phase === 'connecting' || this.phase === 'live' || this.phase === 'reconnecting';
  }

  /** Goes live. Never throws: how it went is in `phase` and `refusal`. */
  async start(key: string, media: Media, sending: Sending): Promise<void> {
    if (this.busy) return;
    this.run = new AbortController();
    const { signal } = this.run;
    this.media = { ...media };
    this.sending = sending;
    this.whip = new Whip(this.endpoint, key);
    this.since = this.until = this.attempt = 0;
    this.refusal = null;
    this.set('connecting');
    // An endpoint without an answer to this, and one that is away, tell more by refusing the offer.
    this.iceServers = await this.whip.iceServers().catch(() => []);
    const known = this.iceServers.length > 0;
    try {
      try {
        await this.connect(signal);
      } catch (e) {
        // The answer to the offer named servers that may find a way: once more, with them.
        if (signal.aborted || known || this.iceServers.length === 0 || !(e instanceof NoPath)) throw e;
        await this.drop();
        await this.connect(signal);
      }
      this.since = Date.now();
      this.set('live');
    } catch (e) {
      if (!signal.aborted) this.refuse(refusalOf(e));
    }
  }

  /** Ends the stream and tells the server. `leaving`: the page goes away, so nothing is waited for. */
  async end(leaving = false): Promise<void> {
    if (!this.busy) return;
    this.run.abort();
    const lines = this.forget();
    this.until = Date.now();
    this.set('ended');
    await Promise.all(lines.map((l) => l.close(leaving)));
  }

  /** Sends another track, or none, of a kind from now on. */
  async replace(kind: keyof Media, track: MediaStreamTrack | null): Promise<void> {
    this.media[kind] = track;
    if (!this.line) return;
    const fits = await this.line.replace(kind, track).catch(() => false);
    // A kind that was not offered has no place in the line: viewers see a short gap instead of nothing.
    if (!fits && this.phase === 'live') void this.recover(false);
  }

  async tune(sending: Sending): Promise<void> {
    this.sending = { ...sending, layers: this.sending.layers };
    await this.line?.tune(this.sending).catch(() => undefined);
  }

  /** The network is back, or another one: try now instead of later, and look for a better way while it still holds. */
  networkChanged(): void {
    if (this.phase === 'reconnecting') this.hurry();
    else if (this.phase === 'live' && this.line?.canRestart) {
      this.line.restart(this.run.signal).catch(() => {
        if (this.phase === 'live' && this.line?.peer.connectionState !== 'connected') void this.recover(false);
      });
    }
  }

  private async connect(signal: AbortSignal): Promise<void> {
    const line = this.around.open(this.whip!, this.iceServers);
    this.line = line;
    const named = await line.open(this.media, this.sending, signal);
    if (named.length > 0) this.iceServers = named;
    await line.connected(openWait, signal);
    this.watch(line);
  }

  private watch(line: Line): void {
    line.onstate = (state) => {
      clearTimeout(this.dropping);
      if (state === 'failed' || state === 'closed' || line.hungUp) void this.recover();
      else if (state === 'disconnected') this.dropping = setTimeout(() => void this.recover(), grace);
    };
    clearInterval(this.sampler);
    this.reading = null;
    this.sampler = setInterval(() => void this.sample(line), 1000);
    if (line.peer.connectionState !== 'connected') line.onstate(line.peer.connectionState);
  }

  private async sample(line: Line): Promise<void> {
    const report = await line.stats().catch(() => null);
    if (!report || this.line !== line) return;
    this.reading = readStats(report.values(), this.reading);
    // The server tells many times a second what it got. ICE would notice its silence seconds later.
    if (this.reading.silentFor >= silence) void this.recover();
    // A connection that the server closed stays `connected` in some browsers.
    if (line.hungUp) void this.recover();
    this.changed();
  }

  /** Brings the line back: by a restart of ICE first, then by a new one, until it holds or is refused for good. */
  private async recover(restart = true): Promise<void> {
    if (this.phase !== 'live') return;
    const { signal } = this.run;
    clearTimeout(this.dropping);
    this.attempt = 0;
    this.reading = null;
    this.set('reconnecting');
    if (this.line?.hungUp) {
      const ending = endingOf(await this.line.whyGone());
      if (signal.aborted) return;
      if (ending) return this.refuse(ending);
    }
    for (;;) {
      this.attempt++;
      this.changed();
      const again = restart && this.line?.canRestart === true;
      try {
        if (again) {
          await this.line!.restart(signal);
          await this.line!.connected(restartWait, signal);
        } else {
          await this.drop();
          await this.connect(signal);
        }
        if (signal.aborted) return;
        return this.set('live');
      } catch (e) {
        if (signal.aborted) return;
        const ending = again ? endingOf(e) : null;
        if (ending) return this.refuse(ending);
        const refusal = refusalOf(e);
        // Who could not be asked may still have the session; whoever refused has not.
        restart = again && refusal.kind === 'unreachable';
        // Until the server has heard that our old session is over, it may be that which holds the stream.
        if (!again && final.has(refusal.kind) && !(refusal.kind === 'taken' && (this.ghosts.length > 0 || this.attempt < 3))) return this.refuse(refusal);
        if (again && !restart) continue;
      }
      await this.pause(backoff(this.attempt), signal);
      if (signal.aborted) return;
    }
  }

  /** Closes the line that there is, and tells the server of each that it has not heard of yet. */
  private async drop(): Promise<void> {
    const { line } = this;
    this.line = null;
    clearInterval(this.sampler);
    if (line) this.ghosts.push(line);
    const told = await Promise.all(this.ghosts.map((g) => g.close()));
    this.ghosts = this.ghosts.filter((_, i) => !told[i]);
  }

  /** Waits, but not longer than until the network is back or the stream is ended. */
  private pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const go = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', go);
        this.hurry = () => {};
        resolve();
      };
      const timer = setTimeout(go, ms);
      signal.addEventListener('abort', go);
      this.hurry = go;
    });
  }

  private refuse(refusal: Refusal): void {
    this.refusal = refusal;
    const lines = this.forget();
    this.until = Date.now();
    this.set('refused');
    for (const l of lines) void l.close();
  }

  /** Lets go of every line and gives them, to be closed. */
  private forget(): Line[] {
    const lines = this.line ? [...this.ghosts, this.line] : this.ghosts;
    this.line = null;
    this.ghosts = [];
    this.reading = null;
    clearInterval(this.sampler);
    clearTimeout(this.dropping);
    return lines;
  }

  private set(phase: Phase): void {
    this.phase = phase;
    this.changed();
  }

  private changed(): void {
    this.dispatchEvent(new Event('change'));
  }
}
