import { LitElement, html, nothing } from 'lit';
import { base } from '../lib/base';
import { t } from '../lib/i18n';
import { sheet } from '../lib/style';
import { Level, share } from './level';
import text from './level-meter.css';

/** Above this many decibels under the loudest it is too loud, under this it is hard to hear. */
const loud = -6;
const faint = -45;

/**
 * The microphone's level as a bar. It moves with the sound; for who wants less motion twice a second. Fires
 * `silent` with whether nothing at all has been heard for a while.
 */
export class LevelMeter extends LitElement {
  static override properties = { track: { attribute: false }, muted: { type: Boolean }, words: { state: true } };
  static override styles = [base, sheet(text)];
  track: MediaStreamTrack | null = null;
  muted = false;
  private words: 'good' | 'faint' | 'loud' = 'good';
  private level: Level | null = null;
  private heardOf: MediaStreamTrack | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private frame = 0;
  private told = false;
  private peak = -100;
  private said = 0;
  private readonly calm = matchMedia('(prefers-reduced-motion: reduce)');

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.listen(null);
  }

  override updated(): void {
    this.listen(this.isConnected ? this.track : null);
  }

  protected override render() {
    const value = this.muted ? t('studio.level.muted') : this.words === 'loud' ? t('studio.level.loud') : this.words === 'faint' ? t('studio.level.faint') : t('studio.level.good');
    if (!this.track) return nothing;
    return html`<div class="bar" role="meter" aria-label=${t('studio.level')} aria-valuemin="0" aria-valuemax="100" aria-valuenow="0" aria-valuetext=${value}><div class="fill"></div></div>`;
  }

  private listen(track: MediaStreamTrack | null): void {
    if (track === this.heardOf) return;
    this.heardOf = track;
    clearTimeout(this.timer);
    cancelAnimationFrame(this.frame);
    this.level?.stop();
    this.level = track ? new Level(track) : null;
    this.tell(false);
    if (track) this.look();
  }

  private look(): void {
    const { level } = this;
    if (!level) return;
    const now = this.muted ? -100 : level.read();
    this.peak = Math.max(now, this.peak);
    this.renderRoot.querySelector<HTMLElement>('.fill')?.style.setProperty('--level', String(share(now)));
    // For screen readers: the loudest of the last second.
    if (performance.now() - this.said > 1000) {
      this.said = performance.now();
      this.words = this.peak > loud ? 'loud' : this.peak < faint ? 'faint' : 'good';
      this.renderRoot.querySelector('.bar')?.setAttribute('aria-valuenow', String(Math.round(share(this.peak) * 100)));
      this.peak = -100;
      this.tell(level.silent && !this.muted);
    }
    if (this.calm.matches) this.timer = setTimeout(() => this.look(), 500);
    else this.frame = requestAnimationFrame(() => this.look());
  }

  private tell(silent: boolean): void {
    if (silent === this.told) return;
    this.told = silent;
    this.dispatchEvent(new CustomEvent('silent', { detail: silent }));
  }
}

customElements.define('level-meter', LevelMeter);
