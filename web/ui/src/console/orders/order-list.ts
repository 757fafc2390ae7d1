import { LitElement, css, html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { t, tn } from '../../lib/i18n';
import { explained } from '../model/faults';
import { Watch } from '../model/observable';
import type { OrderFilter, Orders } from '../model/orders';
import { wakeSound } from '../ui/chime';
import { ordersIcon, soundIcon, soundOffIcon, warnIcon } from '../ui/icons';
import { setSetting, setting } from '../ui/settings';
import { base, buttons, surfaces } from '../ui/styles';
import './order-card';
import './order-details';

/** The orders of a show as they come in, newest first. */
export class OrderList extends LitElement {
  static override properties = { orders: { attribute: false }, filter: { state: true }, shown: { state: true }, sound: { state: true } };
  orders!: Orders;
  private filter: OrderFilter = 'waiting';
  private shown?: string;
  private sound = setting('sound', false);

  constructor() {
    super();
    new Watch(this, () => this.orders);
  }

  static override styles = [base, buttons, surfaces, css`
    :host { display: flex; flex-direction: column; min-height: 0; }
    .head { display: flex; align-items: center; gap: .375rem; padding: .625rem .5rem .5rem .875rem; border-bottom: 1px solid var(--line); }
    h2 { flex: 1; }
    .tabs { display: flex; gap: .125rem; }
    .tabs button { border-color: transparent; background: transparent; color: var(--text-2); }
    .tabs button[aria-pressed='true'] { background: var(--surface-2); color: var(--text); }
    .list { overflow: auto; flex: 1; min-height: 0; overscroll-behavior: contain; }
    .notice { margin: .75rem; }
    .bone { height: 4.5rem; margin: .75rem; }
    .more { padding: .75rem; text-align: center; }
    .empty { padding-block: 2rem; }
  `];

  override render() {
    const waiting = this.orders.waiting.length;
    return html`
      <div class="head">
        <h2>${t('console.orders')}</h2>
        <div class="tabs" role="group" aria-label=${t('console.orders.filter')}>
          <button class="small" aria-pressed=${this.filter === 'waiting'} @click=${() => { this.filter = 'waiting'; }}>${tn('console.orders.waiting', waiting)}</button>
          <button class="small" aria-pressed=${this.filter === 'all'} @click=${() => { this.filter = 'all'; }}>${t('console.orders.all')}</button>
        </div>
        <button class="plain icon small" aria-pressed=${this.sound} aria-label=${t('console.orders.sound')} title=${t('console.orders.sound')} @click=${this.toggleSound}>
          ${this.sound ? soundIcon : soundOffIcon}</button>
      </div>
      <div class="list" tabindex="-1">${this.body()}</div>
      ${this.shown ? html`<order-details .orders=${this.orders} .orderId=${this.shown} @closed=${() => { this.shown = undefined; }}></order-details>` : nothing}`;
  }

  private body() {
    const { orders } = this;
    if (orders.phase === 'loading') return html`<div role="status" aria-label=${t('console.loading')}><div class="bone"></div><div class="bone"></div><div class="bone"></div></div>`;
    const list = orders.shown(this.filter);
    return html`
      ${orders.fault ? html`<div class="notice bad" role="alert">${warnIcon}<div>${explained(orders.fault)}
        <button class="link" @click=${() => orders.load()}>${t('console.again')}</button></div></div>` : nothing}
      ${list.length ? html`<ul>${repeat(list, (o) => o.id, (o) => html`<li><order-card .orders=${orders} .order=${o} @details=${() => { this.shown = o.id; }}></order-card></li>`)}</ul>` : this.empty()}
      ${orders.more && (this.filter === 'all' || !list.length) ? html`<div class="more"><button class="small" @click=${() => orders.loadMore()}>${t('console.orders.more')}</button></div>` : nothing}`;
  }

  private empty() {
    if (this.orders.phase === 'error') return nothing;
    const none = this.orders.list.length === 0;
    return html`<div class="empty">${ordersIcon}<h3>${none ? t('console.orders.none') : t('console.orders.done')}</h3>
      <p>${none ? t('console.orders.none.hint') : t('console.orders.done.hint')}</p></div>`;
  }

  private toggleSound(): void {
    this.sound = !this.sound;
    setSetting('sound', this.sound);
    if (this.sound) wakeSound();
  }
}
customElements.define('order-list', OrderList);
