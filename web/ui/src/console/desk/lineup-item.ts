import { LitElement, css, html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { t, tn } from '../../lib/i18n';
import { Ticker, Watch } from '../model/observable';
import type { Product } from '../model/types';
import { downIcon, pinIcon, unpinIcon, upIcon } from '../ui/icons';
import { base, buttons, fields, surfaces } from '../ui/styles';
import { clock } from '../ui/time';
import type { PinActions } from './pin-actions';
import { choiceOf, editFault, piecesOf, priceField, priceSpan, stockField, stockTone } from './sku-edit';

/**
 * One product of the line-up. As a row (desktop) everything is edited in place; as a tile (phone, attribute `tile`)
 * it is a picture with one big button, and fires `edit` when the words are touched.
 */
export class LineupItem extends LitElement {
  static override properties = {
    actions: { attribute: false }, product: { attribute: false }, index: { type: Number }, tile: { type: Boolean, reflect: true }, open: { state: true },
  };
  actions!: PinActions;
  product!: Product;
  /** Place in the line-up from 0; the first nine have a key. */
  index = 0;
  tile = false;
  private open = false;

  constructor() {
    super();
    new Ticker(this);
    new Watch(this, () => this.actions?.model);
  }

  static override styles = [base, buttons, fields, surfaces, css`
    .item { border-bottom: 1px solid var(--line); padding: .5rem .75rem .5rem .625rem; border-inline-start: 3px solid transparent; }
    .item.up { border-inline-start-color: var(--accent); background: var(--accent-soft); }
    .line { display: grid; grid-template-columns: 1.625rem 3rem minmax(0, 1fr) 6.25rem 3.75rem 8rem; align-items: center; gap: .625rem; }
    kbd { font: 650 .8125rem/1.5rem var(--font); min-width: 1.5rem; text-align: center; border: 1px solid var(--line); border-bottom-width: 2px; border-radius: 6px; background: var(--surface); color: var(--text-2); }
    .up kbd { color: var(--accent); border-color: var(--accent); }
    img, .blank { display: block; width: 3rem; height: 3rem; border-radius: var(--radius-s); object-fit: cover; background: var(--surface-2); }
    .title { font-weight: 600; font-size: .9375rem; line-height: 1.3; display: -webkit-box; -webkit-line-clamp: 2; -webkit-box-orient: vertical; overflow: hidden; }
    .end { text-align: end; padding-inline-end: .5rem; font-size: .9375rem; }
    .low { color: var(--warn); font-weight: 650; } .out { color: var(--bad); font-weight: 650; }
    button.pin { width: 100%; padding-inline: .25rem; white-space: nowrap; gap: .375rem; }
    .up button.pin { background: var(--surface); border-color: var(--accent); color: var(--accent); }
    .choices button { justify-self: end; }
    .choices { margin: .375rem 0 .25rem 5.5rem; }
    .choices li { display: grid; grid-template-columns: minmax(0, 1fr) 6.25rem 3.75rem 8rem; gap: .625rem; align-items: center; padding: .1875rem 0; font-size: .875rem; }
    .wrong { margin: .25rem 0 0 5.5rem; }
    button.link { display: inline-flex; gap: .125rem; font-weight: 500; font-size: .8125rem; text-decoration: none; color: var(--text-2); }

    :host([tile]) { height: 100%; }
    :host([tile]) .item { border: 1px solid var(--line); border-radius: var(--radius-m); padding: 0; overflow: hidden; height: 100%; display: flex; flex-direction: column; background: var(--surface); }
    :host([tile]) .item.up { border-color: var(--accent); box-shadow: 0 0 0 1px var(--accent); background: var(--accent-soft); }
    .face { all: unset; cursor: pointer; display: grid; grid-template-columns: 4.25rem minmax(0, 1fr); gap: .5rem; padding: .5rem .5rem 0; flex: 1; align-items: start; -webkit-tap-highlight-color: transparent; box-sizing: border-box; }
    .face:focus-visible { outline: 2px solid var(--focus); outline-offset: -2px; border-radius: var(--radius-m); }
    .face img, .face .blank { width: 4.25rem; height: 4.25rem; }
    .face .title { font-size: .875rem; }
    .face .meta { font-size: .8125rem; line-height: 1.45; font-variant-numeric: tabular-nums; }
    .foot { padding: .5rem; }
    .foot button { min-height: 3rem; font-size: 1rem; }
  `];

  override render() { return this.tile ? this.asTile() : this.asRow(); }

  private asRow() {
    const { product, actions: { model } } = this;
    const single = product.skus.length === 1 ? product.skus[0] : undefined;
    const pieces = piecesOf(product);
    return html`<div class="item ${this.isUp ? 'up' : ''}">
      <div class="line">
        ${this.index < 9 ? html`<kbd aria-hidden="true">${this.index + 1}</kbd>` : html`<span></span>`}
        ${this.picture()}
        <div>
          <div class="title">${product.title}</div>
          ${single ? nothing : html`<button class="link" aria-expanded=${this.open} @click=${() => { this.open = !this.open; }}>
            ${tn('console.choices', product.skus.length)}${this.open ? upIcon : downIcon}</button>`}
        </div>
        ${single ? priceField(model, product, single) : html`<span class="end num nowrap">${priceSpan(product)}</span>`}
        ${single ? stockField(model, product, single) : html`<span class="end num ${stockTone(product)}" title=${t('console.stock')}>${pieces}</span>`}
        ${this.button()}
      </div>
      ${editFault(model, product.skus)}
      ${this.open && !single ? html`<ul class="choices">${repeat(product.skus, (s) => s.id, (s) => html`<li>
        <span>${choiceOf(s)}</span>${priceField(model, product, s)}${stockField(model, product, s)}
        ${this.isUp ? html`<span></span>` : html`<button class="small plain" aria-label=${t('console.pin.of', { title: `${product.title}, ${choiceOf(s)}` })}
          @click=${() => this.actions.toggle(product.id, s.id)}>${pinIcon}${t('console.pin.this')}</button>`}</li>`)}</ul>` : nothing}
    </div>`;
  }

  private asTile() {
    const { product } = this;
    const pieces = piecesOf(product);
    return html`<div class="item ${this.isUp ? 'up' : ''}">
      <button class="face" aria-label=${t('console.edit.of', { title: product.title })} @click=${() => this.dispatchEvent(new CustomEvent('edit'))}>
        ${this.picture()}
        <span><span class="title">${product.title}</span>
          <span class="meta"><span>${priceSpan(product)}</span><br><span class=${stockTone(product) || 'quiet'}>${pieces > 0 ? t('console.left', { n: pieces }) : t('console.soldOut')}</span></span></span>
      </button>
      <div class="foot">${this.button()}</div>
    </div>`;
  }

  private get isUp(): boolean { return this.actions.model.board.of(this.product.id) !== undefined; }

  private picture() {
    const image = this.product.images[0];
    return image ? html`<img src=${image.thumb} alt="" width="48" height="48" loading="lazy">` : html`<span class="blank"></span>`;
  }

  private button() {
    const { board } = this.actions.model;
    const pin = board.of(this.product.id);
    const busy = board.isPending(this.product.id) || (pin !== undefined && board.leaving.has(pin.id));
    const title = this.product.title;
    const act = (e: MouseEvent): void => void this.actions.toggle(this.product.id, undefined, e.shiftKey);
    if (!pin) {
      return html`<button class="pin soft" aria-busy=${busy} ?disabled=${busy} aria-label=${t('console.pin.of', { title })} @click=${act}>
        ${pinIcon}${busy ? t('console.pinning') : t('console.pin')}</button>`;
    }
    const since = clock(this.actions.model.now() - Date.parse(pin.start));
    return html`<button class="pin" aria-busy=${busy} ?disabled=${busy} aria-label=${t('console.unpin.of', { title })} @click=${act}>
      ${unpinIcon}${t('console.unpin')} <span class="num" aria-hidden="true">${since}</span></button>`;
  }
}
customElements.define('lineup-item', LineupItem);
