import { LitElement, css, html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { posterOf } from '../../lib/api';
import { dateTime, t } from '../../lib/i18n';
import * as backend from '../model/backend';
import { explained } from '../model/faults';
import { hrefOf, type Router } from '../model/route';
import type { Show } from '../model/types';
import { nextIcon, plusIcon, showIcon, warnIcon } from '../ui/icons';
import { base, buttons, surfaces } from '../ui/styles';
import './show-dialog';

const order: Record<Show['status'], number> = { live: 0, scheduled: 1, ended: 2 };

/** The merchant's shows: those on air, those to come, those that were. */
export class ShowsPage extends LitElement {
  static override properties = { router: { attribute: false }, list: { state: true }, fault: { state: true }, adding: { state: true } };
  router!: Router;
  private list?: Show[];
  private fault?: unknown;
  private adding = false;

  static override styles = [base, buttons, surfaces, css`
    .page { max-width: 48rem; margin: 0 auto; padding: 1.25rem .875rem 2rem; }
    .head { display: flex; align-items: center; gap: .75rem; margin-bottom: 1rem; }
    .head h2 { flex: 1; font-size: 1.375rem; letter-spacing: -.01em; }
    li + li { border-top: 1px solid var(--line); }
    a.row { display: grid; grid-template-columns: 3.5rem minmax(0, 1fr) auto auto; gap: .875rem; align-items: center; padding: .75rem .875rem; color: inherit; text-decoration: none; }
    a.row:hover { background: var(--surface-2); }
    li:first-child a.row { border-radius: var(--radius-m) var(--radius-m) 0 0; } li:last-child a.row { border-radius: 0 0 var(--radius-m) var(--radius-m); }
    img, .blank { width: 3.5rem; height: 3.5rem; object-fit: cover; border-radius: var(--radius-s); background: var(--surface-2); color: var(--text-2); display: grid; place-items: center; font-size: 1.375rem; }
    .bone { height: 5rem; margin-bottom: .5rem; }
    .notice { margin-bottom: 1rem; }
  `];

  override connectedCallback(): void {
    super.connectedCallback();
    void this.load();
  }

  override render() {
    return html`<div class="page">
      <div class="head"><h2>${t('console.shows')}</h2><button class="primary" @click=${() => { this.adding = true; }}>${plusIcon}${t('console.show.new')}</button></div>
      ${this.fault ? html`<div class="notice bad" role="alert">${warnIcon}<div>${explained(this.fault)} <button class="link" @click=${this.load}>${t('console.again')}</button></div></div>` : nothing}
      ${this.rows()}
      ${this.adding ? html`<show-dialog @closed=${() => { this.adding = false; }} @saved=${(e: CustomEvent<Show>) => this.router.go({ page: 'show', show: e.detail.slug })}></show-dialog>` : nothing}
    </div>`;
  }

  private rows() {
    if (!this.list) return this.fault ? nothing : html`<div role="status" aria-label=${t('console.loading')}><div class="bone"></div><div class="bone"></div></div>`;
    if (!this.list.length) return html`<div class="panel empty">${showIcon}<h3>${t('console.shows.none')}</h3><p>${t('console.shows.none.hint')}</p></div>`;
    return html`<ul class="panel">${repeat(this.list, (s) => s.slug, (s) => {
      const poster = posterOf(s);
      return html`<li><a class="row" href=${hrefOf({ page: s.status === 'ended' ? 'orders' : 'desk', show: s.slug })}>
        ${poster ? html`<img src=${poster} alt="" width="56" height="56" loading="lazy">` : html`<span class="blank">${showIcon}</span>`}
        <span class="clip"><strong>${s.title}</strong><br><span class="small quiet">${dateTime(s.startsAt)}</span></span>
        ${s.onAir ? html`<span class="badge live">${t('console.onAir')}</span>`
          : s.status === 'live' ? html`<span class="badge warn">${t('console.show.silent')}</span>`
          : html`<span class="badge">${s.status === 'ended' ? t('console.show.ended') : t('console.show.scheduled')}</span>`}
        ${nextIcon}</a></li>`;
    })}</ul>`;
  }

  private readonly load = async (): Promise<void> => {
    try {
      this.list = (await backend.shows()).sort((a, b) => order[a.status] - order[b.status] || Date.parse(b.startsAt) - Date.parse(a.startsAt));
      this.fault = undefined;
    } catch (e) {
      this.fault = e;
    }
  };
}
customElements.define('shows-page', ShowsPage);
