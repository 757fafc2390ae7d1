import { LitElement, css, html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { t } from '../../lib/i18n';
import { Watch } from '../model/observable';
import type { Product } from '../model/types';
import { pinIcon } from '../ui/icons';
import { base, buttons, fields } from '../ui/styles';
import type { ConsoleDialog } from '../ui/dialog';
import type { PinActions } from './pin-actions';
import { choiceOf, editFault, priceField, stockField } from './sku-edit';
import '../ui/dialog';

/** Prices and stock of one product, and pinning one choice of it, as a sheet for the thumb. Fires `closed`. */
export class ProductSheet extends LitElement {
  static override properties = { actions: { attribute: false }, product: { attribute: false } };
  actions!: PinActions;
  product!: Product;

  constructor() {
    super();
    new Watch(this, () => this.actions?.model);
  }

  static override styles = [base, buttons, fields, css`
    .head, li { display: grid; grid-template-columns: minmax(0, 1fr) 7rem 4.5rem 2.75rem; gap: .5rem; align-items: center; }
    .head { font-size: .75rem; color: var(--text-2); padding-bottom: .25rem; }
    .head span + span { text-align: end; padding-inline-end: .5rem; }
    li { padding: .25rem 0; }
  `];

  override render() {
    const { product, actions } = this;
    const up = actions.model.board.of(product.id);
    return html`<console-dialog heading=${product.title} @closed=${() => this.dispatchEvent(new CustomEvent('closed'))}>
      <div class="head" aria-hidden="true"><span></span><span>${t('console.price')}</span><span>${t('console.stock')}</span></div>
      <ul>${repeat(product.skus, (s) => s.id, (s) => html`<li>
        <span>${choiceOf(s) || t('console.one')}</span>${priceField(actions.model, product, s)}${stockField(actions.model, product, s)}
        ${up ? nothing : html`<button class="icon" aria-label=${t('console.pin.of', { title: choiceOf(s) ? `${product.title}, ${choiceOf(s)}` : product.title })}
          @click=${() => { void actions.toggle(product.id, s.id); this.renderRoot.querySelector<ConsoleDialog>('console-dialog')!.close(); }}>${pinIcon}</button>`}</li>`)}</ul>
      ${editFault(actions.model, product.skus)}
    </console-dialog>`;
  }
}
customElements.define('product-sheet', ProductSheet);
