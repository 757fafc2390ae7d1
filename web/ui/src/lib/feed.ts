// A show's state by snapshot and ordered events: GET the state, then follow its topic from the snapshot's
// position. Joining late, reconnecting and waking from sleep are one path. Events carry whole values, so
// seeing one twice is harmless; what must not happen is missing one, so a gap reloads the snapshot.
import type { Centrifuge } from 'centrifuge';
import type { Pin, Position, Product, Show } from './api';

/** What may happen to a show, as the public topic says it. */
export type ShowEvent =
  | { type: 'pin'; pin: Pin }
  | { type: 'unpin'; pin: Pin }
  | { type: 'product'; product: Product }
  | { type: 'show'; show: Show }
  | { type: 'lineup'; products: Product[] }
  | { type: 'viewers'; count: number };

/** `live`: events arrive; `connecting`: not yet, or not now; `off`: stopped. */
export type FeedStatus = 'off' | 'connecting' | 'live';

export interface FeedOptions<S extends { position: Position }, E> {
  /** The server's address without a final slash; empty for the page's own. */
  base?: string;
  /** The topic: `show:{slug}` or a merchant's desk. */
  topic: string;
  /** Reads the snapshot. Called at the start, after a gap, and now and then while there is no connection. */
  load: () => Promise<S>;
  onState: (state: S) => void;
  onEvent: (event: E) => void;
  onStatus?: (status: FeedStatus) => void;
  /** A snapshot could not be read; the feed goes on trying. */
  onError?: (error: unknown) => void;
  /** A snapshot that the page has already, or is already fetching. */
  first?: Promise<S>;
}

const slowestRetry = 20_000;
/** How often the snapshot is read while the connection cannot be made (a proxy without websockets). */
const pollEvery = 8_000;

/** Follows one topic until `stop`. */
export class Feed<S extends { position: Position }, E = ShowEvent> {
  private client: Centrifuge | null = null;
  private stopped = true;
  private offset = 0;
  /** Events that come while a snapshot is on its way; null when none is. */
  private waiting: { data: E; offset: number }[] | null = null;
  private poll: ReturnType<typeof setTimeout> | undefined;
  status: FeedStatus = 'off';

  constructor(private readonly options: FeedOptions<S, E>) {}

  start(): void {
    if (!this.stopped) return;
    this.stopped = false;
    this.setStatus('connecting');
    void this.open();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.poll);
    this.client?.disconnect();
    this.client = null;
    this.setStatus('off');
  }

  /** Reads the snapshot again, for whoever has a reason to doubt (a refused order, a pin nobody announced). */
  async refresh(): Promise<void> {
    if (this.stopped || this.waiting) return;
    try {
      await this.reload(this.options.load());
    } catch (e) {
      this.options.onError?.(e);
    }
  }

  private async open(): Promise<void> {
    const library = import('./realtime');
    const state = await this.snapshot();
    if (!state || this.stopped) return;
    this.schedulePoll();
    const { Centrifuge } = await library;
    if (this.stopped) return;
    const base = new URL(this.options.base || location.origin, location.href);
    base.protocol = base.protocol === 'https:' ? 'wss:' : 'ws:';
    this.client = new Centrifuge(new URL('/realtime', base).href, {
      name: 'livesrv',
      minReconnectDelay: 300,
      maxReconnectDelay: slowestRetry,
    });
    const sub = this.client.newSubscription(this.options.topic, { since: state.position, recoverable: true });
    sub.on('publication', (p) => this.take(p.data as E, p.offset ?? 0));
    sub.on('subscribed', (c) => {
      this.setStatus('live');
      clearTimeout(this.poll);
      // The history no longer reaches back to where we were: what is missing is in the state.
      if (c.wasRecovering && !c.recovered) void this.snapshot();
    });
    sub.on('subscribing', () => {
      this.setStatus('connecting');
      this.schedulePoll();
    });
    sub.on('unsubscribed', () => {
      if (!this.stopped) this.setStatus('connecting');
    });
    sub.subscribe();
    this.client.connect();
  }

  /** Reads the snapshot until it succeeds, waiting longer each time. */
  private async snapshot(): Promise<S | null> {
    let wait = 500;
    let attempt = this.options.first;
    this.options.first = undefined;
    while (!this.stopped) {
      try {
        return await this.reload(attempt ?? this.options.load());
      } catch (e) {
        attempt = undefined;
        this.options.onError?.(e);
        await new Promise((go) => setTimeout(go, wait * (0.75 + Math.random() / 2)));
        wait = Math.min(wait * 2, slowestRetry);
      }
    }
    return null;
  }

  private async reload(loading: Promise<S>): Promise<S> {
    this.waiting = [];
    try {
      const state = await loading;
      const late = this.waiting;
      this.waiting = null;
      if (this.stopped) return state;
      this.offset = state.position.offset;
      this.options.onState(state);
      for (const e of late) this.take(e.data, e.offset);
      return state;
    } catch (e) {
      // The snapshot failed: what came meanwhile still counts.
      const late = this.waiting ?? [];
      this.waiting = null;
      for (const e of late) this.take(e.data, e.offset);
      throw e;
    }
  }

  private take(data: E, offset: number): void {
    if (this.waiting) {
      this.waiting.push({ data, offset });
      return;
    }
    // Fleeting events (the number of viewers) carry no offset.
    if (offset !== 0) {
      if (offset <= this.offset) return;
      this.offset = offset;
    }
    this.options.onEvent(data);
  }

  private schedulePoll(): void {
    clearTimeout(this.poll);
    this.poll = setTimeout(() => {
      if (this.stopped || this.status === 'live') return;
      void this.refresh().then(() => this.schedulePoll());
    }, pollEvery * (0.75 + Math.random() / 2));
  }

  private setStatus(s: FeedStatus): void {
    if (this.status === s) return;
    this.status = s;
    this.options.onStatus?.(s);
  }
}
