// What the watch page knows: the show, its products, the cards on screen, the cart, where the buyer is in the
// shop. Elements read it and ask it for things; it tells them by `change`. It draws nothing.
import { Api, ApiError, type Item, type Order, type OrderStatus, type Pin, type Product, type Show, type Sku, type State } from '../lib/api';
import { Cart } from '../lib/cart';
import { Feed, type FeedStatus, type ShowEvent } from '../lib/feed';
import { PinTracker, type ShownPin } from '../lib/pins';
import type { Player } from '../lib/player';

/** Where the buyer is in the shop beside the picture. */
export type View =
  | { name: 'lineup' }
  | { name: 'product'; product: string; sku?: string; pin?: string }
  | { name: 'cart' }
  | { name: 'checkout' }
  | { name: 'done'; order: Order };

/** An order as this browser remembers it. */
export interface KeptOrder {
  id: string;
  number: string;
  token: string;
  status: OrderStatus;
}

/** What happened, for whoever shows or forwards it (the status line, the embed's events). */
export interface Happening {
  ready: { show: Show };
  pin: { pin: ShownPin; product: Product | null };
  unpin: { pin: ShownPin; product: Product | null };
  add: { item: Item; product: Product; sku: Sku };
  /** Without the buyer's name and address: what goes out to other sites' pages is what was bought. */
  order: { order: Pick<Order, 'id' | 'number' | 'total' | 'lines' | 'way' | 'pin'> };
  error: { kind: string; message: string };
}

export class HappeningEvent<K extends keyof Happening = keyof Happening> extends Event {
  constructor(
    readonly what: K,
    readonly detail: Happening[K],
  ) {
    super('happening');
  }
}

export class Shop extends EventTarget {
  readonly api: Api;
  readonly cart: Cart;
  show: Show | null = null;
  products: Product[] = [];
  viewers = 0;
  feedStatus: FeedStatus = 'off';
  /** `missing`: there is no such show; `unreachable`: the server has not answered yet and is being asked again. */
  trouble: 'missing' | 'unreachable' | null = null;
  shown: readonly ShownPin[] = [];
  view: View = { name: 'lineup' };
  /** Whether the shop is open where it does not stand beside the picture anyway. */
  open = false;
  orders: KeptOrder[] = [];
  /** The pin from which the buyer last took something; it goes into the order. */
  fromPin: string | undefined;
  private readonly trail: View[] = [];
  private readonly feed: Feed<State, ShowEvent>;
  private tracker: PinTracker | null = null;
  private player: Player | null = null;
  private clock = 0;

  constructor(
    readonly slug: string,
    readonly base = '',
  ) {
    super();
    this.api = new Api(base);
    this.cart = new Cart(slug);
    this.cart.addEventListener('change', () => this.changed());
    this.orders = readOrders(slug);
    this.feed = new Feed({
      base,
      topic: `show:${slug}`,
      load: () => this.load(),
      onState: (s) => this.takeState(s),
      onEvent: (e) => this.takeEvent(e),
      onStatus: (s) => {
        this.feedStatus = s;
        this.changed();
      },
      onError: (e) => this.failed(e),
    });
  }

  start(player: Player): void {
    this.player = player;
    this.tracker = new PinTracker(player, (shown, came, went) => this.takeShown(shown, came, went));
    this.tracker.start();
    this.feed.start();
  }

  stop(): void {
    this.feed.stop();
    this.tracker?.stop();
  }

  /** The server's clock, in milliseconds since the epoch. */
  now(): number {
    return Date.now() + this.clock;
  }

  product(id: string): Product | undefined {
    return this.products.find((p) => p.id === id);
  }

  /** The product and SKU behind a SKU's id. */
  sku(id: string): { product: Product; sku: Sku } | undefined {
    for (const product of this.products) {
      const sku = product.skus.find((s) => s.id === id);
      if (sku) return { product, sku };
    }
    return undefined;
  }

  isShown(product: string): boolean {
    return this.shown.some((p) => p.product === product);
  }

  /** An address on the show's server. */
  asset(path: string): string {
    return /^[a-z]+:/i.test(path) ? path : this.base + path;
  }

  // ── the shop's views ──────────────────────────────────────────────────────────────────────────────────

  go(view: View): void {
    // From the picture, the way back leads to the picture.
    if (!this.open) this.trail.length = 0;
    else if (this.view.name !== view.name) this.trail.push(this.view);
    this.view = view;
    this.open = true;
    this.changed();
    this.dispatchEvent(new Event('navigate'));
  }

  /** One view back; from the line-up, closed. */
  back(): void {
    const before = this.trail.pop();
    if (!before) {
      this.close();
      return;
    }
    this.view = before.name === 'checkout' && this.cart.count === 0 ? { name: 'lineup' } : before;
    this.changed();
    this.dispatchEvent(new Event('navigate'));
  }

  /** Back to the line-up and, where it lies under the picture, out of the way. */
  close(): void {
    this.trail.length = 0;
    this.view = { name: 'lineup' };
    this.open = false;
    this.changed();
    this.dispatchEvent(new Event('navigate'));
  }

  get canGoBack(): boolean {
    return this.trail.length > 0;
  }

  // ── buying ────────────────────────────────────────────────────────────────────────────────────────────

  /** Puts pieces of a SKU into the cart; says whether there was room and stock. */
  add(sku: Sku, product: Product, quantity: number, pin?: string): boolean {
    if (sku.state === 'out') return false;
    const most = sku.left ?? Infinity;
    if (this.cart.quantity(sku.id) + quantity > most) return false;
    if (!this.cart.add(sku.id, quantity)) return false;
    this.fromPin = pin ?? this.shown.find((p) => p.product === product.id)?.id ?? this.fromPin;
    this.tell('add', { item: { sku: sku.id, quantity }, product, sku });
    return true;
  }

  /** Notes a placed order, empties the cart and shows the confirmation. */
  placed(order: Order, token: string): void {
    this.cart.clear();
    this.orders = [{ id: order.id, number: order.number, token, status: order.status }, ...this.orders].slice(0, 20);
    keepOrders(this.slug, this.orders);
    this.trail.length = 0;
    this.view = { name: 'done', order };
    this.open = true;
    this.fromPin = undefined;
    this.changed();
    this.dispatchEvent(new Event('navigate'));
    const { id, number, total, lines, way, pin } = order;
    this.tell('order', { order: { id, number, total, lines, way, pin } });
  }

  /** Asks how the orders of this browser stand. */
  async refreshOrders(): Promise<void> {
    const open = this.orders.filter((o) => o.status === 'awaiting_merchant');
    await Promise.all(
      open.map(async (o) => {
        const now = await this.api.orderStatus(o.id, o.token).catch(() => null);
        if (now) o.status = now.status;
      }),
    );
    if (open.length > 0) {
      keepOrders(this.slug, this.orders);
      this.changed();
    }
  }

  /** Reads the state again: something the server said does not fit what we show. */
  refresh(): Promise<void> {
    return this.feed.refresh();
  }

  tell<K extends keyof Happening>(what: K, detail: Happening[K]): void {
    this.dispatchEvent(new HappeningEvent(what, detail));
  }

  // ── state and events ──────────────────────────────────────────────────────────────────────────────────

  private async load(): Promise<State> {
    const asked = Date.now();
    const state = await this.api.state(this.slug);
    // The server answered somewhere between asking and now: the middle is off by half a round trip at most.
    this.clock = Date.parse(state.now) - (asked + Date.now()) / 2;
    return state;
  }

  private takeState(s: State): void {
    const first = this.show === null;
    this.trouble = null;
    this.show = s.show;
    this.products = s.products ?? [];
    this.viewers = s.viewers;
    this.player?.setClock(this.clock);
    this.tracker?.setPins(s.pins ?? [], Date.parse(s.now));
    this.changed();
    if (first) this.tell('ready', { show: s.show });
  }

  private takeEvent(e: ShowEvent): void {
    switch (e.type) {
      case 'pin':
      case 'unpin':
        this.takePin(e.pin);
        break;
      case 'product':
        this.products = this.products.map((p) => (p.id === e.product.id ? e.product : p));
        break;
      case 'lineup':
        this.products = e.products;
        break;
      case 'show':
        this.show = { ...this.show, ...e.show };
        break;
      case 'viewers':
        this.viewers = e.count;
        break;
    }
    this.changed();
  }

  private takePin(pin: Pin): void {
    this.tracker?.apply(pin);
  }

  private takeShown(shown: ShownPin[], came: ShownPin[], went: ShownPin[]): void {
    this.shown = shown;
    this.changed();
    for (const pin of came) this.tell('pin', { pin, product: this.product(pin.product) ?? null });
    for (const pin of went) this.tell('unpin', { pin, product: this.product(pin.product) ?? null });
  }

  private failed(e: unknown): void {
    const kind = e instanceof ApiError ? e.kind : 'internal';
    const missing = kind === 'not_found' || kind === 'gone';
    this.trouble = missing && !this.show ? 'missing' : 'unreachable';
    this.tell('error', { kind, message: e instanceof Error ? e.message : String(e) });
    if (this.trouble === 'missing') this.stop();
    this.changed();
  }

  private changed(): void {
    this.dispatchEvent(new Event('change'));
  }
}

function ordersKey(slug: string): string {
  return `livesrv.orders.${slug}`;
}

function readOrders(slug: string): KeptOrder[] {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(ordersKey(slug)) ?? '[]');
    return Array.isArray(list) ? list.filter((o): o is KeptOrder => typeof o?.id === 'string' && typeof o.token === 'string') : [];
  } catch {
    return [];
  }
}

function keepOrders(slug: string, orders: KeptOrder[]): void {
  try {
    localStorage.setItem(ordersKey(slug), JSON.stringify(orders));
  } catch {
    // No storage: the confirmation on screen is what the buyer has.
  }
}
