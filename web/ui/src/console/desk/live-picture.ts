import { LitElement, css, html, nothing } from 'lit';
import { number, t } from '../../lib/i18n';
import { Player } from '../../lib/player';
import { speakerIcon, speakerOffIcon } from '../ui/icons';
import { base, buttons } from '../ui/styles';
import type { PinActions } from './pin-actions';

/** The live picture as viewers get it, with its true delay, and the source of 'what I am seeing'. */
export class LivePicture extends LitElement {
  static override properties = { actions: { attribute: false }, onAir: { type: Boolean }, watching: { type: Number } };
  actions!: PinActions;
  onAir = false;
  /** How many watch, where the desk has no other place for it. */
  watching?: number;
  private player?: Player;

  static override styles = [base, buttons, css`
    :host { position: relative; background: #0d0b09; border-radius: var(--radius-m); overflow: hidden; color: var(--over); }
    video { width: 100%; height: 100%; object-fit: contain; }
    .top, .bottom { position: absolute; inset-inline: .5rem; display: flex; align-items: center; gap: .375rem; pointer-events: none; }
    .top { top: .5rem; }
    .controls { display: flex; gap: .375rem; }
    .bottom { bottom: .5rem; justify-content: space-between; }
    .chip { background: var(--over-bg); border-radius: 99px; padding: .25rem .625rem; font-size: .8125rem; font-weight: 600; line-height: 1.3; font-variant-numeric: tabular-nums; }
    button { pointer-events: auto; background: var(--over-bg); border-color: transparent; color: var(--over); border-radius: 99px; }
    button:hover { background: var(--over-bg-strong); }
    :focus-visible { outline-color: #fff; }
    .word { position: absolute; inset: 0; display: grid; place-content: center; text-align: center; gap: .25rem; padding: 1rem; font-size: .875rem; line-height: 1.45; color: var(--over-2); }
    .word strong { color: var(--over); font-size: 1rem; }
  `];

  override render() {
    const p = this.player;
    const delay = p?.latency() ?? null;
    return html`
      <video aria-label=${t('console.picture')} tabindex="-1"></video>
      ${this.word()}
      ${this.watching === undefined ? nothing : html`<div class="top"><span class="chip">${t('console.watching', { n: this.watching })}</span></div>`}
      ${p && delay !== null ? html`<div class="bottom">
        <span class="chip">${t('console.delay', { s: number(delay, { minimumFractionDigits: 1, maximumFractionDigits: 1 }) })}</span>
        <span class="controls">
          ${p.atLive ? nothing : html`<button class="small" @click=${() => p.jumpToLive()}>${t('console.jump')}</button>`}
          <button class="icon" aria-label=${p.muted ? t('console.unmute') : t('console.mute')} @click=${this.toggleSound}>${p.muted ? speakerOffIcon : speakerIcon}</button>
        </span></div>` : nothing}`;
  }

  override updated(changed: Map<string, unknown>): void {
    if (changed.has('onAir')) this.player?.hint(this.onAir);
  }

  override firstUpdated(): void { this.open(); }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.hasUpdated) this.open();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.player?.stop();
    this.player = undefined;
    this.actions.seen = () => null;
  }

  toggleSound(): void { this.player?.setMuted(!this.player.muted); }

  private open(): void {
    const { model } = this.actions;
    const player = new Player(this.renderRoot.querySelector('video')!, {
      src: `/live/${encodeURIComponent(model.slug)}/index.m3u8`, clock: model.now() - Date.now(),
    });
    player.addEventListener('change', () => { player.setClock(model.now() - Date.now()); this.requestUpdate(); });
    this.actions.seen = () => player.wallNow();
    this.player = player;
    player.start();
  }

  private word() {
    switch (this.player?.status) {
      case 'loading': return html`<p class="word">${t('console.picture.loading')}</p>`;
      case 'stalled': return html`<p class="word">${t('console.picture.stalled')}</p>`;
      case 'offline':
      case 'ended': return html`<p class="word"><strong>${t('console.picture.offline')}</strong>${t('console.picture.offline.hint')}</p>`;
      case 'unplayable': return html`<p class="word"><strong>${t('console.picture.unplayable')}</strong>${t('console.picture.unplayable.hint')}</p>`;
      default: return nothing;
    }
  }
}
customElements.define('live-picture', LivePicture);
