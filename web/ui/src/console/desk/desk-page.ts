import { LitElement, css, html, nothing } from 'lit';
import { t } from '../../lib/i18n';
import type { DeskModel } from '../model/desk';
import { Watch } from '../model/observable';
import { keysIcon, unpinIcon } from '../ui/icons';
import { base, buttons, surfaces } from '../ui/styles';
import { KeyListener } from './desk-keys';
import type { LivePicture } from './live-picture';
import { PinActions } from './pin-actions';
import '../orders/order-list';
import '../ui/shortcuts-dialog';
import './desk-counters';
import './lineup-board';
import './live-picture';
import './moment-switch';
import './on-screen';
import './stream-card';

/**
 * The desk of one show. On a desktop: the picture and the stream, what is on screen with the line-up, the orders, each
 * in its column and all on one screen. On a phone: the picture small at the top, the line-up under the thumb.
 */
export class DeskPage extends LitElement {
  static override properties = { model: { attribute: false }, narrow: { type: Boolean, reflect: true }, help: { state: true } };
  model!: DeskModel;
  narrow = false;
  private help = false;
  private actions!: PinActions;

  constructor() {
    super();
    new Watch(this, () => this.model);
    new KeyListener(this, {
      pin: (i, other) => { const p = this.model.lineup[i]; if (p) void this.actions.toggle(p.id, undefined, other); },
      unpinAll: () => void this.actions.unpinAll(),
      switchMoment: () => this.actions.choose(this.actions.moment === 'now' ? 'seen' : 'now'),
      mute: () => this.renderRoot.querySelector<LivePicture>('live-picture')?.toggleSound(),
      help: () => { this.help = true; },
    });
  }

  static override styles = [base, buttons, surfaces, css`
    :host { height: 100%; min-height: 0; }
    .columns { display: grid; grid-template-columns: minmax(17rem, 21.25rem) minmax(30rem, 1fr) minmax(19rem, 23.75rem); gap: .875rem; height: 100%; padding: .875rem; }
    .column { display: flex; flex-direction: column; gap: .875rem; min-height: 0; min-width: 0; }
    .column.left { overflow: auto; }
    live-picture { flex: 1 1 24rem; min-height: 15rem; max-height: 34rem; }
    .pad { padding: .75rem .875rem; }
    .head { display: flex; align-items: center; gap: .5rem; padding: .5rem .625rem .5rem .875rem; min-height: 3.25rem; }
    .head h2 { flex: 1; }
    on-screen { padding: 0 .75rem .75rem; }
    .lineup { flex: 1; min-height: 0; display: flex; flex-direction: column; overflow: hidden; }
    .lineup .head { border-bottom: 1px solid var(--line); }
    .lineup lineup-board { overflow: auto; flex: 1; overscroll-behavior: contain; }
    .orders { flex: 1; min-height: 0; display: flex; flex-direction: column; overflow: hidden; }
    .orders order-list { flex: 1; }
    @media (max-width: 1199px) {
      .columns { grid-template-columns: minmax(15rem, 18rem) minmax(28rem, 1fr); height: auto; }
      .column.right { grid-column: 1 / -1; }
      .orders { max-height: 30rem; }
    }
    .thumb { display: flex; flex-direction: column; height: 100%; }
    .thumb live-picture { flex: none; height: min(26dvh, 15rem); min-height: 9rem; border-radius: 0; }
    .thumb on-screen { padding: .5rem .625rem; flex: none; }
    .thumb lineup-board { flex: 1; min-height: 0; overflow: auto; padding: .125rem .625rem .75rem; overscroll-behavior: contain; }
    @media (min-width: 600px) {
      .thumb { display: grid; grid-template: 'picture up' auto 'picture lineup' minmax(0, 1fr) 'picture bar' auto / minmax(9rem, 30%) minmax(0, 1fr); }
      .thumb live-picture { grid-area: picture; height: auto; }
      .thumb on-screen { grid-area: up; }
      .thumb lineup-board { grid-area: lineup; }
      .bar { grid-area: bar; }
    }
    .bar { flex: none; display: flex; align-items: center; justify-content: space-between; gap: .5rem; padding: .375rem .625rem; background: var(--surface); border-top: 1px solid var(--line); }
  `];

  override willUpdate(changed: Map<string, unknown>): void {
    if (changed.has('model')) this.actions = new PinActions(this.model);
  }

  override render() {
    const desk = this.model.desk;
    if (!desk) return this.bones();
    return html`${this.narrow ? this.phone() : this.desktop()}
      ${this.help ? html`<shortcuts-dialog @closed=${() => { this.help = false; }}></shortcuts-dialog>` : nothing}`;
  }

  private desktop() {
    const { model, actions } = this;
    const show = model.desk!.show;
    return html`<div class="columns">
      <div class="column left">
        <live-picture .actions=${actions} .onAir=${show.onAir}></live-picture>
        <section class="panel pad" aria-label=${t('console.stream')}><stream-card .model=${model}></stream-card></section>
      </div>
      <div class="column">
        <section class="panel" aria-labelledby="on-screen">
          <div class="head"><h2 id="on-screen">${t('console.onScreen')}</h2>${this.unpinAll()}</div>
          <on-screen .actions=${actions}></on-screen>
        </section>
        <section class="panel lineup" aria-labelledby="lineup">
          <div class="head"><h2 id="lineup">${t('console.lineup')}</h2><moment-switch .actions=${actions}></moment-switch>
            <button class="plain icon small" aria-label=${t('console.keys')} title="${t('console.keys')} (?)" @click=${() => { this.help = true; }}>${keysIcon}</button></div>
          <lineup-board .actions=${actions}></lineup-board>
        </section>
      </div>
      <div class="column right">
        <section class="panel pad" aria-label=${t('console.counters')}><desk-counters .model=${model}></desk-counters></section>
        <section class="panel orders" aria-label=${t('console.orders')}><order-list .orders=${model.orders}></order-list></section>
      </div>
    </div>`;
  }

  private phone() {
    const { model, actions } = this;
    return html`<div class="thumb">
      <live-picture .actions=${actions} .onAir=${model.desk!.show.onAir} .watching=${model.desk!.viewers}></live-picture>
      <h2 class="visually-hidden">${t('console.onScreen')}</h2>
      <on-screen .actions=${actions}></on-screen>
      <h2 class="visually-hidden">${t('console.lineup')}</h2>
      <lineup-board tiles .actions=${actions}></lineup-board>
      <div class="bar"><moment-switch .actions=${actions}></moment-switch>${this.unpinAll()}</div>
    </div>`;
  }

  private unpinAll() {
    const none = this.model.board.open.length === 0;
    return html`<button class="small plain" ?disabled=${none} @click=${() => this.actions.unpinAll()}>${unpinIcon}${t('console.unpinAll')}</button>`;
  }

  private bones() {
    const bone = html`<div class="bone"></div>`;
    return html`<div class="columns" role="status" aria-label=${t('console.loading')}>${bone}${bone}${bone}</div>`;
  }
}
customElements.define('desk-page', DeskPage);
