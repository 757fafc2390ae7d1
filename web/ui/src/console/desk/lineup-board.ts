import { LitElement, css, html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { t } from '../../lib/i18n';
import { Watch } from '../model/observable';
import { hrefOf } from '../model/route';
import { productsIcon } from '../ui/icons';
import { base, buttons, surfaces } from '../ui/styles';
import type { PinActions } from './pin-actions';
import './lineup-item';
import './product-sheet';

/** The line-up as the desk uses it: rows on a desktop, tiles for the thumb on a phone (attribute `tiles`). */
export class LineupBoard extends LitElement {
  static override properties = { actions: { attribute: false }, tiles: { type: Boolean, reflect: true }, editing: { state: true } };
  actions!: PinActions;
  tiles = false;
  private editing?: string;

  constructor() {
    super();
    new Watch(this, () => this.actions?.model);
  }

  static override styles = [base, buttons, surfaces, css`
    :host([tiles]) ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(10.25rem, 1fr)); gap: .5rem; }
  `];

  override render() {
    const { model } = this.actions;
    const products = model.lineup;
    if (!products.length) {
      return html`<div class="empty">${productsIcon}<h3>${t('console.lineup.empty')}</h3><p>${t('console.lineup.empty.hint')}</p>
        <a class="button primary" href=${hrefOf({ page: 'show', show: model.slug })}>${t('console.lineup.fill')}</a></div>`;
    }
    const edited = this.editing ? model.product(this.editing) : undefined;
    return html`
      <ul aria-label=${t('console.lineup')}>${repeat(products, (p) => p.id, (p, i) => html`<li>
        <lineup-item .actions=${this.actions} .product=${p} .index=${i} .tile=${this.tiles} @edit=${() => { this.editing = p.id; }}></lineup-item></li>`)}</ul>
      ${edited ? html`<product-sheet .actions=${this.actions} .product=${edited} @closed=${() => { this.editing = undefined; }}></product-sheet>` : nothing}`;
  }
}
customElements.define('lineup-board', LineupBoard);
