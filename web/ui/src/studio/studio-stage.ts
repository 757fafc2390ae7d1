import { html, nothing, type TemplateResult } from 'lit';
import { base } from '../lib/base';
import { t } from '../lib/i18n';
import { sheet } from '../lib/style';
import { StudioElement } from './element';
import './end-question';
import { icons } from './icons';
import './level-meter';
import { notice } from './notice';
import './studio-settings';
import text from './studio-stage.css';
import { bitrateText, clock, limitText, phaseText, refusalWords, troubleWords } from './words';

/** The picture as it goes out, its state above it, what the thumb needs below it. */
export class StudioStage extends StudioElement {
  static override properties = { ...StudioElement.properties, silent: { state: true }, settings: { state: true }, asking: { state: true } };
  static override styles = [base, sheet(text)];
  private silent = false;
  private settings = false;
  private asking = false;
  private shown: MediaStreamTrack | null = null;
  private ticker: ReturnType<typeof setInterval> | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    // The clock goes on while the line is away and nothing else changes.
    this.ticker = setInterval(() => this.studio?.publisher.busy && this.requestUpdate(), 1000);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.ticker);
  }

  override updated(): void {
    const { picture } = this.studio.devices;
    if (picture === this.shown) return;
    this.shown = picture;
    const video = this.renderRoot.querySelector('video')!;
    video.srcObject = picture ? new MediaStream([picture]) : null;
    // Muted and inline: no browser refuses.
    if (picture) void video.play().catch(() => undefined);
  }

  protected override render() {
    const { devices, publisher } = this.studio;
    const empty = !devices.picture || devices.dark || devices.picture.muted;
    return html`<main class="stage" data-phase=${publisher.phase}>
      <h1 class="visually-hidden">${t('studio.title')}</h1>
      <p class="visually-hidden" role="status">${phaseText(publisher)}</p>
      <div class="picture">
        <video class=${devices.mirrored ? 'mirrored' : ''} muted playsinline autoplay aria-label=${t('studio.preview')} ?hidden=${!devices.picture}></video>
        ${empty ? html`<p class="nothing">${icons.dark}<span>${this.emptyText()}</span></p>` : nothing}
        <div class="top">${this.state()} ${this.facts()}</div>
        <div class="notices">${this.notices()}</div>
      </div>
      <div class="deck" role="group" aria-label=${t('studio.controls')}>
        <level-meter .track=${devices.microphone} .muted=${devices.muted} @silent=${(e: CustomEvent<boolean>) => { this.silent = e.detail; }}></level-meter>
        <div class="tools">${this.tools()}</div>
        ${this.go()}
      </div>
    </main>
    ${this.settings ? html`<studio-settings .studio=${this.studio} @closed=${() => { this.settings = false; }}></studio-settings>` : nothing}
    ${this.asking ? this.question() : nothing}`;
  }

  private emptyText(): string {
    const { devices } = this.studio;
    if (!devices.picture) return t('studio.picture.none');
    return devices.dark ? t('studio.picture.dark') : t('studio.picture.paused');
  }

  private state(): TemplateResult {
    const { publisher } = this.studio;
    const { phase } = publisher;
    const waiting = phase === 'connecting' || phase === 'reconnecting';
    return html`<p class="chip ${phase}" aria-hidden="true">
      ${phase === 'live' ? html`<span class="dot"></span>` : nothing}${waiting ? html`<span class="spinner"></span>` : nothing}
      <span>${phaseText(publisher)}</span>
      ${phase === 'live' || (phase === 'reconnecting' && publisher.since) ? html`<time class="clock">${clock(Date.now() - publisher.since)}</time>` : nothing}
    </p>`;
  }

  private facts() {
    const { phase, reading: r } = this.studio.publisher;
    if (!r || phase !== 'live') return nothing;
    return html`<p class="chip facts">
      ${r.bitrate === null ? nothing : html`<span data-fact="rate">${bitrateText(r.bitrate)}</span>`}
      ${r.roundTrip === null ? nothing : html`<span data-fact="trip" title=${t('studio.trip.title')}>${t('studio.trip', { n: Math.round(r.roundTrip) })}</span>`}
      ${r.height ? html`<span data-fact="size">${r.width}×${r.height}</span>` : nothing}
    </p>`;
  }

  private notices() {
    const { studio } = this;
    const { devices, publisher } = studio;
    const { refusal, reading } = publisher;
    const limit = publisher.phase === 'live' && reading ? limitText(reading) : '';
    const again = { name: 'open', text: t('studio.enter.again'), run: () => void devices.open() };
    return html`<div class="alerts" role="alert">
        ${publisher.phase === 'refused' && refusal
          ? notice('bad', refusalWords(refusal), refusal.kind === 'key' ? { name: 'leave', text: t('studio.key.change'), run: () => studio.leave() } : undefined)
          : nothing}
        ${[...devices.troubles].map(([kind, trouble]) => notice('bad', troubleWords(kind, trouble), kind !== 'screen' && !devices[kind] ? again : undefined))}
      </div>
      <div class="alerts" role="status">
        ${this.silent ? notice('warn', { what: t('studio.silent'), todo: t('studio.silent.do') }) : nothing}
        ${limit ? html`<p class="chip limit">${limit}</p>` : nothing}
      </div>`;
  }

  private tools() {
    const { devices } = this.studio;
    const tool = (name: string, icon: TemplateResult, label: string, run: () => void, more: { off?: boolean; pressed?: boolean } = {}) => html`<button
      type="button" class="tool ${more.pressed ? 'on' : ''}" data-action=${name} ?disabled=${more.off ?? false} @click=${run}><span class="disc">${icon}</span><span class="label">${label}</span></button>`;
    return html`
      ${tool('mute', devices.muted ? icons.muted : icons.microphone, devices.muted ? t('studio.unmute') : t('studio.mute'), () => devices.mute(!devices.muted), { off: !devices.microphone, pressed: devices.muted })}
      ${tool('dark', devices.dark ? icons.dark : icons.camera, devices.dark ? t('studio.undark') : t('studio.dark'), () => devices.darken(!devices.dark), { off: !devices.picture, pressed: devices.dark })}
      ${devices.canFlip ? tool('flip', icons.flip, t('studio.flip'), () => void this.studio.flip(), { off: devices.busy || devices.screen !== null }) : nothing}
      ${devices.canShare
        ? tool('share', devices.screen ? icons.unscreen : icons.screen, devices.screen ? t('studio.unshare') : t('studio.share'), () => (devices.screen ? devices.stopSharing() : void devices.share()), { pressed: devices.screen !== null })
        : nothing}
      ${tool('settings', icons.settings, t('studio.settings'), () => { this.settings = true; })}`;
  }

  /** One button in one place: it goes live, and ends. */
  private go() {
    const { devices, publisher } = this.studio;
    if (publisher.busy) {
      return html`<button type="button" class="go end" data-action="end" @click=${() => { this.asking = true; }}>${publisher.phase === 'connecting' ? t('studio.cancel') : t('studio.end')}</button>`;
    }
    const again = publisher.phase === 'refused' ? t('studio.again') : publisher.phase === 'ended' ? t('studio.live.again') : t('studio.live');
    return html`<button type="button" class="go" data-action="live" ?disabled=${devices.busy || (!devices.picture && !devices.microphone)} @click=${() => void this.studio.goLive()}>${again}</button>`;
  }

  private question(): TemplateResult {
    const done = (): void => { this.asking = false; };
    const end = (): void => {
      done();
      void this.studio.publisher.end();
    };
    return html`<end-question @stay=${done} @end=${end}></end-question>`;
  }
}

customElements.define('studio-stage', StudioStage);
