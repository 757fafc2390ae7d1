import { html, nothing, type PropertyValues } from 'lit';
import type { Product, Sku } from '../lib/api';
import { t } from '../lib/i18n';
import { sheet } from '../lib/style';
import { ShopElement } from './element';
import { stepper, stepperSheet } from './stepper';
import { priceOf, stockBadge, stockFor, valuesOf } from './words';
import price from './price.css';
import text from './product-view.css';

/** One product: pictures, choices, how many, into the cart or straight to the checkout. */
export class ProductView extends ShopElement {
  static override properties = { ...ShopElement.properties, product: { attribute: false }, sku: { attribute: false }, pin: { attribute: false } };
  static override styles = [...[ShopElement.styles].flat(), sheet(price), stepperSheet, sheet(text)];

  /** Id of the product. */
  product = '';
  /** Id of the SKU to choose first. */
  sku: string | undefined;
  pin: string | undefined;
  private chosen: (string | undefined)[] = [];
  private quantity = 1;
  private picture = 0;
  /** What to say under the buttons: that something is missing, or that it is in the cart. */
  private said: { text: string; bad: boolean } | null = null;

  override willUpdate(changes?: PropertyValues): void {
    super.willUpdate();
    if (changes?.has('product') || changes?.has('sku')) this.begin();
  }

  private get item(): Product | undefined {
    return this.shop.product(this.product);
  }

  private begin(): void {
    const p = this.item;
    const first = p?.skus.find((s) => s.id === this.sku) ?? (p?.skus.length === 1 ? p.skus[0] : undefined);
    // An option with one value is no question.
    this.chosen = p ? p.options.map((_, i) => first?.options[i] ?? (valuesOf(p, i).length === 1 ? valuesOf(p, i)[0] : undefined)) : [];
    this.quantity = 1;
    this.picture = 0;
    this.said = null;
    if (p && first) this.showPicture(p, first);
  }

  /** The SKU that the choices name, once they name one. */
  private chosenSku(p: Product): Sku | undefined {
    return p.skus.find((s) => p.options.every((_, i) => s.options[i] === this.chosen[i]));
  }

  protected override render() {
    const p = this.item;
    if (!p) return html`<p class="gone">${t('product.gone')}</p>`;
    const sku = this.chosenSku(p);
    const stock = stockFor(p, sku);
    const most = Math.max(1, Math.min(99, (sku?.left ?? 99) - (sku ? this.shop.cart.quantity(sku.id) : 0)));
    const out = stock.state === 'out';
    return html`
      ${this.pictures(p)}
      <div class="body">
        <h2>${p.title}</h2>
        ${p.vendor ? html`<p class="vendor">${p.vendor}</p>` : nothing}
        <p class="money">${priceOf(p, sku)} ${stockBadge(stock)}</p>
        ${p.options.map((name, i) => this.option(p, name, i))}
        <div class="how-many">
          <span class="label" id="quantity">${t('product.quantity')}</span>
          ${stepper({ value: Math.min(this.quantity, most), max: most, label: p.title, disabled: out, change: (n) => this.setQuantity(n) })}
        </div>
        ${p.description ? html`<p class="about">${p.description}</p>` : nothing}
      </div>
      <div class="actions">
        <p class="said ${this.said?.bad ? 'error' : 'good'}" role="status">${this.said?.text ?? ''}</p>
        <button class="button large" data-action="add" ?disabled=${out} @click=${() => this.take(p, false)}>${t('product.add')}</button>
        <button class="button large primary" data-action="buy" ?disabled=${out} @click=${() => this.take(p, true)}>
          ${out ? t('stock.out') : t('product.buy')}
        </button>
      </div>
    `;
  }

  private pictures(p: Product) {
    const image = p.images[this.picture] ?? p.images[0];
    if (!image) return nothing;
    return html`<div class="pictures">
      <img class="main" src=${this.shop.asset(image.url)} alt=${image.alt || p.title} width=${image.width} height=${image.height} decoding="async" />
      ${p.images.length > 1
        ? html`<ul class="thumbs">
            ${p.images.map(
              (im, i) => html`<li>
                <button aria-label=${t('product.picture', { n: i + 1 })} aria-pressed=${i === this.picture} @click=${() => this.setPicture(i)}>
                  <img src=${this.shop.asset(im.thumb)} alt="" width=${im.width} height=${im.height} loading="lazy" />
                </button>
              </li>`,
            )}
          </ul>`
        : nothing}
    </div>`;
  }

  private option(p: Product, name: string, i: number) {
    const values = valuesOf(p, i);
    if (values.length < 2) return nothing;
    return html`<fieldset>
      <legend>${name}</legend>
      <div class="choices">
        ${values.map((v) => {
          const possible = this.withChoice(p, i, v);
          const out = possible.length === 0 || possible.every((s) => s.state === 'out');
          return html`<label class=${out ? 'out' : ''}>
            <input type="radio" name="option-${i}" .value=${v} .checked=${this.chosen[i] === v} @change=${() => this.choose(p, i, v)} />
            <span>${v}${out ? html`<span class="visually-hidden">, ${t('stock.out')}</span>` : nothing}</span>
          </label>`;
        })}
      </div>
    </fieldset>`;
  }

  /** The SKUs that have `value` and agree with the other choices made so far. */
  private withChoice(p: Product, option: number, value: string): Sku[] {
    return p.skus.filter((s) => p.options.every((_, i) => (i === option ? s.options[i] === value : !this.chosen[i] || s.options[i] === this.chosen[i])));
  }

  private choose(p: Product, option: number, value: string): void {
    this.chosen = this.chosen.map((v, i) => (i === option ? value : v));
    // A combination that nobody makes: keep what was just chosen and ask for the rest again.
    if (this.withChoice(p, option, value).length === 0) this.chosen = p.options.map((_, i) => (i === option ? value : undefined));
    const sku = this.chosenSku(p);
    if (sku) this.showPicture(p, sku);
    this.quantity = 1;
    this.said = null;
    this.requestUpdate();
  }

  private showPicture(p: Product, sku: Sku): void {
    const i = p.images.findIndex((im) => im.id === sku.image);
    if (i >= 0) this.picture = i;
  }

  private setPicture(i: number): void {
    this.picture = i;
    this.requestUpdate();
  }

  private setQuantity(n: number): void {
    this.quantity = n;
    this.requestUpdate();
  }

  private take(p: Product, checkout: boolean): void {
    const sku = this.chosenSku(p);
    if (!sku) {
      const missing = this.chosen.findIndex((v, i) => v === undefined && valuesOf(p, i).length > 1);
      this.say(t('product.choose', { option: p.options[missing] ?? '' }), true);
      this.renderRoot.querySelector<HTMLInputElement>(`input[name="option-${missing}"]`)?.focus();
      return;
    }
    const have = this.shop.cart.quantity(sku.id);
    if (checkout && have > 0) {
      // Already in the cart: buying is going on, not adding once more.
      this.shop.go({ name: 'checkout' });
      return;
    }
    if (!this.shop.add(sku, p, this.quantity, this.pin)) {
      this.say(sku.state === 'out' ? t('product.soldout') : t('product.nomore', { n: have }), true);
      return;
    }
    if (checkout) this.shop.go({ name: 'checkout' });
    else this.say(t('product.added'), false);
  }

  private say(what: string, bad: boolean): void {
    this.said = { text: what, bad };
    this.requestUpdate();
  }
}

customElements.define('product-view', ProductView);
