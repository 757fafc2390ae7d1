import { html, nothing } from 'lit';
import type { StockState } from '../../lib/api';
import { t } from '../../lib/i18n';
import { money, parseMoney, type Money } from '../../lib/money';
import type { DeskModel } from '../model/desk';
import { explained } from '../model/faults';
import type { Product, SKU } from '../model/types';
import '../ui/inline-number';

// The price and the stock of one SKU, edited where they stand. Used by the line-up's rows, by the choices of a
// product and by the sheet of a phone.

/** A SKU's name among its product's: its option values, or nothing when there is but one. */
export const choiceOf = (sku: SKU): string => sku.options.filter(Boolean).join(' / ');

type Tone = '' | 'low' | 'out';

const toneOf = (state: StockState): Tone => (state === 'in' ? '' : state);

/** Where the pieces of a product stand, all choices together: gone, few of each, or enough. */
export function stockTone(product: Product): Tone {
  if (product.skus.some((s) => s.state === 'in')) return '';
  return product.skus.some((s) => s.state === 'low') ? 'low' : 'out';
}

function nameOf(product: Product, sku: SKU): string {
  const choice = choiceOf(sku);
  return choice ? `${product.title}, ${choice}` : product.title;
}

export function priceField(model: DeskModel, product: Product, sku: SKU) {
  const edit = model.edits.get(sku.id);
  const currency = sku.price.currency;
  return html`<inline-number .value=${edit?.price ?? sku.price.amount} .pending=${edit?.price !== undefined}
    .show=${(n: number) => money({ amount: n, currency }, { short: true })}
    .parse=${(s: string) => { const n = parseMoney(s, currency); return n ? n : undefined; }}
    label=${t('console.price.of', { name: nameOf(product, sku) })}
    @save=${(e: CustomEvent<{ value: number }>) => model.setPrice(product, sku.id, e.detail.value)}></inline-number>`;
}

export function stockField(model: DeskModel, product: Product, sku: SKU) {
  const edit = model.edits.get(sku.id);
  const stock = edit?.stock ?? sku.stock;
  return html`<inline-number .value=${stock} .pending=${edit?.stock !== undefined} .step=${1} .tone=${stock > 0 ? toneOf(sku.state) : 'out'}
    label=${t('console.stock.of', { name: nameOf(product, sku) })}
    @save=${(e: CustomEvent<{ value: number; seen: number }>) => model.setStock(sku.id, e.detail.seen, e.detail.value)}></inline-number>`;
}

/** Why the last edit of these SKUs was not taken, until the next one. */
export function editFault(model: DeskModel, skus: SKU[]) {
  const fault = skus.map((s) => model.editFaults.get(s.id)).find(Boolean);
  return fault ? html`<p class="wrong" role="alert">${explained(fault)}</p>` : nothing;
}

/** The span of prices: "€19", "€19–€25". */
export function priceSpan(product: Product): string {
  const amounts = product.skus.map((s) => s.price.amount);
  const currency = product.skus[0]?.price.currency ?? 'EUR';
  const say = (amount: number): string => money({ amount, currency } satisfies Money, { short: true });
  const [from, to] = [Math.min(...amounts), Math.max(...amounts)];
  return from === to ? say(from) : `${say(from)}–${say(to)}`;
}

/** All pieces of a product together. */
export const piecesOf = (product: Product): number => product.skus.reduce((n, s) => n + s.stock, 0);
