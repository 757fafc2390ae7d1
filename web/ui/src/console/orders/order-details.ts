import { LitElement, css, html, nothing } from 'lit';
import { dateTime, t } from '../../lib/i18n';
import { money } from '../../lib/money';
import { explained } from '../model/faults';
import { Watch } from '../model/observable';
import type { Orders } from '../model/orders';
import type { Order } from '../model/types';
import { base, buttons, fields, surfaces } from '../ui/styles';
import { statusWords, wayWords } from './order-words';
import '../ui/dialog';

/** Everything about one order, and what can be done with it. Fires `closed`. */
export class OrderDetails extends LitElement {
  static override properties = { orders: { attribute: false }, orderId: {}, cancelling: { state: true } };
  orders!: Orders;
  orderId = '';
  private cancelling = false;
  private reason = '';

  constructor() {
    super();
    new Watch(this, () => this.orders);
  }

  static override styles = [base, buttons, fields, surfaces, css`
    table { width: 100%; border-collapse: collapse; font-size: .9375rem; margin: .5rem 0 1rem; }
    th, td { text-align: start; padding: .5rem 0; border-bottom: 1px solid var(--line); vertical-align: top; font-weight: 400; }
    td:last-child { text-align: end; font-variant-numeric: tabular-nums; white-space: nowrap; padding-inline-start: .75rem; }
    tfoot th, tfoot td { border: 0; font-weight: 650; }
    dl { display: grid; grid-template-columns: minmax(5.5rem, auto) 1fr; gap: .5rem 1rem; font-size: .9375rem; line-height: 1.45; }
    dt { color: var(--text-2); }
    dd { overflow-wrap: anywhere; white-space: pre-line; }
    .notice { margin-top: 1rem; }
    label { display: block; margin-top: .75rem; }
    label textarea { width: 100%; margin-top: .25rem; font-weight: 400; font-size: .9375rem; }
  `];

  override render() {
    const o = this.orders.find(this.orderId);
    if (!o) return nothing;
    const status = statusWords(o.status);
    const fault = this.orders.faults.get(o.id);
    return html`<console-dialog heading=${t('console.order.label', { number: o.number })} @closed=${() => this.dispatchEvent(new CustomEvent('closed'))}>
      <p><span class="badge ${status.look}">${status.text}</span> <span class="small quiet">${dateTime(o.created)}</span></p>
      <table>
        <caption class="visually-hidden">${t('console.order.lines')}</caption>
        <tbody>${o.lines.map((l) => html`<tr><th scope="row">${l.quantity} × ${l.title}${l.options.length ? html`<br><span class="small quiet">${l.options.join(' / ')}</span>` : nothing}</th><td>${money(l.total)}</td></tr>`)}</tbody>
        <tfoot><tr><th scope="row">${t('console.order.total')}</th><td>${money(o.total)}</td></tr></tfoot>
      </table>
      ${this.facts(o)}
      ${this.cancelling ? html`<div class="notice warn" role="alert"><div>${o.status === 'confirmed' ? t('console.order.cancel.confirmed') : t('console.order.cancel.text')}</div></div>
        <label>${t('console.order.reason.ask')}<textarea rows="2" maxlength="500" .value=${this.reason} @input=${(e: Event) => { this.reason = (e.target as HTMLTextAreaElement).value; }}></textarea></label>` : nothing}
      <p class="wrong" role="alert">${fault ? explained(fault) : nothing}</p>
      ${this.actions(o)}
    </console-dialog>`;
  }

  private facts(o: Order) {
    const a = o.address;
    const where = [o.contact.name, a.line1, a.line2, [a.postcode, a.city].filter(Boolean).join(' '), a.region, a.country].filter(Boolean).join('\n');
    const fact = (name: string, value: unknown) => value ? html`<dt>${name}</dt><dd>${value}</dd>` : nothing;
    return html`<dl>
      ${fact(t('console.order.address'), where)}
      ${fact(t('console.order.phone'), o.contact.phone && html`<a href="tel:${o.contact.phone}">${o.contact.phone}</a>`)}
      ${fact(t('console.order.email'), o.contact.email && html`<a href="mailto:${o.contact.email}">${o.contact.email}</a>`)}
      ${fact(t('console.order.note'), o.note)}
      ${fact(t('console.order.reason'), o.reason)}
      ${fact(t('console.order.way'), wayWords(o.way))}
      ${o.status === 'awaiting_merchant' && o.expires ? fact(t('console.order.until'), dateTime(o.expires)) : nothing}
    </dl>`;
  }

  private actions(o: Order) {
    const { orders } = this;
    if (o.status !== 'awaiting_merchant' && o.status !== 'confirmed') return nothing;
    const busy = orders.busy.has(o.id);
    if (orders.confirming.has(o.id)) {
      return html`<div slot="actions" class="actions end"><span class="quiet small">${t('console.order.confirming')}</span>
        <button @click=${() => orders.undoConfirm(o.id)}>${t('console.order.undo')}</button></div>`;
    }
    if (this.cancelling) {
      return html`<div slot="actions" class="actions end"><button class="plain" @click=${() => { this.cancelling = false; }}>${t('console.order.keep')}</button>
        <button class="danger" ?disabled=${busy} aria-busy=${busy} @click=${async () => { if (await orders.cancel(o.id, this.reason.trim())) this.cancelling = false; }}>${t('console.order.cancel.yes')}</button></div>`;
    }
    return html`<div slot="actions" class="actions end"><button class="danger" ?disabled=${busy} @click=${() => { this.cancelling = true; }}>${t('console.order.cancel')}</button>
      ${o.status === 'awaiting_merchant' ? html`<button class="primary" ?disabled=${busy} @click=${() => orders.confirm(o.id)}>${t('console.order.confirm')}</button>` : nothing}</div>`;
  }
}
customElements.define('order-details', OrderDetails);
