import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { ApiError, imageOf, type Item, type Quote } from '../lib/api';
import { t } from '../lib/i18n';
import { icons } from '../lib/icons';
import { money } from '../lib/money';
import { said } from '../lib/refusal';
import { sheet } from '../lib/style';
import { ShopElement } from './element';
import { Quoter } from './quoter';
import { stepper, stepperSheet } from './stepper';
import { stockBadge } from './words';
import text from './cart-view.css';

/** The cart, with what it costs by the server's word. */
export class CartView extends ShopElement {
  static override styles = [...[ShopElement.styles].flat(), stepperSheet, sheet(text)];
  private quoter: Quoter | null = null;

  protected override attached(): void {
    this.quoter = new Quoter(this.shop, () => this.requestUpdate());
  }

  protected override detached(): void {
    this.quoter?.stop();
  }

  protected override render() {
    const lines = this.shop.cart.lines;
    if (lines.length === 0) {
      return html`<div class="empty">
        <span class="big">${icons.cart}</span>
        ${this.quoter?.changed.length ? html`<p class="notice warn" role="status">${t('cart.changed')}</p>` : nothing}
        <p>${t('cart.empty')}</p>
        <button class="button" @click=${() => this.shop.close()}>${t('cart.browse')}</button>
      </div>`;
    }
    const quote = this.quoter?.quote ?? null;
    return html`
      ${quoteNotice(this.quoter?.changed ?? [], this.quoter?.error ?? null, () => this.quoter?.ask())}
      <ul class="lines">
        ${repeat(
          lines,
          (l) => l.sku,
          (l) => this.line(l, quote),
        )}
      </ul>
      <div class="foot">
        <p class="total"><span>${t('cart.total')}</span><b>${quote ? money(quote.total) : '…'}</b></p>
        <button class="button primary large wide" data-action="checkout" @click=${() => this.shop.go({ name: 'checkout' })}>${t('cart.checkout')}</button>
        <p class="hint">${t('cart.nohold')}</p>
      </div>
    `;
  }

  private line(item: Item, quote: Quote | null) {
    const found = this.shop.sku(item.sku);
    const quoted = quote?.lines.find((l) => l.sku === item.sku);
    const title = found?.product.title ?? quoted?.title ?? '';
    const options = found?.sku.options ?? quoted?.options ?? [];
    const image = found && imageOf(found.product, found.sku);
    const max = Math.min(99, found?.sku.left ?? 99);
    const unit = found?.sku.price ?? quoted?.unit;
    return html`<li>
      ${image ? html`<img src=${this.shop.asset(image.thumb)} alt="" width=${image.width} height=${image.height} />` : html`<span class="no-image"></span>`}
      <div class="words">
        <p class="title">${title}</p>
        ${options.length > 0 ? html`<p class="hint">${options.join(' · ')}</p>` : nothing}
        ${found ? stockBadge({ state: found.sku.state, left: found.sku.left }) : nothing}
        <p class="sum">${unit ? money({ ...unit, amount: unit.amount * item.quantity }) : ''}</p>
      </div>
      <div class="tools">
        <button class="icon-button" aria-label=${t('cart.remove', { what: title })} @click=${() => this.shop.cart.set(item.sku, 0)}>${icons.trash}</button>
        ${stepper({ value: item.quantity, max, label: title, change: (n) => this.shop.cart.set(item.sku, n) })}
      </div>
    </li>`;
  }
}

/** Says that the cart had to change, or why it could not be priced. */
export function quoteNotice(changed: string[], error: ApiError | null, again: () => void) {
  return html`<div role="status">
    ${changed.length > 0 ? html`<p class="notice warn">${t('cart.changed')}</p>` : nothing}
    ${error
      ? html`<p class="notice bad">
          ${error.temporary ? t('error.network') : said(error)}
          <button class="button quiet" @click=${again}>${t('error.again')}</button>
        </p>`
      : nothing}
  </div>`;
}

customElements.define('cart-view', CartView);
