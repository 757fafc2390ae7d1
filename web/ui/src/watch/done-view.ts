import { html, nothing } from 'lit';
import type { Order } from '../lib/api';
import { dateTime, t } from '../lib/i18n';
import { icons } from '../lib/icons';
import { money } from '../lib/money';
import { sheet } from '../lib/style';
import { wayName } from './checkout-view';
import { ShopElement } from './element';
import text from './done-view.css';

/** The order is placed: its number, what happens next, how to pay, what was bought. */
export class DoneView extends ShopElement {
  static override properties = { ...ShopElement.properties, order: { attribute: false } };
  static override styles = [...[ShopElement.styles].flat(), sheet(text)];

  order!: Order;
  private copied = false;

  protected override render() {
    const o = this.order;
    const bank = o.way === 'bank_transfer';
    return html`
      <div class="thanks">
        <span class="tick">${icons.check}</span>
        <h2>${t('done.thanks', { name: o.contact.name })}</h2>
        <p class="hint">${t('done.number')}</p>
        <p class="number" data-order=${o.number}>${o.number}</p>
      </div>
      <section class="next" aria-labelledby="next">
        <h3 id="next">${t('done.next')}</h3>
        <ol>
          ${bank ? html`<li>${t('done.bank.pay', { total: money(o.total), number: o.number })}</li>` : nothing}
          <li>${bank ? t('done.bank.confirm') : t('done.cash.confirm')}</li>
          <li>${bank ? t('done.bank.send') : t('done.cash.pay', { total: money(o.total) })}</li>
        </ol>
        ${bank && o.expires ? html`<p class="hint">${t('done.until', { when: dateTime(o.expires) })}</p>` : nothing}
      </section>
      ${o.instructions ? this.instructions(o) : nothing}
      <section aria-labelledby="bought">
        <h3 id="bought">${t('done.bought')}</h3>
        <ul class="lines">
          ${o.lines.map(
            (l) => html`<li>
              <span>${l.quantity} × ${l.title}${l.options?.length ? html` <span class="hint">${l.options.join(' · ')}</span>` : nothing}</span><b>${money(l.total)}</b>
            </li>`,
          )}
          <li class="total"><span>${wayName(o.way)}</span><b>${money(o.total)}</b></li>
        </ul>
      </section>
      <button class="button primary large wide" data-action="watch" @click=${() => this.shop.close()}>${t('done.watch')}</button>
    `;
  }

  private instructions(o: Order) {
    return html`<section class="pay" aria-labelledby="pay">
      <h3 id="pay">${t('done.details')}</h3>
      <pre>${o.instructions}</pre>
      ${navigator.clipboard
        ? html`<button class="button" @click=${() => void this.copy(o.instructions)}>${this.copied ? icons.check : icons.copy}${this.copied ? t('done.copied') : t('done.copy')}</button>`
        : nothing}
    </section>`;
  }

  private async copy(what: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(what);
      this.copied = true;
      this.requestUpdate();
    } catch {
      // Not allowed here (a frame without the permission): the text can still be selected.
    }
  }
}

customElements.define('done-view', DoneView);
