import { LitElement, css, html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { Pin } from '../../lib/api';
import { t } from '../../lib/i18n';
import { money } from '../../lib/money';
import { Ticker, Watch } from '../model/observable';
import { maxPins } from '../model/pin-board';
import { unpinIcon } from '../ui/icons';
import { base, buttons, surfaces } from '../ui/styles';
import { clock, spoken } from '../ui/time';
import type { PinActions } from './pin-actions';

/** The places for cards on the viewers' screen: what is up and since when, what is on its way, what is free. */
export class OnScreen extends LitElement {
  static override properties = { actions: { attribute: false } };
  actions!: PinActions;

  constructor() {
    super();
    new Ticker(this);
    new Watch(this, () => this.actions?.model);
  }

  static override styles = [base, buttons, surfaces, css`
    ul { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: .5rem; }
    li { display: grid; grid-template-columns: 3rem minmax(0, 1fr) auto; align-items: center; gap: .625rem; min-height: 4rem; padding: .5rem;
      border-radius: var(--radius-m); border: 1px dashed var(--line); color: var(--text-2); font-size: .8125rem; }
    li.up { border: 1px solid var(--accent); background: var(--accent-soft); color: var(--text); }
    li.going { opacity: .6; }
    li.free { grid-template-columns: 1fr; justify-items: center; text-align: center; }
    li.up.pending { border-style: dashed; }
    img, .blank { width: 3rem; height: 3rem; border-radius: var(--radius-s); object-fit: cover; background: var(--surface-2); }
    .title { font-weight: 620; font-size: .875rem; line-height: 1.25; display: -webkit-box; -webkit-line-clamp: 2; -webkit-box-orient: vertical; overflow: hidden; }
    button { border-color: transparent; background: transparent; }
    button:hover { background: var(--surface); }
    @media (max-width: 799px) {
      ul { gap: .375rem; }
      li { min-height: 3.5rem; grid-template-columns: minmax(0, 1fr) auto; padding: .25rem .125rem .25rem .25rem; gap: 0; }
      li > .words { display: grid; grid-template-columns: 2.5rem minmax(0, 1fr); align-items: center; gap: .375rem; }
      li > img, li > .blank { display: none; }
      .title { display: none; }
      .words > img, .words > .blank { width: 2.5rem; height: 2.5rem; display: block; }
      button.icon { width: 2.25rem; }
      .price { display: none; }
    }
    @media (max-width: 359px) { .words > img, .words > .blank { display: none; } li > .words { grid-template-columns: 1fr; padding-inline-start: .375rem; } }
    @media (min-width: 800px) { .words > img, .words > .blank { display: none; } }
  `];

  override render() {
    const { board } = this.actions.model;
    const free = Math.max(0, maxPins - board.open.length - board.pending.length);
    return html`<ul aria-label=${t('console.onScreen')}>
      ${repeat(board.open, (p) => p.id, (p) => this.card(p))}
      ${board.pending.map((p) => {
        const product = this.actions.model.product(p.product);
        return html`<li class="up pending" aria-busy="true">${this.picture(p.product)}
          <div class="words">${this.picture(p.product)}<div class="title">${product?.title}</div><div>${t('console.pinning')}</div></div></li>`;
      })}
      ${Array.from({ length: free }, () => html`<li class="free"><span>${t('console.slot.free')}</span></li>`)}
    </ul>`;
  }

  private picture(product: string) {
    const p = this.actions.model.product(product);
    const image = p && p.images[0];
    return image ? html`<img src=${image.thumb} alt="" width="48" height="48">` : html`<div class="blank"></div>`;
  }

  private card(pin: Pin) {
    const { model } = this.actions;
    const product = model.product(pin.product);
    const going = model.board.leaving.has(pin.id);
    const since = model.now() - Date.parse(pin.start);
    const title = product?.title ?? '';
    const sku = product?.skus.find((s) => s.id === pin.sku) ?? product?.skus[0];
    return html`<li class="up ${going ? 'going' : ''}">
      ${this.picture(pin.product)}
      <div class="words">
        ${this.picture(pin.product)}
        <div class="title" title=${title}>${title}</div>
        <div class="num nowrap"><span aria-hidden="true">${clock(since)}</span><span class="visually-hidden">${title}, ${t('console.onScreen.since', { time: spoken(since) })}</span>
          ${sku ? html`<span class="price quiet"> · ${money(sku.price, { short: true })}</span>` : nothing}</div>
      </div>
      <button class="icon" aria-label=${t('console.unpin.of', { title })} ?disabled=${going} @click=${() => this.actions.unpin(pin)}>${unpinIcon}</button>
    </li>`;
  }
}
customElements.define('on-screen', OnScreen);
