// The cart of one show, kept in this browser. It holds what was chosen and how many, never a price: what it
// costs is asked of the server by a quote.
import type { Item, Quote } from './api';

export const maxQuantity = 99;
export const maxLines = 50;

/** Where the cart is kept; `localStorage` in a page. */
export type Shelf = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/** Fires `change` after every change, those of other tabs too. */
export class Cart extends EventTarget {
  private items: Item[] = [];
  private readonly key: string;
  private readonly shelf: Shelf | null;

  constructor(show: string, shelf?: Shelf) {
    super();
    this.key = `livesrv.cart.${show}`;
    this.shelf = shelf ?? storage();
    this.read();
    if (typeof window !== 'undefined') {
      window.addEventListener('storage', (e) => {
        if (e.key !== this.key && e.key !== null) return;
        this.read();
        this.dispatchEvent(new Event('change'));
      });
    }
  }

  get lines(): readonly Item[] {
    return this.items;
  }

  /** How many pieces there are in all. */
  get count(): number {
    return this.items.reduce((n, i) => n + i.quantity, 0);
  }

  quantity(sku: string): number {
    return this.items.find((i) => i.sku === sku)?.quantity ?? 0;
  }

  /** Adds pieces of a SKU; says whether there was room (99 of one, 50 different ones). */
  add(sku: string, quantity = 1): boolean {
    const have = this.quantity(sku);
    if (have === 0 && this.items.length >= maxLines) return false;
    if (have + quantity > maxQuantity) return false;
    this.set(sku, have + quantity);
    return true;
  }

  /** Sets how many of a SKU; 0 takes it out. */
  set(sku: string, quantity: number): void {
    const n = Math.max(0, Math.min(maxQuantity, Math.trunc(quantity) || 0));
    const at = this.items.findIndex((i) => i.sku === sku);
    if (n === 0) this.items = this.items.filter((i) => i.sku !== sku);
    else if (at < 0) this.items = [...this.items, { sku, quantity: n }];
    else this.items = this.items.map((i) => (i.sku === sku ? { sku, quantity: n } : i));
    this.write();
  }

  clear(): void {
    this.items = [];
    this.write();
  }

  /**
   * Takes the server's answer: SKUs it does not know leave the cart, quantities over what is left come down.
   * Gives the SKUs that changed, for the page to tell.
   */
  reconcile(quote: Quote): string[] {
    const left = new Map((quote.unavailable ?? []).map((u) => [u.sku, u.left]));
    const known = new Set([...quote.lines.map((l) => l.sku), ...left.keys()]);
    const changed: string[] = [];
    const next: Item[] = [];
    for (const i of this.items) {
      const quantity = known.has(i.sku) ? Math.min(i.quantity, left.get(i.sku) ?? i.quantity) : 0;
      if (quantity !== i.quantity) changed.push(i.sku);
      if (quantity > 0) next.push({ sku: i.sku, quantity });
    }
    if (changed.length > 0) {
      this.items = next;
      this.write();
    }
    return changed;
  }

  private read(): void {
    this.items = parse(this.shelf?.getItem(this.key) ?? null);
  }

  private write(): void {
    try {
      if (this.items.length === 0) this.shelf?.removeItem(this.key);
      else this.shelf?.setItem(this.key, JSON.stringify(this.items));
    } catch {
      // A full or forbidden storage: the cart lives as long as the page.
    }
    this.dispatchEvent(new Event('change'));
  }
}

/** Reads what was kept, dropping whatever does not look like a cart. */
function parse(text: string | null): Item[] {
  if (!text) return [];
  try {
    const list: unknown = JSON.parse(text);
    if (!Array.isArray(list)) return [];
    return list
      .filter((i): i is Item => typeof i?.sku === 'string' && Number.isInteger(i.quantity) && i.quantity > 0 && i.quantity <= maxQuantity)
      .map((i) => ({ sku: i.sku, quantity: i.quantity }))
      .slice(0, maxLines);
  } catch {
    return [];
  }
}

/** The browser's storage, or null where the page may not use it (a sandboxed frame, a private window). */
function storage(): Shelf | null {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null;
  }
}
