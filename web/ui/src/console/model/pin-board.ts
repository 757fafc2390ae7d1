import * as backend from './backend';
import type { Pin } from '../../lib/api';

/** A pin that was asked for and not yet answered. */
export interface PendingPin { product: string; sku?: string; since: number }

/** How many cards a viewer's screen carries at once. */
export const maxPins = 3;

/** What is on screen now, what is on its way there and what is on its way off. */
export class PinBoard {
  open: Pin[] = [];
  pending: PendingPin[] = [];
  readonly leaving = new Set<string>();
  /** Pins known to have ended, so that a late 'pin' event does not bring one back. */
  private readonly ended = new Set<string>();

  constructor(private readonly show: string, private readonly changed: () => void) {}

  get full(): boolean { return this.open.length >= maxPins; }
  of(product: string): Pin | undefined { return this.open.find((p) => p.product === product); }
  isPending(product: string): boolean { return this.pending.some((p) => p.product === product); }

  reset(pins: Pin[]): void {
    this.open = pins.filter((p) => !p.end);
    this.ended.clear();
  }

  put(pin: Pin): void {
    if (pin.end || this.ended.has(pin.id)) return this.remove(pin.id);
    const known = this.open.find((p) => p.id === pin.id);
    if (known && known.rev > pin.rev) return;
    this.open = known ? this.open.map((p) => (p.id === pin.id ? pin : p)) : [...this.open, pin];
    this.changed();
  }

  remove(id: string): void {
    this.ended.add(id);
    this.open = this.open.filter((p) => p.id !== id);
    this.changed();
  }

  /** Puts a product on screen: at the wall time `at` (ms), or now. Throws what the server refused with. */
  async pin(product: string, sku: string | undefined, at: number | undefined): Promise<Pin> {
    const wish: PendingPin = { product, sku, since: Date.now() };
    // No optimistic card beyond the third: the server will say no, and it alone decides.
    if (!this.full) this.pending = [...this.pending, wish];
    this.changed();
    try {
      const pin = await backend.pin(this.show, { product, sku, at: at === undefined ? undefined : new Date(at).toISOString() });
      this.put(pin);
      return pin;
    } finally {
      this.pending = this.pending.filter((p) => p !== wish);
      this.changed();
    }
  }

  /** Takes one card down. Throws what the server refused with, and the card stays. */
  async unpin(id: string, at: number | undefined): Promise<void> {
    if (this.leaving.has(id)) return;
    this.leaving.add(id);
    this.changed();
    try {
      await backend.unpin(this.show, id, at === undefined ? undefined : new Date(at).toISOString());
      this.remove(id);
    } finally {
      this.leaving.delete(id);
      this.changed();
    }
  }

  /** Takes all cards down and gives back the ones there were, so that they can be put back. */
  async unpinAll(): Promise<Pin[]> {
    const were = this.open;
    for (const p of were) this.leaving.add(p.id);
    this.changed();
    try {
      await backend.unpinAll(this.show);
      for (const p of were) this.remove(p.id);
      return were;
    } finally {
      for (const p of were) this.leaving.delete(p.id);
      this.changed();
    }
  }
}
