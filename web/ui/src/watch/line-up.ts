import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { imageOf, stockOf, type Product } from '../lib/api';
import { t } from '../lib/i18n';
import { sheet } from '../lib/style';
import { ShopElement } from './element';
import { choicesText, priceOf, stockBadge } from './words';
import price from './price.css';
import text from './line-up.css';

/** The tray: every product of the show in its order, what is on screen now marked, and the buyer's orders. */
export class LineUp extends ShopElement {
  static override styles = [...[ShopElement.styles].flat(), sheet(price), sheet(text)];

  protected override render() {
    const shop = this.shop;
    if (!shop.show) return html`<ul class="rows" aria-hidden="true">${[1, 2, 3, 4].map(() => html`<li class="ghost"></li>`)}</ul>`;
    return html`
      ${this.orders()}
      ${shop.products.length === 0 ? html`<p class="empty">${t('lineup.empty')}</p>` : nothing}
      <ul class="rows">
        ${repeat(
          shop.products,
          (p) => p.id,
          (p, i) => this.row(p, i),
        )}
      </ul>
      <keys-help></keys-help>
    `;
  }

  private row(p: Product, i: number) {
    const image = imageOf(p);
    const shown = this.shop.isShown(p.id);
    const stock = stockOf(p);
    const choices = choicesText(p);
    return html`<li>
      <button class="row ${shown ? 'shown' : ''} ${stock.state === 'out' ? 'out' : ''}" data-product=${p.id} @click=${() => this.shop.go({ name: 'product', product: p.id })}>
        <span class="picture">
          ${image
            ? html`<img src=${this.shop.asset(image.thumb)} alt="" width=${image.width} height=${image.height} loading="lazy" decoding="async" />`
            : nothing}
          <span class="number" aria-hidden="true">${i + 1}</span>
        </span>
        <span class="words">
          ${shown ? html`<span class="on-screen"><span class="dot"></span>${t('lineup.onscreen')}</span>` : nothing}
          <span class="title">${p.title}</span>
          ${choices ? html`<span class="choices">${choices}</span>` : nothing}
          <span class="line">${priceOf(p)} ${stockBadge(stock)}</span>
        </span>
      </button>
    </li>`;
  }

  private orders() {
    const list = this.shop.orders;
    if (list.length === 0) return nothing;
    return html`<section class="orders" aria-labelledby="orders">
      <h3 id="orders">${t('orders.title')}</h3>
      <ul>
        ${list.slice(0, 5).map((o) => html`<li><b>${o.number}</b><span>${statusText(o.status)}</span></li>`)}
      </ul>
    </section>`;
  }

  protected override attached(): void {
    void this.shop.refreshOrders();
  }
}

export function statusText(status: string): string {
  switch (status) {
    case 'confirmed':
      return t('order.confirmed');
    case 'cancelled':
      return t('order.cancelled');
    case 'expired':
      return t('order.expired');
    default:
      return t('order.awaiting');
  }
}

customElements.define('line-up', LineUp);
