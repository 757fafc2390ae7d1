// How prices, stock and options are said; the card, the line-up, the product and the cart say them alike.
import { html, nothing, type TemplateResult } from 'lit';
import { pricesOf, stockOf, wasPrice, type Product, type Sku, type StockState } from '../lib/api';
import { t, tn } from '../lib/i18n';
import { money } from '../lib/money';

/** "Only 3 left", "Sold out", or nothing: never a number that is not in the record. */
export function stockText(stock: { state: StockState; left?: number }): string {
  if (stock.state === 'out') return t('stock.out');
  if (stock.state === 'low' && stock.left !== undefined) return tn('stock.left', stock.left);
  return '';
}

export function stockBadge(stock: { state: StockState; left?: number }): TemplateResult | typeof nothing {
  const text = stockText(stock);
  return text ? html`<span class="badge ${stock.state === 'out' ? 'bad' : 'warn'}" part="stock">${text}</span>` : nothing;
}

/** The stock of a SKU, or of a product as a whole. */
export function stockFor(product: Product, sku?: Sku): { state: StockState; left?: number } {
  return sku ? { state: sku.state, left: sku.left } : stockOf(product);
}

/** Now and before, marked up so that a screen reader tells which is which. */
export function priceOf(product: Product, sku?: Sku): TemplateResult | typeof nothing {
  const only = sku ?? (product.skus.length === 1 ? product.skus[0] : undefined);
  if (only) {
    const was = wasPrice(only);
    return html`<span class="price" part="price"
      >${was
        ? html`<span class="visually-hidden">${t('price.now')} </span><ins>${money(only.price)}</ins>
            <span class="visually-hidden">${t('price.was')} </span><del>${money(was)}</del>`
        : html`<ins>${money(only.price)}</ins>`}</span
    >`;
  }
  const range = pricesOf(product);
  if (!range) return nothing;
  if (range.from.amount !== range.to.amount) return html`<span class="price" part="price"><ins>${t('price.from', { price: money(range.from) })}</ins></span>`;
  const was = product.skus.map(wasPrice).find((w) => w);
  return html`<span class="price" part="price"><ins>${money(range.from)}</ins>${was ? html` <del>${money(was)}</del>` : nothing}</span>`;
}

/** The price in words, for a status line. */
export function priceText(product: Product, sku?: Sku): string {
  if (sku) return money(sku.price);
  const range = pricesOf(product);
  if (!range) return '';
  return range.from.amount === range.to.amount ? money(range.from) : t('price.from', { price: money(range.from) });
}

/** The values of one option that some SKU has, in the line-up's order. */
export function valuesOf(product: Product, option: number): string[] {
  return [...new Set(product.skus.map((s) => s.options[option] ?? ''))].filter((v) => v !== '');
}

/** "Size 36, 37, 38 +4 · Red, Black": what can be chosen, in one line. */
export function choicesText(product: Product): string {
  return product.options
    .map((name, i) => {
      const values = valuesOf(product, i);
      if (values.length < 2) return '';
      const few = values.slice(0, 4);
      const more = values.length - few.length;
      return `${name} ${few.join(', ')}${more > 0 ? ` +${more}` : ''}`;
    })
    .filter((s) => s !== '')
    .join(' · ');
}
