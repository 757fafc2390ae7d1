import { ApiError, type Quote } from '../lib/api';
import type { Shop } from './shop';

/**
 * Keeps a quote of the cart: asks again whenever the cart or a price changes, once at a time, and takes out
 * of the cart what is not sold any more.
 */
export class Quoter {
  quote: Quote | null = null;
  error: ApiError | null = null;
  /** SKUs whose quantity had to come down. */
  changed: string[] = [];
  private asked = '';
  private busy = false;
  private stopped = false;
  private readonly onChange = () => void this.look();

  constructor(
    private readonly shop: Shop,
    private readonly tell: () => void,
  ) {
    shop.addEventListener('change', this.onChange);
    void this.look();
  }

  stop(): void {
    this.stopped = true;
    this.shop.removeEventListener('change', this.onChange);
  }

  /** Asks again even if nothing changed. */
  async ask(): Promise<void> {
    this.asked = '';
    await this.look();
  }

  /** Everything that the price depends on, as far as this page knows. */
  private wanted(): string {
    return this.shop.cart.lines.map((l) => `${l.sku}×${l.quantity}@${this.shop.sku(l.sku)?.sku.price.amount}/${this.shop.sku(l.sku)?.sku.left}`).join();
  }

  private async look(): Promise<void> {
    const want = this.wanted();
    if (this.busy || this.stopped || want === this.asked) return;
    this.asked = want;
    if (this.shop.cart.lines.length === 0) {
      this.quote = null;
      this.tell();
      return;
    }
    this.busy = true;
    const items = this.shop.cart.lines.map((l) => ({ ...l }));
    try {
      const quote = await this.shop.api.quote(this.shop.slug, items);
      this.error = null;
      const changed = this.shop.cart.reconcile(quote);
      if (changed.length > 0) this.changed = changed;
      else this.quote = quote;
    } catch (e) {
      this.failed(e, items);
    }
    this.busy = false;
    if (this.stopped) return;
    this.tell();
    void this.look();
  }

  private failed(e: unknown, items: { sku: string }[]): void {
    const error = e instanceof ApiError ? e : new ApiError('internal', String(e));
    // "items[2].sku": this one is not sold here any more.
    const at = /^items\[(\d+)\]\.sku$/.exec(error.field);
    const gone = at && items[Number(at[1])];
    if (error.kind === 'invalid' && gone) {
      this.changed = [...this.changed, gone.sku];
      this.shop.cart.set(gone.sku, 0);
      return;
    }
    this.error = error;
  }
}
