import { html, nothing } from 'lit';
import { keyed } from 'lit/directives/keyed.js';
import { t, tn } from '../lib/i18n';
import { icons } from '../lib/icons';
import { sheet } from '../lib/style';
import { ShopElement } from './element';
import { LineUp } from './line-up';
import type { Shop, View } from './shop';
import text from './shop-panel.css';

/** The views beyond the line-up load after the picture has begun, long before most buyers need them. */
let buying: Promise<unknown> | null = null;

function loadBuying(): void {
  buying ??= import('./buying').catch(() => {
    // The line dropped: the next step into the shop tries again.
    buying = null;
  });
}

/** How long the picture has the line to itself, in ms. */
const patience = 2500;

/** The shop beside or below the picture: one view at a time, with a way back and the cart at hand. */
export class ShopPanel extends ShopElement {
  static override properties = { ...ShopElement.properties, closable: { type: Boolean } };
  static override styles = [...[ShopElement.styles].flat(), sheet(text)];

  /** Whether the panel covers something that it should give free again. */
  closable = false;
  private listens: Shop | null = null;

  private readonly onNavigate = async (): Promise<void> => {
    loadBuying();
    await this.updateComplete;
    const before = this.previous;
    this.previous = this.shop.view;
    // Where the panel goes away, its owner gives the focus back.
    if (this.closable && !this.shop.open) return;
    if (this.shop.view.name === 'lineup' && before.name === 'product' && (await this.focusRow(before.product))) return;
    this.renderRoot.querySelector('.scroll')?.scrollTo(0, 0);
    // A new view begins at its title, so that a screen reader reads on from there.
    this.renderRoot.querySelector<HTMLElement>('.title')?.focus({ preventScroll: true });
  };
  private previous: View = { name: 'lineup' };

  /** Back in the line-up, the buyer is where they left it. */
  private async focusRow(product: string): Promise<boolean> {
    const list = this.renderRoot.querySelector<LineUp>('line-up');
    await list?.updateComplete;
    const row = list?.renderRoot.querySelector<HTMLElement>(`[data-product="${CSS.escape(product)}"]`);
    row?.focus();
    return row !== null && row !== undefined;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    setTimeout(loadBuying, patience);
  }

  override willUpdate(): void {
    super.willUpdate();
    if (this.shop && this.listens !== this.shop) {
      this.listens?.removeEventListener('navigate', this.onNavigate);
      this.listens = this.shop;
      this.shop.addEventListener('navigate', this.onNavigate);
    }
  }

  protected override render() {
    const { shop } = this;
    const view = shop.view;
    const deep = view.name !== 'lineup';
    return html`<div class="header">
        ${deep && view.name !== 'done'
          ? html`<button class="icon-button" aria-label=${t('panel.back')} data-action="back" @click=${() => shop.back()}>${icons.back}</button>`
          : nothing}
        <h2 class="title" tabindex="-1">${this.heading()}</h2>
        ${view.name !== 'cart' && view.name !== 'checkout' && view.name !== 'done' ? this.cart() : nothing}
        ${this.closable || view.name === 'done'
          ? html`<button class="icon-button" aria-label=${t('panel.close')} data-action="close" @click=${() => shop.close()}>${icons.close}</button>`
          : nothing}
      </div>
      <div class="scroll" tabindex="-1">${keyed(view, this.view())}</div>`;
  }

  private heading(): string {
    switch (this.shop.view.name) {
      case 'product':
        return t('panel.product');
      case 'cart':
        return t('cart.title');
      case 'checkout':
        return t('checkout.title');
      case 'done':
        return t('done.title');
      default:
        return t('lineup.title');
    }
  }

  private cart() {
    const n = this.shop.cart.count;
    return html`<button class="button quiet cart" data-action="cart" aria-label=${n > 0 ? tn('cart.open', n) : t('cart.title')} @click=${() => this.shop.go({ name: 'cart' })}>
      ${icons.cart}${n > 0 ? html`<span class="count">${n}</span>` : nothing}
    </button>`;
  }

  private view() {
    const { shop } = this;
    const v = shop.view;
    switch (v.name) {
      case 'product':
        return html`<product-view .shop=${shop} .product=${v.product} .sku=${v.sku} .pin=${v.pin}></product-view>`;
      case 'cart':
        return html`<cart-view .shop=${shop}></cart-view>`;
      case 'checkout':
        return html`<checkout-view .shop=${shop}></checkout-view>`;
      case 'done':
        return html`<done-view .shop=${shop} .order=${v.order}></done-view>`;
      default:
        return html`<line-up .shop=${shop}></line-up>`;
    }
  }
}

customElements.define('shop-panel', ShopPanel);
