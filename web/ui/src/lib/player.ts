// Plays a show's low-latency HLS in a <video>: starts muted as soon as there is a picture, stays near the live
// edge, gets up again after every kind of failure, and knows the wall time of the picture on screen.
//
// hls.js plays wherever Media Source Extensions are (ManagedMediaSource on new iPhones included). Native HLS
// is only for browsers without either: a browser's canPlayType is not believed, because Chromium answers
// 'maybe' and then fails.
import Hls, { ErrorDetails, ErrorTypes, Events, type ErrorData, type LevelDetails } from 'hls.js';
import { config } from './hls-config';
import { Pace } from './pace';
import { readRange, type PinSource, type RangedPin } from './pins';
import { Standstill, endsInGap, mediaFrom } from './standstill';
import { nativeWallAt, timeAt, wallAt } from './wall';

/**
 * `idle` before start and after stop · `loading` no picture yet · `playing` · `paused` by the viewer ·
 * `blocked` the browser wants a tap first · `stalled` there was a picture, and the next one is late ·
 * `offline` there is no stream (yet); it is asked for again and again · `ended` the stream is over; so too ·
 * `unplayable` the stream's codecs are not this browser's; so too, for the publisher may change them.
 */
export type PlayerStatus = 'idle' | 'loading' | 'playing' | 'paused' | 'blocked' | 'stalled' | 'offline' | 'ended' | 'unplayable';

export interface PlayerOptions {
  /** Address of the multivariant playlist. */
  src: string;
  /** Start without sound, which browsers allow without a gesture. Default true. */
  muted?: boolean;
  /** Milliseconds to add to this computer's clock to get the server's; see `setClock`. */
  clock?: number;
}

/** Seconds over the intended delay from which we jump instead of playing faster. */
const jumpOver = 5;
/** Seconds over the intended delay up to which the viewer counts as live. */
const liveWithin = 2.5;
/** A stall that lasted longer than this (ms) ends with a jump to the live edge. */
const longStall = 1500;
/** How many parts must be in the buffer behind a hole to go on there: fewer would run dry at once. */
const partsBehindHole = 2;
const retryFirst = 700;
const retrySlowest = 6000;

/** Plays one stream. Fires `change` whenever `status`, `muted`, `atLive` or the delay's reading changes. */
export class Player extends EventTarget implements PinSource {
  status: PlayerStatus = 'idle';
  private hls: Hls | null = null;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private retryWait = retryFirst;
  private watch: ReturnType<typeof setInterval> | undefined;
  private wantsPlay = true;
  private clock: number;
  private started = false;
  sawPicture = false;
  private stalledAt = 0;
  private lastTime = -1;
  private lastMove = 0;
  private readonly standstill = new Standstill();
  private mediaErrors = 0;
  private lastMediaError = 0;
  /** Whether there was a picture since the player last began anew because of them. */
  private playedSinceReload = false;
  private hiddenAt = 0;
  private reading = '';
  /** True after the viewer paused or went back: then being behind is their choice until they jump to live. */
  private chosen = false;
  private readonly pace = new Pace();
  private readonly off: AbortController = new AbortController();

  constructor(
    readonly video: HTMLVideoElement,
    private readonly options: PlayerOptions,
  ) {
    super();
    this.clock = options.clock ?? 0;
    video.playsInline = true;
    video.muted = options.muted ?? true;
    // ManagedMediaSource asks for this; without it iOS waits for an AirPlay source.
    video.disableRemotePlayback = true;
  }

  /** Begins to load and play; after `rest`, again. */
  start(): void {
    if (this.started) return;
    this.started = true;
    if (!this.watch) {
      this.listen();
      this.watch = setInterval(() => this.look(), 500);
    }
    this.retryWait = retryFirst;
    this.load();
  }

  /** Gives up asking for a stream of which it is known that it is not there; `start` begins again. */
  rest(): void {
    if (!this.started) return;
    this.started = false;
    clearTimeout(this.retryTimer);
    this.unload();
    this.set('idle');
  }

  /** Stops and frees the element; the player cannot be started again. */
  stop(): void {
    this.off.abort();
    clearInterval(this.watch);
    clearTimeout(this.retryTimer);
    this.unload();
    this.set('idle');
  }

  /** Whether the browser can play at all. */
  static get supported(): boolean {
    return Hls.isSupported() || nativeOnly();
  }

  get muted(): boolean {
    return this.video.muted;
  }

  setMuted(muted: boolean): void {
    this.video.muted = muted;
    if (!muted && this.video.volume === 0) this.video.volume = 1;
  }

  /** Plays, because the viewer asked: after a long pause it goes on at the live edge. */
  play(): void {
    this.wantsPlay = true;
    if (this.status === 'offline' || this.status === 'ended') this.reload();
    else if (this.hls && this.behindBy() > 30) this.jumpToLive();
    this.tryPlay();
  }

  pause(): void {
    this.wantsPlay = false;
    this.chosen = true;
    this.video.pause();
  }

  toggle(): void {
    if (this.video.paused || this.status === 'blocked') this.play();
    else this.pause();
  }

  /** Goes to the live edge (as near as the playlist's hold-back allows). */
  jumpToLive(): void {
    const to = this.livePoint();
    if (to !== null) this.video.currentTime = to;
    this.chosen = false;
    this.wantsPlay = true;
    this.tryPlay();
  }

  /** Plays from a wall time, if it is still in the window; says whether it is. */
  seekTo(when: Date): boolean {
    const to = timeAt(this.details()?.fragments ?? [], when);
    if (to === null) return false;
    this.video.currentTime = to;
    this.chosen = true;
    this.wantsPlay = true;
    this.tryPlay();
    return true;
  }

  /** The stream may be back, or gone: someone who knows (the feed) says so. */
  hint(onAir: boolean): void {
    if (!onAir || !this.started) return;
    if (this.status === 'offline' || this.status === 'ended') {
      this.retryWait = retryFirst;
      this.reload();
    }
  }

  /** Whether the picture stands because the publisher went: the playlist says so. Until there is a picture again. */
  get atGap(): boolean {
    return this.status === 'stalled' && (this.standstill.sawGap || endsInGap(this.details()));
  }

  /** Tells how far this computer's clock is from the server's, so that the delay can be told in seconds. */
  setClock(offset: number): void {
    this.clock = offset;
  }

  /** The wall time of the picture on screen: PROGRAM-DATE-TIME at the playhead. Null while unknown, and in a gap: time goes on. */
  wallNow(): Date | null {
    return this.atGap ? null : this.wallAt(this.video.currentTime);
  }

  /** Seconds from the camera to this screen, or null while unknown. */
  latency(): number | null {
    const wall = this.wallNow();
    if (!wall) return null;
    const s = (Date.now() + this.clock - wall.getTime()) / 1000;
    return s > -1 && s < 86_400 ? Math.max(0, s) : null;
  }

  /** Whether the viewer sees what is live, give or take the playlist's hold-back. */
  get atLive(): boolean {
    return this.behindBy() <= liveWithin;
  }

  rangedPins(): RangedPin[] {
    const list: RangedPin[] = [];
    for (const range of Object.values(this.details()?.dateRanges ?? {})) {
      const pin = range && readRange(range);
      if (pin) list.push(pin);
    }
    return list;
  }

  onPicture(callback: () => void): () => void {
    let on = true;
    // requestVideoFrameCallback rests while the page is hidden or the picture stands: the timer goes on.
    const timer = setInterval(callback, 250);
    const each = () => {
      if (!on) return;
      callback();
      this.video.requestVideoFrameCallback(each);
    };
    if ('requestVideoFrameCallback' in this.video) this.video.requestVideoFrameCallback(each);
    return () => {
      on = false;
      clearInterval(timer);
    };
  }

  // ── source ────────────────────────────────────────────────────────────────────────────────────────────

  private load(): void {
    this.lastTime = -1;
    this.lastMove = Date.now();
    if (this.status !== 'unplayable') this.set(this.sawPicture ? 'stalled' : 'loading');
    if (Hls.isSupported()) this.loadHls();
    else if (nativeOnly()) this.loadNative();
    else this.set('offline');
  }

  private loadHls(): void {
    const hls = new Hls(config);
    this.hls = hls;
    hls.on(Events.ERROR, (_, data) => this.failed(hls, data));
    hls.on(Events.FRAG_BUFFERED, () => {
      this.retryWait = retryFirst;
    });
    hls.on(Events.MANIFEST_PARSED, () => this.tryPlay());
    // Both at once: the playlist is on its way while the element attaches.
    hls.loadSource(this.options.src);
    hls.attachMedia(this.video);
  }

  private loadNative(): void {
    this.video.src = this.options.src;
    this.tryPlay();
  }

  private unload(): void {
    this.hls?.destroy();
    this.hls = null;
    if (this.video.hasAttribute('src')) {
      this.video.removeAttribute('src');
      this.video.load();
    }
  }

  private reload(): void {
    clearTimeout(this.retryTimer);
    this.unload();
    this.load();
  }

  /** Asks again later, longer each time, and not in step with everybody else. */
  private later(status: 'offline' | 'ended' | 'stalled' | 'unplayable'): void {
    clearTimeout(this.retryTimer);
    this.set(status);
    this.retryTimer = setTimeout(() => this.reload(), this.retryWait * (0.75 + Math.random() / 2));
    this.retryWait = Math.min(this.retryWait * 1.7, retrySlowest);
  }

  private failed(hls: Hls, data: ErrorData): void {
    if (!data.fatal || hls !== this.hls) return;
    const codecs = data.details === ErrorDetails.MANIFEST_INCOMPATIBLE_CODECS_ERROR;
    if (data.type === ErrorTypes.MEDIA_ERROR && !codecs) return this.mediaFailed(hls);
    const status = data.response?.code;
    const absent = status === 404 || status === 410 || !this.sawPicture;
    this.unload();
    this.later(codecs ? 'unplayable' : absent ? 'offline' : 'stalled');
  }

  private mediaFailed(hls: Hls): void {
    const now = Date.now();
    this.mediaErrors = now - this.lastMediaError > 20_000 ? 1 : this.mediaErrors + 1;
    this.lastMediaError = now;
    if (this.mediaErrors <= 2) {
      hls.recoverMediaError();
      this.tryPlay();
      return;
    }
    this.unload();
    this.later(this.playedSinceReload ? 'stalled' : 'unplayable'); // hls.js lets MP3 through, and the browser refuses it
    this.playedSinceReload = false;
  }

  // ── watching ──────────────────────────────────────────────────────────────────────────────────────────

  private listen(): void {
    const v = this.video;
    const on = (name: string, f: () => void) => v.addEventListener(name, f, { signal: this.off.signal });
    on('playing', () => this.playing());
    on('timeupdate', () => {
      if (this.status !== 'playing' && !v.paused && v.readyState >= 3) this.playing();
    });
    on('waiting', () => {
      if (this.sawPicture && !v.paused) this.stalled();
    });
    on('pause', () => {
      if (!this.wantsPlay && this.hls) this.set('paused');
    });
    on('play', () => {
      this.wantsPlay = true;
    });
    on('ended', () => this.over());
    on('volumechange', () => this.changed());
    on('error', () => {
      if (!this.hls && v.hasAttribute('src')) {
        this.unload();
        this.later('offline');
      }
    });
    document.addEventListener('visibilitychange', () => this.visibility(), { signal: this.off.signal });
    addEventListener('online', () => this.hint(true), { signal: this.off.signal });
  }

  private playing(): void {
    const waited = this.stalledAt ? Date.now() - this.stalledAt : 0;
    this.stalledAt = 0;
    this.standstill.over();
    this.sawPicture = this.playedSinceReload = true;
    this.set('playing');
    if (waited > longStall && this.behindBy() > liveWithin) this.jumpToLive();
  }

  private stalled(): void {
    if (!this.stalledAt) this.pace.stalled(this.partTarget());
    this.stalledAt ||= Date.now();
    if (this.status !== 'unplayable') this.set('stalled'); // that holds until there is a picture
  }

  private over(): void {
    this.unload();
    this.retryWait = retryFirst * 4;
    this.later('ended');
  }

  /** Looks twice a second for what no event tells: a playhead that does not move, a hole, a delay that grew. */
  private look(): void {
    const v = this.video;
    const now = Date.now();
    if (v.currentTime !== this.lastTime) {
      this.lastTime = v.currentTime;
      this.lastMove = now;
      this.keepPace();
      this.changed();
      return;
    }
    if (v.paused || !this.hls || this.status === 'blocked' || !this.sawPicture) return;
    if (now - this.lastMove < longStall) return;
    this.stalled();
    if (!this.skipHole()) this.unstick();
  }

  /** After a gap in the stream the buffer goes on further ahead: go there. Says whether it did. */
  private skipHole(): boolean {
    const v = this.video;
    for (let i = 0; i < v.buffered.length; i++) {
      const start = v.buffered.start(i);
      if (start > v.currentTime + 0.05 && v.buffered.end(i) - start > Math.max(0.2, partsBehindHole * this.partTarget())) {
        const edge = this.livePoint();
        v.currentTime = edge !== null && edge > start && edge < v.buffered.end(i) ? edge : start + 0.05;
        return true;
      }
    }
    return false;
  }

  /** Plays a little faster while behind the intended delay, unless the viewer chose to be. */
  private keepPace(): void {
    const ahead = this.hls?.mainForwardBufferInfo?.len ?? 0;
    const rate = this.chosen ? 1 : this.pace.rate(this.behindBy(), ahead, this.partTarget());
    if (this.hls && this.video.playbackRate !== rate) this.video.playbackRate = rate;
  }

  private partTarget(): number {
    return this.details()?.partTarget || 1;
  }

  private unstick(): void {
    const { hls, video } = this;
    const details = this.details();
    if (!hls || !details) return;
    const loaded = video.buffered.length > 0 ? video.buffered.end(video.buffered.length - 1) : 0;
    const step = this.standstill.step(details, loaded, Date.now());
    if (step === 'load') {
      hls.stopLoad();
      hls.startLoad(Math.max(this.livePoint() ?? -1, mediaFrom(details)));
    } else if (step === 'reload') this.reload();
    else if (step === 'over') this.over(); // no event tells
    this.changed();
  }

  private visibility(): void {
    if (document.hidden) {
      this.hiddenAt = Date.now();
      return;
    }
    const away = this.hiddenAt ? Date.now() - this.hiddenAt : 0;
    this.hiddenAt = 0;
    // Browsers slow hidden pages down: whoever comes back wants what is live, unless they had paused.
    if (away > 3000 && this.wantsPlay && this.hls) {
      if (this.behindBy() > liveWithin) this.jumpToLive();
      else this.tryPlay();
    }
  }

  private tryPlay(): void {
    if (!this.wantsPlay || !this.started) return;
    const v = this.video;
    v.play().catch((e: unknown) => {
      if (!(e instanceof DOMException) || e.name !== 'NotAllowedError') return;
      if (!v.muted) {
        // Sound needs a gesture: begin without, the viewer can turn it on.
        v.muted = true;
        this.tryPlay();
        return;
      }
      this.set('blocked');
    });
  }

  // ── time ──────────────────────────────────────────────────────────────────────────────────────────────

  private details(): LevelDetails | null {
    const hls = this.hls;
    if (!hls) return null;
    return hls.latestLevelDetails ?? hls.levels[hls.currentLevel]?.details ?? null;
  }

  private wallAt(time: number): Date | null {
    if (!this.sawPicture && this.video.readyState < 2) return null;
    if (!this.hls) return nativeWallAt(this.video, time);
    return wallAt(this.details()?.fragments ?? [], time);
  }

  private livePoint(): number | null {
    if (this.hls) return this.hls.liveSyncPosition;
    const s = this.video.seekable;
    return s.length > 0 ? s.end(s.length - 1) : null;
  }

  /** Seconds behind the intended delay, never below 0; 0 while nothing is known. */
  private behindBy(): number {
    if (!this.sawPicture) return 0;
    if (this.hls) {
      const target = this.hls.targetLatency;
      const now = this.hls.latency;
      return target === null || !now ? 0 : Math.max(0, now - target);
    }
    const edge = this.livePoint();
    return edge === null ? 0 : Math.max(0, edge - this.video.currentTime - 3);
  }

  // ── telling ───────────────────────────────────────────────────────────────────────────────────────────

  private set(status: PlayerStatus): void {
    if (this.status === status) return;
    this.status = status;
    this.dispatchEvent(new Event('change'));
  }

  /** Tells when something that a page shows has changed: at most twice a second while playing. */
  private changed(): void {
    // A hidden or stalled page falls behind without anybody asking for it; a viewer who paused or went back did.
    if (this.status === 'playing' && this.stalledAt === 0 && this.drifted()) this.jumpToLive();
    const latency = this.latency();
    const reading = `${this.status}|${this.atGap}|${this.video.muted}|${this.atLive}|${latency === null ? '' : latency.toFixed(1)}`;
    if (reading === this.reading) return;
    this.reading = reading;
    this.dispatchEvent(new Event('change'));
  }

  /** Whether the playhead slipped too far without the viewer's doing. */
  private drifted(): boolean {
    return !this.chosen && this.behindBy() > jumpOver;
  }
}

/** A browser with native HLS and neither kind of Media Source: iPhones before iOS 17.1. */
function nativeOnly(): boolean {
  const scope = globalThis as { ManagedMediaSource?: unknown; MediaSource?: unknown };
  return (
    !scope.ManagedMediaSource && !scope.MediaSource && document.createElement('video').canPlayType('application/vnd.apple.mpegurl') !== ''
  );
}
