import { html, nothing } from 'lit';
import { imageOf, type Product, type Sku } from '../lib/api';
import { t } from '../lib/i18n';
import type { ShownPin } from '../lib/pins';
import { sheet } from '../lib/style';
import { ShopElement } from './element';
import { choicesText, priceOf, stockBadge, stockFor } from './words';
import price from './price.css';
import text from './pin-card.css';

/**
 * The card over the picture: one pinned product. The whole card opens the product; its button puts a product
 * with one choice into the cart at once and asks for the choice otherwise.
 */
export class PinCard extends ShopElement {
  static override properties = { ...ShopElement.properties, pin: { attribute: false }, small: { type: Boolean, reflect: true } };
  static override styles = [...[ShopElement.styles].flat(), sheet(price), sheet(text)];

  pin!: ShownPin;
  /** Drawn smaller: not the newest card, or little room. */
  small = false;
  private added = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  private get product(): Product | undefined {
    return this.shop.product(this.pin.product);
  }

  private get sku(): Sku | undefined {
    const p = this.product;
    return p?.skus.find((s) => s.id === this.pin.sku) ?? (p?.skus.length === 1 ? p.skus[0] : undefined);
  }

  protected override render() {
    const product = this.product;
    if (!product) return nothing;
    const sku = this.sku;
    const stock = stockFor(product, sku);
    const image = imageOf(product, sku);
    const more = sku ? sku.options.join(' · ') : choicesText(product);
    return html`<article class="card" part="card" data-product=${product.id} data-pin=${this.pin.id}>
      <button class="open" @click=${this.openProduct}>
        ${image
          ? html`<img src=${this.shop.asset(image.thumb)} alt="" width=${image.width} height=${image.height} decoding="async" />`
          : html`<span class="no-image"></span>`}
        <span class="words">
          <span class="title">${product.title}</span>
          <span class="row">${priceOf(product, sku)} ${stockBadge(stock)}</span>
          ${more && !this.small ? html`<span class="choices">${more}</span>` : nothing}
        </span>
      </button>
      <button class="button primary buy" ?disabled=${stock.state === 'out'} @click=${this.buy} aria-label=${this.buyLabel(product, stock.state)}>
        ${this.buyText(stock.state)}
      </button>
    </article>`;
  }

  private buyText(state: string): string {
    if (this.added) return t('card.added');
    if (state === 'out') return t('stock.out');
    return this.sku ? t('card.add') : t('card.choose');
  }

  private buyLabel(product: Product, state: string): string {
    return `${this.buyText(state)}: ${product.title}`;
  }

  private openProduct(): void {
    this.shop.go({ name: 'product', product: this.pin.product, sku: this.pin.sku, pin: this.pin.id });
  }

  private buy(): void {
    const product = this.product;
    const sku = this.sku;
    if (!product || !sku || !this.shop.add(sku, product, 1, this.pin.id)) {
      this.openProduct();
      return;
    }
    this.added = true;
    this.requestUpdate();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.added = false;
      this.requestUpdate();
    }, 2500);
  }
}

customElements.define('pin-card', PinCard);
