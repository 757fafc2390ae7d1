import { LitElement, css, html, nothing } from 'lit';
import { t } from '../../lib/i18n';
import * as backend from '../model/backend';
import type { DeskModel } from '../model/desk';
import { explain } from '../model/faults';
import { Watch } from '../model/observable';
import { linkIcon } from '../ui/icons';
import { base, buttons, surfaces } from '../ui/styles';
import { toast } from '../ui/toasts';
import type { ShowForm } from './show-form';
import '../desk/stream-card';
import '../ui/confirm-dialog';
import '../ui/copy-field';
import './lineup-editor';
import './show-form';

/** Everything about one show that is not done in the heat of it: facts, line-up, addresses, beginning and end. */
export class ShowPage extends LitElement {
  static override properties = { model: { attribute: false }, busy: { state: true }, fault: { state: true }, ending: { state: true } };
  model!: DeskModel;
  private busy = false;
  private fault?: unknown;
  private ending = false;

  constructor() {
    super();
    new Watch(this, () => this.model);
  }

  static override styles = [base, buttons, surfaces, css`
    .page { max-width: 72rem; margin: 0 auto; padding: .875rem; display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: .875rem; align-items: start; }
    section { padding: 1rem 1.125rem 1.125rem; }
    section > h2 { margin-bottom: .875rem; }
    .column, .links { display: grid; grid-template-columns: minmax(0, 1fr); gap: .875rem; }
    .state { display: flex; flex-wrap: wrap; align-items: center; gap: .625rem; }
    .state p { flex: 1 1 12rem; }
    .save { margin-top: 1rem; }
    .bone { height: 24rem; }
    @media (max-width: 799px) { .page { grid-template-columns: minmax(0, 1fr); padding: .625rem; } }
  `];

  override render() {
    const desk = this.model.desk;
    if (!desk) return html`<div class="page" role="status" aria-label=${t('console.loading')}><div class="bone"></div><div class="bone"></div></div>`;
    const page = new URL('/s/' + encodeURIComponent(desk.show.slug), location.origin).href;
    return html`<div class="page">
      <div class="column">
        <section class="panel state" aria-label=${t('console.show.state')}>${this.state()}</section>
        <section class="panel" aria-labelledby="lineup"><h2 id="lineup">${t('console.lineup')}</h2><lineup-editor .model=${this.model}></lineup-editor></section>
        <section class="panel links" aria-labelledby="links"><h2 id="links">${t('console.show.links')}</h2>
          <copy-field label=${t('console.show.page')} .value=${page}></copy-field>
          <copy-field label=${t('console.show.embed')} .value=${`<script type="module" src="${location.origin}/embed.js"></script>\n<live-shop show="${desk.show.slug}"></live-shop>`}></copy-field>
          <p><a class="button" href=${page} target="_blank" rel="noopener">${linkIcon}${t('console.show.open')}</a></p></section>
        <section class="panel" aria-labelledby="stream"><h2 id="stream">${t('console.stream')}</h2><stream-card .model=${this.model}></stream-card></section>
      </div>
      <section class="panel" aria-labelledby="facts"><h2 id="facts">${t('console.show.facts')}</h2>
        <show-form .show=${desk.show} .fault=${this.fault} @save=${this.save}></show-form>
        <div class="actions end save"><button class="primary" ?disabled=${this.busy} aria-busy=${this.busy} @click=${this.save}>${t('console.save')}</button></div>
      </section>
      ${this.ending ? html`<confirm-dialog heading=${t('console.show.end')} text=${t('console.show.end.text')} action=${t('console.show.end')}
        .run=${() => this.turn(backend.endShow)} @closed=${() => { this.ending = false; }}></confirm-dialog>` : nothing}
    </div>`;
  }

  private state() {
    const { show } = this.model.desk!;
    switch (show.status) {
      case 'scheduled': return html`<p>${t('console.show.scheduled.text')}</p>
        <button ?disabled=${this.busy} @click=${() => this.begin(backend.startShow)}>${t('console.show.start')}</button>`;
      case 'live': return html`<p>${show.onAir ? t('console.show.onAir.text') : t('console.show.silent.text')}</p>
        <button class="danger" @click=${() => { this.ending = true; }}>${t('console.show.end')}</button>`;
      case 'ended': return html`<p>${show.endReason === 'publisher_away' ? t('console.show.ended.away') : t('console.show.ended.text')}</p>
        <button ?disabled=${this.busy} @click=${() => this.begin(backend.reopenShow)}>${t('console.show.reopen')}</button>`;
    }
  }

  private async begin(call: (show: string) => Promise<unknown>): Promise<void> {
    this.busy = true;
    try {
      await this.turn(call);
    } catch (e) {
      toast({ kind: 'bad', ...explain(e) });
    } finally {
      this.busy = false;
    }
  }

  private async turn(call: (show: string) => Promise<unknown>): Promise<void> {
    await call(this.model.slug);
    await this.model.refresh();
  }

  private async save(): Promise<void> {
    const draft = this.renderRoot.querySelector<ShowForm>('show-form')!.read();
    if (!draft) return;
    this.busy = true;
    this.fault = undefined;
    try {
      await backend.updateShow(this.model.slug, draft);
      toast({ kind: 'ok', text: t('console.saved') });
      await this.model.refresh();
    } catch (e) {
      this.fault = e;
    } finally {
      this.busy = false;
    }
  }
}
customElements.define('show-page', ShowPage);
