// The JSON API as the pages use it: one `request` with one shape of error, and the public calls. What only
// signed-in pages call goes through `Api.request` from there.
import type { Money } from './money';

export type { Money } from './money';

export interface Image {
  id: string;
  url: string;
  thumb: string;
  alt: string;
  width: number;
  height: number;
}

/** What may be said about stock in public: there, few left (`left` says how many), gone. */
export type StockState = 'in' | 'low' | 'out';

export interface Sku {
  id: string;
  code: string;
  /** One value per name in the product's `options`, in the same order. */
  options: string[];
  price: Money;
  /** The price before, in minor units of the price's currency. */
  compareAt?: number | null;
  state: StockState;
  left?: number;
  image?: string;
}

export interface Product {
  id: string;
  handle: string;
  title: string;
  description: string;
  vendor: string;
  options: string[];
  images: Image[];
  skus: Sku[];
  position?: number;
}

export type ShowStatus = 'scheduled' | 'live' | 'ended';

export interface Show {
  slug: string;
  title: string;
  description: string;
  poster?: string | Image | null;
  startsAt: string;
  startedAt?: string | null;
  endedAt?: string | null;
  status: ShowStatus;
  onAir: boolean;
  /** What comes in has no sound. */
  silent?: boolean;
  currency: string;
  ways: string[];
  lineup?: string[];
  rev?: number;
}

export interface Pin {
  id: string;
  show?: string;
  product: string;
  sku?: string;
  /** RFC 3339; the wall time of the picture at which the card appears. */
  start: string;
  end?: string | null;
  /** Milliseconds on the presentation's timeline, once media has bound it. */
  mediaMs?: number | null;
  /** The price at the pin; what counts is the SKU's price now. */
  price?: Money;
  rev: number;
}

export interface Position {
  offset: number;
  epoch: string;
}

export interface State {
  show: Show;
  pins: Pin[];
  products: Product[];
  viewers: number;
  position: Position;
  /** The server's clock when it answered. */
  now: string;
}

export interface Item {
  sku: string;
  quantity: number;
}

export interface Line {
  sku: string;
  product: string;
  title: string;
  code: string;
  options: string[];
  quantity: number;
  unit: Money;
  total: Money;
}

/** What a cart would cost now. Nothing is kept for it. */
export interface Quote {
  show: string;
  lines: Line[];
  total: Money;
  ways: { name: string; instructions?: string }[];
  /** Lines that cannot be sold as asked, with what is left. */
  unavailable: { sku: string; asked: number; left: number }[] | null;
}

export interface Contact {
  name: string;
  phone: string;
  email: string;
}

export interface Address {
  line1: string;
  line2: string;
  city: string;
  region: string;
  postcode: string;
  country: string;
}

export interface OrderRequest {
  items: Item[];
  contact: Contact;
  address: Address;
  note: string;
  way: string;
  pin?: string;
  /** The total that the buyer saw; another total is answered with a conflict instead of an order. */
  expect?: Money;
}

export type OrderStatus = 'awaiting_merchant' | 'confirmed' | 'cancelled' | 'expired';

export interface Order {
  id: string;
  number: string;
  show: string;
  pin?: string;
  lines: Line[];
  total: Money;
  contact: Contact;
  address: Address;
  note: string;
  way: string;
  status: OrderStatus;
  created: string;
  updated: string;
  expires?: string | null;
  /** Why the merchant cancelled it. */
  reason?: string;
  /** How to pay, for the buyer: bank details and the like; may be empty. */
  instructions: string;
}

export interface PlacedOrder {
  order: Order;
  token: string;
}

export type ErrorKind =
  | 'internal'
  | 'invalid'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'gone'
  | 'too_large'
  | 'too_many'
  | 'unavailable'
  | 'sold_out'
  /** No answer at all: the network, or the server is away. */
  | 'network';

/** What went wrong, as the server says it or as the network failed. */
export class ApiError extends Error {
  constructor(
    readonly kind: ErrorKind,
    message: string,
    /** What to do next, in words; may be empty. */
    readonly hint = '',
    /** The input at fault ("contact.phone", "items[0].sku"); may be empty. */
    readonly field = '',
    /** The server's id of this failure, for the operator's log. */
    readonly id = '',
    readonly status = 0,
  ) {
    super(message);
    this.name = 'ApiError';
  }

  /** Whether the same request may work a little later. */
  get temporary(): boolean {
    return this.kind === 'network' || this.kind === 'unavailable' || this.kind === 'too_many' || this.status >= 502;
  }
}

export interface RequestOptions {
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as it is, with the `type` given. */
  body?: BodyInit;
  type?: string;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** Milliseconds until the request is given up. Default 15 000. */
  timeout?: number;
}

/** Calls the API of one server. */
export class Api {
  /** @param base the server's address without a final slash; empty for the page's own origin */
  constructor(readonly base = '') {}

  /** An address on this server as an absolute or page-relative one. */
  url(path: string): string {
    return this.base + path;
  }

  /** Sends one request and gives the decoded JSON (undefined for an empty answer). Throws ApiError. */
  async request<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    const headers: Record<string, string> = { Accept: 'application/json', ...options.headers };
    let body = options.body;
    if (options.json !== undefined) {
      headers['Content-Type'] = 'application/json';
      body = JSON.stringify(options.json);
    } else if (options.type) {
      headers['Content-Type'] = options.type;
    }
    // Sessions are cookies; this header, which a foreign page cannot send unasked, proves the page is ours.
    if (method !== 'GET' && this.base === '') headers['X-Livesrv'] = '1';
    const limit = AbortSignal.timeout(options.timeout ?? 15_000);
    const signal = options.signal ? AbortSignal.any([options.signal, limit]) : limit;
    let answer: Response;
    try {
      const init: RequestInit = { method, headers, signal, credentials: this.base === '' ? 'same-origin' : 'omit' };
      if (body !== undefined) init.body = body;
      answer = await fetch(this.url(path), init);
    } catch (cause) {
      if (options.signal?.aborted) throw cause;
      throw new ApiError('network', cause instanceof Error ? cause.message : String(cause));
    }
    const text = await answer.text().catch(() => '');
    if (answer.ok) return parse(text) as T;
    throw failure(answer.status, text);
  }

  get<T>(path: string, options?: RequestOptions): Promise<T> {
    return this.request<T>('GET', path, options);
  }

  post<T>(path: string, json?: unknown, options?: RequestOptions): Promise<T> {
    return this.request<T>('POST', path, { ...options, json });
  }

  put<T>(path: string, json?: unknown): Promise<T> {
    return this.request<T>('PUT', path, { json });
  }

  patch<T>(path: string, json?: unknown): Promise<T> {
    return this.request<T>('PATCH', path, { json });
  }

  delete<T>(path: string): Promise<T> {
    return this.request<T>('DELETE', path);
  }

  shows(): Promise<Show[]> {
    return this.get<Show[] | { shows: Show[] }>('/api/shows').then((v) => (Array.isArray(v) ? v : v.shows));
  }

  state(show: string): Promise<State> {
    return this.get(`/api/shows/${encodeURIComponent(show)}/state`);
  }

  quote(show: string, items: Item[]): Promise<Quote> {
    return this.post(`/api/shows/${encodeURIComponent(show)}/quote`, { items });
  }

  /** Places an order. The same key with the same content is the same order, however often it is sent. */
  order(show: string, request: OrderRequest, idempotencyKey: string): Promise<PlacedOrder> {
    return this.post(`/api/shows/${encodeURIComponent(show)}/orders`, request, {
      headers: { 'Idempotency-Key': idempotencyKey },
    });
  }

  orderStatus(order: string, token: string): Promise<{ status: OrderStatus; number: string }> {
    return this.get(`/api/orders/${encodeURIComponent(order)}/status?token=${encodeURIComponent(token)}`);
  }
}

function parse(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const byStatus: Record<number, ErrorKind> = {
  400: 'invalid',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  409: 'conflict',
  410: 'gone',
  413: 'too_large',
  422: 'invalid',
  429: 'too_many',
  502: 'unavailable',
  503: 'unavailable',
  504: 'unavailable',
};

/** The refusal that an answer's status and body tell of. */
export function failure(status: number, text: string): ApiError {
  const e = (parse(text) as { error?: Partial<Record<'kind' | 'message' | 'hint' | 'field' | 'id', string>> } | undefined)?.error;
  const kind = (e?.kind as ErrorKind | undefined) ?? byStatus[status] ?? 'internal';
  return new ApiError(kind, e?.message ?? `HTTP ${status}`, e?.hint ?? '', e?.field ?? '', e?.id ?? '', status);
}

/** A key that makes a repeated order the same order; made once per intent to buy, not per click. */
export function idempotencyKey(): string {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID();
  // Plain HTTP on a local network is no secure context and lacks randomUUID.
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('');
}

/** The picture that stands for a SKU: its own, else the product's first. */
export function imageOf(product: Product, sku?: Sku): Image | undefined {
  return product.images.find((i) => i.id === sku?.image) ?? product.images[0];
}

/** What a product has to say about its stock as a whole. */
export function stockOf(product: Product): { state: StockState; left?: number } {
  if (product.skus.some((s) => s.state === 'in')) return { state: 'in' };
  const low = product.skus.filter((s) => s.state === 'low');
  if (low.length > 0) return { state: 'low', left: low.reduce((n, s) => n + (s.left ?? 0), 0) };
  return { state: 'out' };
}

/** The price range of a product's SKUs. */
export function pricesOf(product: Product): { from: Money; to: Money } | null {
  const first = product.skus[0];
  if (!first) return null;
  let from = first.price;
  let to = first.price;
  for (const s of product.skus) {
    if (s.price.amount < from.amount) from = s.price;
    if (s.price.amount > to.amount) to = s.price;
  }
  return { from, to };
}

/** The price before a reduction, if the SKU has one that is really higher. */
export function wasPrice(sku: Sku): Money | null {
  const was = sku.compareAt;
  return was != null && was > sku.price.amount ? { amount: was, currency: sku.price.currency } : null;
}

/** The address of a show's poster, or undefined. */
export function posterOf(show: Show): string | undefined {
  const p = show.poster;
  if (!p) return undefined;
  return typeof p === 'string' ? `/images/${p}.jpg` : p.url;
}
