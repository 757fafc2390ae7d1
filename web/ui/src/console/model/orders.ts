import * as backend from './backend';
import { Observable } from './observable';
import type { Order, Totals } from './types';

export type OrderFilter = 'waiting' | 'all';

/** How long an order that just came in stays marked as new, in ms. */
const freshFor = 20_000;

/** How long a confirmation waits before it is sent, in ms: it is final, and a thumb slips. */
export const undoFor = 5000;

/** The orders of one show, newest first: loaded by page, then kept true by the feed. */
export class Orders extends Observable {
  phase: 'loading' | 'ready' | 'error' = 'loading';
  fault?: unknown;
  list: Order[] = [];
  totals?: Totals;
  /** Orders being confirmed or cancelled now. */
  readonly busy = new Set<string>();
  /** What went wrong with one order, until it is tried again. */
  readonly faults = new Map<string, unknown>();
  /** Orders whose confirmation can still be taken back, with its timer. */
  readonly confirming = new Map<string, number>();
  /** Where the next page begins; empty after the last. */
  private next?: string;
  private readonly fresh = new Map<string, number>();

  constructor(readonly show: string, private readonly arrived: (o: Order) => void) { super(); }

  get more(): boolean { return Boolean(this.next); }
  get waiting(): Order[] { return this.list.filter((o) => o.status === 'awaiting_merchant'); }
  shown(filter: OrderFilter): Order[] { return filter === 'waiting' ? this.waiting : this.list; }
  find(id: string): Order | undefined { return this.list.find((o) => o.id === id); }
  isFresh(id: string): boolean { return (this.fresh.get(id) ?? 0) > Date.now(); }

  async load(): Promise<void> {
    try {
      const page = await backend.orders({ show: this.show });
      // Orders that the feed brought while the page was on its way are newer than the page.
      const known = new Map(this.list.map((o) => [o.id, o]));
      this.list = sorted([...page.orders.map((o) => newer(known.get(o.id), o)), ...this.list.filter((o) => !page.orders.some((p) => p.id === o.id))]);
      this.next = page.next;
      this.phase = 'ready';
      this.fault = undefined;
    } catch (e) {
      if (this.phase !== 'ready') this.phase = 'error';
      this.fault = e;
    }
    this.changed();
  }

  async loadMore(): Promise<void> {
    if (!this.next) return;
    const page = await backend.orders({ show: this.show, after: this.next });
    this.list = sorted([...this.list, ...page.orders.filter((o) => !this.find(o.id))]);
    this.next = page.next;
    this.changed();
  }

  /** Takes an order from the feed or from an answer. The newest record wins. */
  apply(order: Order): void {
    if (order.show !== this.show) return;
    const known = this.find(order.id);
    if (known) {
      this.list = this.list.map((o) => (o.id === order.id ? newer(o, order) : o));
    } else {
      this.list = sorted([order, ...this.list]);
      if (Date.now() - Date.parse(order.created) < freshFor * 3) {
        this.fresh.set(order.id, Date.now() + freshFor);
        window.setTimeout(() => { this.fresh.delete(order.id); this.changed(); }, freshFor);
        this.arrived(order);
      }
    }
    this.changed();
  }

  setTotals(totals: Totals): void { this.totals = totals; this.changed(); }

  /** Confirms an order after `undoFor`, unless it is taken back. Leaving the page before that leaves the order waiting. */
  confirm(id: string): void {
    if (this.confirming.has(id) || this.busy.has(id)) return;
    this.faults.delete(id);
    this.confirming.set(id, window.setTimeout(() => {
      this.confirming.delete(id);
      void this.act(id, () => backend.confirmOrder(id));
    }, undoFor));
    this.changed();
  }

  undoConfirm(id: string): void {
    window.clearTimeout(this.confirming.get(id));
    this.confirming.delete(id);
    this.changed();
  }

  cancel(id: string, reason: string): Promise<boolean> { return this.act(id, () => backend.cancelOrder(id, reason)); }

  /** Runs one action on one order; false, with the reason in faults, when the server refused. */
  private async act(id: string, call: () => Promise<Order>): Promise<boolean> {
    if (this.busy.has(id)) return false;
    this.busy.add(id);
    this.faults.delete(id);
    this.changed();
    try {
      this.apply(await call());
      return true;
    } catch (e) {
      this.faults.set(id, e);
      return false;
    } finally {
      this.busy.delete(id);
      this.changed();
    }
  }
}

function newer(a: Order | undefined, b: Order): Order {
  return a && Date.parse(a.updated) > Date.parse(b.updated) ? a : b;
}

function sorted(list: Order[]): Order[] {
  return list.sort((a, b) => Date.parse(b.created) - Date.parse(a.created));
}
