import { LitElement, css, html, nothing, type SVGTemplateResult } from 'lit';
import { number, t } from '../lib/i18n';
import type { DeskModel } from './model/desk';
import { Watch } from './model/observable';
import { hrefOf, type Page, type Router } from './model/route';
import { deskIcon, ordersIcon, productsIcon, showIcon } from './ui/icons';
import { base } from './ui/styles';

/** A phone's places, at the bottom edge where the thumb is. */
export class ConsoleTabs extends LitElement {
  static override properties = { router: { attribute: false }, model: { attribute: false } };
  router!: Router;
  model?: DeskModel;

  constructor() {
    super();
    new Watch(this, () => this.router);
    new Watch(this, () => this.model?.orders);
  }

  static override styles = [base, css`
    nav { background: var(--surface); border-top: 1px solid var(--line); padding-bottom: env(safe-area-inset-bottom); }
    ul { display: grid; grid-template-columns: repeat(4, 1fr); }
    a { position: relative; display: grid; justify-items: center; align-content: center; gap: .125rem; height: 3.5rem; font-size: .75rem; font-weight: 600; color: var(--text-2); text-decoration: none; -webkit-tap-highlight-color: transparent; }
    a svg { font-size: 1.5rem; }
    a[aria-current] { color: var(--accent); }
    a:focus-visible { outline-offset: -3px; }
    .count { position: absolute; top: .25rem; left: calc(50% + .375rem); min-width: 1.125rem; padding: 0 .25rem; border-radius: 99px; background: var(--accent); color: var(--on-accent); font-size: .6875rem; line-height: 1.125rem; text-align: center; font-weight: 700; }
  `];

  override render() {
    const { router: { route, lastShow } } = this;
    const waiting = this.model?.orders.waiting.length ?? 0;
    const tab = (page: Page, name: string, icon: SVGTemplateResult, count = 0) => html`<li>
      <a href=${hrefOf(lastShow || page === 'products' ? { page, show: lastShow } : { page: 'shows' })} aria-current=${route.page === page ? 'page' : nothing}>
        ${icon}${name}${count ? html`<span class="count">${number(count)}<span class="visually-hidden"> ${t('console.status.waiting')}</span></span>` : nothing}</a></li>`;
    return html`<nav aria-label=${t('console.places')}><ul>
      ${tab('desk', t('console.desk'), deskIcon)}${tab('orders', t('console.orders'), ordersIcon, waiting)}
      ${tab('products', t('console.products'), productsIcon)}${tab('show', t('console.show'), showIcon)}
    </ul></nav>`;
  }
}
customElements.define('console-tabs', ConsoleTabs);
