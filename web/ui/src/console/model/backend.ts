import type { Image, Pin } from '../../lib/api';
import type { Money } from '../../lib/money';
import { session } from './session';
import type { Desk, ImportReport, Order, Product, ProductDraft, Show, ShowDraft } from './types';

// Every call of the signed-in API that the console makes, one function each. All throw ApiError.

const at = (...parts: string[]): string => '/api/' + parts.map(encodeURIComponent).join('/');

function query(values: Record<string, string | number | boolean | undefined>): string {
  const q = new URLSearchParams();
  for (const [k, v] of Object.entries(values)) if (v !== undefined && v !== '') q.set(k, String(v));
  const s = q.toString();
  return s && '?' + s;
}

export const shows = async (): Promise<Show[]> => {
  const v = await session.call<Show[] | { shows: Show[] }>('GET', at('shows'));
  return Array.isArray(v) ? v : v.shows;
};
export const createShow = async (draft: ShowDraft): Promise<Show> =>
  (await session.call<{ show: Show }>('POST', at('shows'), { json: draft })).show;
export const updateShow = async (show: string, draft: Partial<ShowDraft>): Promise<Show> =>
  (await session.call<{ show: Show }>('PATCH', at('shows', show), { json: draft })).show;
export const startShow = async (show: string): Promise<Show> =>
  (await session.call<{ show: Show }>('POST', at('shows', show, 'start'))).show;
export const endShow = async (show: string): Promise<Show> =>
  (await session.call<{ show: Show }>('POST', at('shows', show, 'end'))).show;
export const reopenShow = async (show: string): Promise<Show> =>
  (await session.call<{ show: Show }>('POST', at('shows', show, 'reopen'))).show;
export const setLineup = async (show: string, products: string[]): Promise<Show> =>
  (await session.call<{ show: Show }>('PUT', at('shows', show, 'lineup'), { json: { products } })).show;
export const rotateKey = async (show: string): Promise<string> =>
  (await session.call<{ streamKey: string }>('POST', at('shows', show, 'key'))).streamKey;

export const desk = (show: string): Promise<Desk> => session.call('GET', at('shows', show, 'desk'));

export const pin = async (show: string, body: { product: string; sku?: string; at?: string }): Promise<Pin> =>
  (await session.call<{ pin: Pin }>('POST', at('shows', show, 'pins'), { json: body, again: false })).pin;
export const unpin = (show: string, id: string, end?: string): Promise<unknown> =>
  session.call('DELETE', at('shows', show, 'pins', id) + query({ at: end }), { again: false });
export const unpinAll = (show: string): Promise<unknown> => session.call('DELETE', at('shows', show, 'pins'), { again: false });

export const products = (q: { q?: string; after?: string; archived?: boolean; limit?: number }): Promise<{ products: Product[]; next?: string }> =>
  session.call('GET', at('products') + query(q));
export const product = async (id: string): Promise<Product> => (await session.call<{ product: Product }>('GET', at('products', id))).product;
export const createProduct = async (draft: ProductDraft): Promise<Product> =>
  (await session.call<{ product: Product }>('POST', at('products'), { json: draft })).product;
export const updateProduct = async (id: string, draft: Partial<ProductDraft> & { archived?: boolean }): Promise<Product> =>
  (await session.call<{ product: Product }>('PATCH', at('products', id), { json: draft })).product;
export const archiveProduct = (id: string): Promise<unknown> => session.call('DELETE', at('products', id));
/** A picture may be megabytes over a phone's line: two minutes. */
export const addPicture = async (id: string, picture: Blob, alt: string): Promise<Image> =>
  (await session.call<{ image: Image }>('POST', at('products', id, 'images') + query({ alt }), { body: picture, type: picture.type, timeout: 120_000 })).image;
export const removePicture = (id: string, image: string): Promise<unknown> => session.call('DELETE', at('products', id, 'images', image));
export const patchSKU = async (sku: string, patch: { price?: Money; stock?: number; adjust?: number }): Promise<Product> =>
  (await session.call<{ product: Product }>('PATCH', at('skus', sku), { json: patch })).product;
export const importProducts = (file: Blob, o: { dryRun: boolean; currency?: string; setStock: boolean }): Promise<ImportReport> =>
  session.call('POST', at('products', 'import') + query(o), { body: file, type: 'text/csv', timeout: 120_000 });

export const orders = (q: { show?: string; status?: string; after?: string; limit?: number }): Promise<{ orders: Order[]; next?: string }> =>
  session.call('GET', at('orders') + query(q));
export const confirmOrder = async (id: string): Promise<Order> => (await session.call<{ order: Order }>('POST', at('orders', id, 'confirm'))).order;
export const cancelOrder = async (id: string, reason: string): Promise<Order> =>
  (await session.call<{ order: Order }>('POST', at('orders', id, 'cancel'), { json: { reason } })).order;
