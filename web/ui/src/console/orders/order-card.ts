import { LitElement, css, html, nothing, unsafeCSS } from 'lit';
import { t } from '../../lib/i18n';
import { money } from '../../lib/money';
import { explained } from '../model/faults';
import { Watch } from '../model/observable';
import { undoFor, type Orders } from '../model/orders';
import type { Order } from '../model/types';
import { checkIcon } from '../ui/icons';
import { base, buttons, fields, surfaces } from '../ui/styles';
import { moment } from '../ui/time';
import { linesOf, statusWords, wayWords } from './order-words';

/** One order in the list: who, what, how much, and the one thing to do next. Fires `details`. */
export class OrderCard extends LitElement {
  static override properties = { orders: { attribute: false }, order: { attribute: false } };
  orders!: Orders;
  order!: Order;

  constructor() {
    super();
    new Watch(this, () => this.orders);
  }

  static override styles = [base, buttons, fields, surfaces, css`
    article { position: relative; padding: .75rem .875rem; border-bottom: 1px solid var(--line); display: grid; gap: .25rem; }
    article.fresh { animation: arrive 6s ease-out; }
    @keyframes arrive { 0%, 40% { background: var(--accent-soft); } }
    @media (prefers-reduced-motion: reduce) { article.fresh { background: var(--accent-soft); } }
    .top { display: flex; align-items: center; gap: .5rem; }
    h3 { flex: 1; }
    h3 button.link { font-weight: 620; color: var(--text); text-decoration: none; max-width: 100%; font-size: .9375rem; justify-content: start; }
    h3 button.link::after { content: ''; position: absolute; inset: 0; }
    /* The whole card is what is clicked, so the ring goes round it; round the clipped name it would be cut off. */
    h3 button.link:focus-visible { outline: none; }
    h3 button.link:focus-visible::after { outline: 2px solid var(--focus); outline-offset: -3px; }
    h3 button.link:hover { text-decoration: underline; }
    .lines { font-size: .875rem; line-height: 1.4; display: -webkit-box; -webkit-line-clamp: 2; -webkit-box-orient: vertical; overflow: hidden; }
    .foot { display: flex; align-items: center; gap: .5rem; margin-top: .125rem; }
    .foot > span:first-child { flex: 1; }
    .foot button { position: relative; z-index: 1; }
    .undo { position: relative; overflow: hidden; }
    .undo::before { content: ''; position: absolute; inset: auto 0 0; height: 3px; background: var(--accent); transform-origin: left; animation: run ${unsafeCSS(undoFor)}ms linear forwards; }
    @keyframes run { to { transform: scaleX(0); } }
  `];

  override render() {
    const { order, orders } = this;
    const status = statusWords(order.status);
    const fault = orders.faults.get(order.id);
    return html`<article class=${orders.isFresh(order.id) ? 'fresh' : ''} aria-label=${t('console.order.label', { number: order.number })}>
      <div class="top">
        <h3 class="clip"><button class="link clip" @click=${() => this.dispatchEvent(new CustomEvent('details'))}>${order.contact.name || order.number}</button></h3>
        <strong class="num">${money(order.total, { short: true })}</strong>
      </div>
      <p class="lines">${linesOf(order)}</p>
      <div class="foot">
        <span class="small quiet num"><span translate="no">${order.number}</span> · ${moment(order.created)} · ${wayWords(order.way)}</span>
        ${this.next(status)}
      </div>
      ${fault ? html`<p class="wrong" role="alert">${explained(fault)}</p>` : nothing}
    </article>`;
  }

  private next(status: { text: string; look: string }) {
    const { order, orders } = this;
    if (orders.confirming.has(order.id)) {
      return html`<button class="small undo" @click=${() => orders.undoConfirm(order.id)}>${t('console.order.undo')}</button>`;
    }
    if (order.status !== 'awaiting_merchant') return html`<span class="badge ${status.look}">${status.text}</span>`;
    const busy = orders.busy.has(order.id);
    return html`<button class="small primary" ?disabled=${busy} aria-busy=${busy} aria-label=${t('console.order.confirm.of', { number: order.number })}
      @click=${() => orders.confirm(order.id)}>${checkIcon}${t('console.order.confirm')}</button>`;
  }
}
customElements.define('order-card', OrderCard);
