import { LitElement, css, html } from 'lit';
import { t } from '../../lib/i18n';
import type { DeskModel } from '../model/desk';
import { Watch } from '../model/observable';
import { downloadIcon } from '../ui/icons';
import { base, buttons, surfaces } from '../ui/styles';
import '../desk/desk-counters';
import './order-list';

/** All orders of the show, with what they come to. */
export class OrdersPage extends LitElement {
  static override properties = { model: { attribute: false } };
  model!: DeskModel;

  constructor() {
    super();
    new Watch(this, () => this.model);
  }

  static override styles = [base, buttons, surfaces, css`
    :host { height: 100%; }
    .page { max-width: 48rem; margin: 0 auto; padding: .875rem; height: 100%; display: flex; flex-direction: column; gap: .875rem; }
    .sum { display: grid; grid-template-columns: minmax(0, 1fr) auto; align-items: center; gap: .75rem; padding: .75rem .875rem; }
    .orders { flex: 1; min-height: 0; display: flex; flex-direction: column; overflow: hidden; }
    order-list { flex: 1; }
    @media (max-width: 799px) { .page { padding: .625rem; gap: .625rem; } .sum { grid-template-columns: minmax(0, 1fr); } .export { display: none; } }
  `];

  override render() {
    if (!this.model.desk) return html`<div class="page" role="status" aria-label=${t('console.loading')}><div class="bone orders"></div></div>`;
    return html`<div class="page">
      <section class="panel sum" aria-label=${t('console.counters')}><desk-counters .model=${this.model}></desk-counters>
        <a class="button export" href="/api/orders/export?show=${encodeURIComponent(this.model.slug)}" download>${downloadIcon}${t('console.export')}</a></section>
      <section class="panel orders" aria-label=${t('console.orders')}><order-list .orders=${this.model.orders}></order-list></section>
    </div>`;
  }
}
customElements.define('orders-page', OrdersPage);
