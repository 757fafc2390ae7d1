import { LitElement, css, html, nothing } from 'lit';
import { money } from '../lib/money';
import { t, tn } from '../lib/i18n';
import { DeskModel } from './model/desk';
import { explained } from './model/faults';
import { Watch } from './model/observable';
import { Router } from './model/route';
import { session } from './model/session';
import type { Order } from './model/types';
import { unitsOf } from './orders/order-words';
import { chime, wakeSound } from './ui/chime';
import { warnIcon } from './ui/icons';
import { setting } from './ui/settings';
import { base, buttons, surfaces } from './ui/styles';
import { say } from './ui/toasts';
import './account/sign-in';
import './account/sign-in-page';
import './console-bar';
import './console-tabs';
import './desk/desk-page';
import './orders/orders-page';
import './products/products-page';
import './shows/show-page';
import './shows/shows-page';
import './ui/toasts';

/** The merchant's console: who is in, which place is open, and the model of the show that is worked on. */
export class LiveConsole extends LitElement {
  static override properties = { narrow: { state: true } };
  private narrow = false;
  private readonly router = new Router();
  private model?: DeskModel;
  private readonly width = window.matchMedia('(max-width: 799px), (max-height: 499px)');

  constructor() {
    super();
    new Watch(this, () => session);
    new Watch(this, () => this.router);
    new Watch(this, () => this.model);
  }

  static override styles = [base, buttons, surfaces, css`
    :host { height: 100dvh; background: var(--bg); font-size: 1rem; line-height: 1.45; }
    .frame { display: grid; grid-template-rows: auto auto minmax(0, 1fr) auto; height: 100%; }
    main { min-height: 0; overflow: auto; position: relative; }
    main:focus { outline: none; }
    .lost { background: var(--warn-soft); color: var(--warn); font-size: .875rem; font-weight: 600; text-align: center; padding: .375rem 1rem; animation: late 2s steps(1); }
    @keyframes late { from { opacity: 0; } }
    .skip { position: fixed; top: .5rem; left: .5rem; z-index: 40; }
    .skip:not(:focus) { clip-path: inset(50%); }
    .again { margin-top: 1rem; text-align: center; }
    .center { display: grid; place-content: center; height: 100%; padding: 1.5rem; }
    .center .notice { max-width: 30rem; }
    .spin { color: var(--text-2); }
  `];

  override connectedCallback(): void {
    super.connectedCallback();
    this.narrow = this.width.matches;
    this.width.addEventListener('change', this.onWidth);
    this.router.start();
    window.addEventListener('pointerdown', this.onGesture, { once: true });
    void session.restore();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.width.removeEventListener('change', this.onWidth);
    this.router.stop();
    this.model?.stop();
    this.model = undefined;
  }

  private readonly onWidth = (): void => { this.narrow = this.width.matches; };
  private readonly onGesture = (): void => { if (setting('sound', false)) wakeSound(); };

  override willUpdate(): void { this.choose(); }

  override render() {
    switch (session.phase) {
      case 'unknown': return this.waiting();
      case 'out': return html`<sign-in-page></sign-in-page><console-toasts></console-toasts>`;
      default: return this.signedIn();
    }
  }

  private waiting() {
    if (!session.fault) return html`<div class="center" role="status" aria-label=${t('console.loading')}><span class="spinner spin"></span></div>`;
    return html`<main class="center"><div class="notice bad" role="alert">${warnIcon}<div>${explained(session.fault)}</div></div>
      <p class="again"><button @click=${() => session.restore()}>${t('console.again')}</button></p></main>`;
  }

  private signedIn() {
    const { model, narrow, router: { route } } = this;
    const lost = model?.phase === 'ready' && !model.linked;
    return html`<div class="frame">
      <button class="skip" @click=${() => this.renderRoot.querySelector('main')!.focus()}>${t('console.skip')}</button>
      <console-bar .router=${this.router} .model=${model} .narrow=${narrow}></console-bar>
      <div role="status">${lost ? html`<div class="lost">${t('console.offline')}</div>` : nothing}</div>
      <main tabindex="-1">${this.place(route.page)}</main>
      ${narrow ? html`<console-tabs .router=${this.router} .model=${model}></console-tabs>` : nothing}
    </div>
    <console-toasts></console-toasts>
    ${session.phase === 'lapsed' ? html`<console-dialog locked heading=${t('console.lapsed')}>
      <p class="quiet">${t('console.lapsed.text')}</p><br>
      <sign-in .name=${session.user?.name ?? ''}></sign-in>
      <p class="again"><button class="link" @click=${() => session.forget()}>${t('console.signOut')}</button></p>
    </console-dialog>` : nothing}`;
  }

  private place(page: string) {
    const { model, narrow } = this;
    if (page === 'products') return html`<products-page .model=${model}></products-page>`;
    if (page === 'shows' || !model) return html`<shows-page .router=${this.router}></shows-page>`;
    if (model.phase === 'missing' || model.phase === 'error') return this.failed(model);
    switch (page) {
      case 'orders': return html`<orders-page .model=${model}></orders-page>`;
      case 'show': return html`<show-page .model=${model}></show-page>`;
      default: return html`<desk-page .model=${model} .narrow=${narrow}></desk-page>`;
    }
  }

  private failed(model: DeskModel) {
    const missing = model.phase === 'missing';
    return html`<div class="center"><div class="notice bad" role="alert">${warnIcon}<div>
      ${missing ? t('console.missing') : html`${explained(model.fault)} ${t('console.retrying')}`}</div></div>
      <p class="again">${missing ? html`<button @click=${() => this.router.forget()}>${t('console.toShows')}</button>`
        : html`<button @click=${() => model.refresh()}>${t('console.again')}</button>`}</p></div>`;
  }

  /** Keeps the model of the show in the address, or of the last one while the place belongs to none. */
  private choose(): void {
    const slug = this.router.route.show ?? this.router.lastShow;
    const wanted = session.phase === 'in' || session.phase === 'lapsed' ? slug : undefined;
    if (wanted === this.model?.slug) return;
    this.model?.stop();
    this.model = wanted ? new DeskModel(wanted, (o) => this.arrived(o)) : undefined;
    this.model?.start();
  }

  private arrived(o: Order): void {
    say(t('console.order.arrived', { number: o.number, what: tn('console.pieces', unitsOf(o)), total: money(o.total) }));
    if (setting('sound', false)) chime();
  }
}
customElements.define('live-console', LiveConsole);
