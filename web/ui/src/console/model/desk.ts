import { ApiError, type Position } from '../../lib/api';
import { Feed, type ShowEvent } from '../../lib/feed';
import * as backend from './backend';
import { Observable } from './observable';
import { Orders } from './orders';
import { PinBoard } from './pin-board';
import type { Desk, Order, Product, StreamSession } from './types';

/** What only a merchant's topic tells. Its products carry the true stock. */
type MerchantEvent =
  | { type: 'order'; order: Order }
  | { type: 'stream'; show: string; stream: StreamSession | null }
  | { type: 'product'; product: Product };

/** An edit on its way to the server: shown at once, replaced by the answer. */
export interface Edit { price?: number; stock?: number }

/**
 * The truth about one show at this console: a snapshot, then the feed's events in order. What the merchant
 * does shows at once and marked as on its way; whatever the server answers or sends replaces it.
 */
export class DeskModel extends Observable {
  /** `missing`: there is no such show, or it is not this merchant's. */
  phase: 'loading' | 'ready' | 'error' | 'missing' = 'loading';
  fault?: unknown;
  desk?: Desk;
  readonly orders: Orders;
  readonly board: PinBoard;
  readonly edits = new Map<string, Edit>();
  readonly editFaults = new Map<string, unknown>();
  private readonly showFeed: Feed<Desk>;
  private merchantFeed?: Feed<{ position: Position; desk?: Desk }, MerchantEvent>;
  private readonly refetching = new Map<string, number>();
  private recounting?: number;
  private skew = 0;

  constructor(readonly slug: string, arrived: (o: Order) => void) {
    super();
    this.orders = new Orders(slug, arrived);
    this.board = new PinBoard(slug, () => this.changed());
    this.showFeed = new Feed<Desk>({
      topic: 'show:' + slug,
      load: () => this.fetch(),
      onState: (desk) => this.take(desk),
      onEvent: (e) => this.hear(e),
      onStatus: () => this.changed(),
      onError: (e) => this.fail(e),
    });
  }

  /** Whether what is shown is followed as it happens. */
  get linked(): boolean { return this.showFeed.status === 'live' && this.merchantFeed?.status === 'live'; }

  /** The server's clock, in ms. */
  now(): number { return Date.now() + this.skew; }

  product(id: string): Product | undefined { return this.desk?.products.find((p) => p.id === id); }

  /** The products of the line-up in its order. The desk knows others too: those pinned without being in it. */
  get lineup(): Product[] {
    return (this.desk?.show.lineup ?? []).map((id) => this.product(id)).filter((p) => p !== undefined);
  }

  /** Fetches the snapshot and follows the feed from it, until stop. */
  start(): void { this.showFeed.start(); }

  stop(): void {
    this.showFeed.stop();
    this.merchantFeed?.stop();
    for (const timer of this.refetching.values()) window.clearTimeout(timer);
    window.clearTimeout(this.recounting);
  }

  /** Reads everything again. */
  refresh(): Promise<void> { return this.showFeed.refresh(); }

  setPrice(product: Product, sku: string, amount: number): Promise<void> {
    return this.edit(sku, { price: amount }, () => backend.patchSKU(sku, { price: { amount, currency: this.currencyOf(product, sku) } }));
  }

  /**
   * Sets what is left of a SKU by sending the difference from the number the merchant saw: an order that
   * came in between has taken its piece from the same pile, and still has.
   */
  setStock(sku: string, seen: number, wanted: number): Promise<void> {
    return this.edit(sku, { stock: wanted }, () => backend.patchSKU(sku, { adjust: wanted - seen }));
  }

  /** Puts a product as the server has it into the line-up, unless a newer one is already there. */
  put(product: Product): void {
    if (!this.desk) return;
    this.desk.products = this.desk.products.map((p) => (p.id === product.id && product.rev >= p.rev ? product : p));
    this.changed();
  }

  /** Shows the line-up in the order that the server has taken; its products come with the next snapshot. */
  arrange(products: Product[]): void {
    if (!this.desk) return;
    this.desk.products = [...this.desk.products, ...products.filter((p) => !this.product(p.id))];
    this.desk.show = { ...this.desk.show, lineup: products.map((p) => p.id) };
    this.changed();
  }

  private currencyOf(product: Product, sku: string): string {
    return (product.skus.find((s) => s.id === sku) ?? product.skus[0])?.price.currency ?? this.desk?.show.currency ?? '';
  }

  private async edit(sku: string, edit: Edit, call: () => Promise<Product>): Promise<void> {
    this.edits.set(sku, { ...this.edits.get(sku), ...edit });
    this.editFaults.delete(sku);
    this.changed();
    try {
      this.put(await call());
    } catch (e) {
      this.editFaults.set(sku, e as Error);
    }
    this.edits.delete(sku);
    this.changed();
  }

  private async fetch(): Promise<Desk> {
    const sent = Date.now();
    const desk = await backend.desk(this.slug);
    // The server wrote its clock about half-way between the question and the answer.
    this.skew = Date.parse(desk.now) - (sent + Date.now()) / 2;
    return desk;
  }

  private take(desk: Desk): void {
    this.desk = desk;
    this.board.reset(desk.pins);
    this.orders.setTotals(desk.totals);
    this.phase = 'ready';
    this.fault = undefined;
    void this.orders.load();
    if (!this.merchantFeed) {
      const feed = new Feed<{ position: Position; desk?: Desk }, MerchantEvent>({
        topic: desk.deskChannel,
        first: Promise.resolve({ position: desk.deskPosition }),
        load: async () => { const d = await this.fetch(); return { position: d.deskPosition, desk: d }; },
        onState: (s) => { if (s.desk) this.take(s.desk); },
        onEvent: (e) => this.hearMerchant(e),
        onStatus: () => this.changed(),
        onError: (e) => this.fail(e),
      });
      this.merchantFeed = feed;
      feed.start();
    }
    this.changed();
  }

  private fail(e: unknown): void {
    this.fault = e;
    if (e instanceof ApiError && (e.kind === 'not_found' || e.kind === 'forbidden')) {
      this.phase = 'missing';
      this.stop();
    } else if (!this.desk) {
      this.phase = 'error';
    }
    this.changed();
  }

  private hear(e: ShowEvent): void {
    const desk = this.desk!;
    switch (e.type) {
      case 'pin': this.board.put(e.pin); break;
      case 'unpin': this.board.remove(e.pin.id); break;
      case 'viewers': desk.viewers = e.count; break;
      case 'show': {
        const flipped = e.show.onAir !== desk.show.onAir;
        desk.show = { ...desk.show, ...e.show };
        // A publisher came or went: what it sends is in the snapshot.
        if (flipped) void this.refresh();
        break;
      }
      case 'lineup': void this.refresh(); break;
      case 'product': this.refetch(e.product.id); break;
    }
    this.changed();
  }

  private hearMerchant(e: MerchantEvent): void {
    switch (e.type) {
      case 'order': this.orders.apply(e.order); this.recount(); break;
      case 'stream': if (e.show === this.slug) this.desk!.stream = e.stream; break;
      case 'product': this.put(e.product); break;
    }
    this.changed();
  }

  /** The sums come from the records, so they are asked for after an order has changed, at most once a second. */
  private recount(): void {
    this.recounting ??= window.setTimeout(() => {
      this.recounting = undefined;
      backend.desk(this.slug).then((d) => this.orders.setTotals(d.totals), () => undefined);
    }, 1000);
  }

  /** The public event says that a product changed, not how many are left: ask, at most once in 300 ms each. */
  private refetch(id: string): void {
    if (this.refetching.has(id) || !this.product(id)) return;
    this.refetching.set(id, window.setTimeout(() => {
      this.refetching.delete(id);
      backend.product(id).then((p) => this.put(p), () => undefined);
    }, 300));
  }
}
