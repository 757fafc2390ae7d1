import { LitElement, css, html, nothing } from 'lit';
import { number, t } from '../lib/i18n';
import type { DeskModel } from './model/desk';
import { Watch } from './model/observable';
import { hrefOf, type Page, type Router } from './model/route';
import { backIcon } from './ui/icons';
import { base, buttons, surfaces } from './ui/styles';
import './account/account-menu';

/** The line at the top: which show, whether it is on air, the places (on a desktop), and the person. */
export class ConsoleBar extends LitElement {
  static override properties = { router: { attribute: false }, model: { attribute: false }, narrow: { type: Boolean, reflect: true } };
  router!: Router;
  model?: DeskModel;
  narrow = false;

  constructor() {
    super();
    new Watch(this, () => this.router);
    new Watch(this, () => this.model);
    new Watch(this, () => this.model?.orders);
  }

  static override styles = [base, buttons, surfaces, css`
    header { display: grid; grid-template-columns: minmax(0, 1fr) auto minmax(0, 1fr); align-items: center; gap: 1rem; min-height: 3.5rem; padding: 0 .875rem; background: var(--surface); border-bottom: 1px solid var(--line); }
    :host([narrow]) header { grid-template-columns: minmax(0, 1fr) auto; min-height: 3rem; padding: 0 .25rem 0 .25rem; gap: .25rem; }
    .show { display: flex; align-items: center; gap: .625rem; min-width: 0; }
    a { color: inherit; text-decoration: none; }
    .back { display: inline-flex; align-items: center; min-height: 2.75rem; padding: 0 .25rem; gap: .125rem; font-size: .875rem; color: var(--text-2); border-radius: var(--radius-s); white-space: nowrap; }
    .back:hover { color: var(--text); }
    .mark { font-weight: 700; letter-spacing: -.02em; color: var(--accent); font-size: 1.0625rem; padding-inline-start: .25rem; }
    h1 { font-size: 1rem; }
    nav ul { display: flex; gap: .25rem; }
    nav a { display: flex; align-items: center; gap: .375rem; min-height: 2.5rem; padding: 0 .875rem; border-radius: var(--radius-s); font-weight: 600; font-size: .9375rem; color: var(--text-2); }
    nav a:hover { background: var(--surface-2); }
    nav a[aria-current] { background: var(--surface-2); color: var(--text); }
    .end { display: flex; justify-content: flex-end; align-items: center; gap: .5rem; }
  `];

  override render() {
    const { router: { route }, model } = this;
    const show = route.page === 'shows' || (route.page === 'products' && this.narrow) ? undefined : model?.desk?.show;
    return html`<header>
      <div class="show">
        ${route.page === 'shows' ? html`<span class="mark" translate="no">livesrv</span>`
          : html`<a class="back" href=${hrefOf({ page: 'shows' })} aria-label=${t('console.toShows')}>${backIcon}${this.narrow ? nothing : t('console.shows')}</a>`}
        ${show ? html`<h1 class="clip">${show.title}</h1>${this.state(show.status, show.onAir)}`
          : html`<h1 class=${this.narrow && route.page === 'products' ? 'clip' : 'visually-hidden'}>${route.page === 'products' ? t('console.products') : t('console.shows')}</h1>`}
      </div>
      ${this.narrow ? nothing : html`<nav aria-label=${t('console.places')}>${this.places()}</nav>`}
      <div class="end">
        <account-menu></account-menu>
      </div>
    </header>`;
  }

  private state(status: string, onAir: boolean) {
    if (onAir) return html`<span class="badge live">${t('console.onAir')}</span>`;
    switch (status) {
      case 'live': return html`<span class="badge warn">${t('console.show.silent')}</span>`;
      case 'ended': return html`<span class="badge">${t('console.show.ended')}</span>`;
      default: return html`<span class="badge">${t('console.show.scheduled')}</span>`;
    }
  }

  private places() {
    const waiting = this.model?.orders.waiting.length ?? 0;
    const place = (page: Page, name: string, count = 0) => html`<li><a href=${hrefOf({ page, show: this.router.lastShow })}
      aria-current=${this.router.route.page === page ? 'page' : nothing}>${name}${count ? html`<span class="badge accent">${number(count)}<span class="visually-hidden"> ${t('console.status.waiting')}</span></span>` : nothing}</a></li>`;
    return html`<ul>
      ${this.router.lastShow ? html`${place('desk', t('console.desk'))}${place('orders', t('console.orders'), waiting)}` : nothing}
      ${place('products', t('console.products'))}
      ${this.router.lastShow ? place('show', t('console.show')) : nothing}
    </ul>`;
  }
}
customElements.define('console-bar', ConsoleBar);
