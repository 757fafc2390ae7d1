import { html, nothing } from 'lit';
import { base } from '../lib/base';
import { t } from '../lib/i18n';
import { sheet } from '../lib/style';
import { StudioElement } from './element';
import { layered, qualities, type Quality, type Shape } from './quality';
import './studio-sheet';
import text from './studio-settings.css';

/** Camera, microphone, quality and shape. Everything but the number of layers can change while live. */
export class StudioSettings extends StudioElement {
  static override styles = [base, sheet(text)];

  protected override render() {
    const { studio } = this;
    const { devices, publisher, settings, turns } = studio;
    const can = layered(settings.quality);
    return html`<studio-sheet heading=${t('studio.settings')} @closed=${() => this.dispatchEvent(new CustomEvent('closed'))}>
      <div class="list">
        ${this.device('camera', t('studio.settings.camera'), devices.cameras, devices.camera)}
        ${this.device('microphone', t('studio.settings.microphone'), devices.microphones, devices.microphone)}
        ${this.choice('quality', t('studio.settings.quality'), t('studio.settings.quality.hint'), settings.quality, qualities.map((q) => [q, q.replace('p', ' p')] as const), (q) => void studio.set({ quality: q as Quality }))}
        ${turns ? nothing : this.choice('shape', t('studio.settings.shape'), '', settings.shape, [['wide', t('studio.settings.wide')], ['tall', t('studio.settings.tall')]], (s) => void studio.set({ shape: s as Shape }))}
        <label class="check"><input type="checkbox" name="layers" .checked=${settings.layers && can} ?disabled=${publisher.busy || !can}
            aria-describedby="layers-hint" @change=${(e: Event) => void studio.set({ layers: (e.target as HTMLInputElement).checked })} />${t('studio.settings.layers')}</label>
        <p class="hint" id="layers-hint">${t(can ? (publisher.busy ? 'studio.settings.layers.busy' : 'studio.settings.layers.hint') : 'studio.settings.layers.small')}</p>
        <button type="button" class="button wide" data-action="leave" ?disabled=${publisher.busy} @click=${() => studio.leave()}>${t('studio.key.change')}</button>
      </div>
    </studio-sheet>`;
  }

  private device(kind: 'camera' | 'microphone', label: string, all: MediaDeviceInfo[], track: MediaStreamTrack | null) {
    const now = track?.getSettings().deviceId ?? '';
    const { devices } = this.studio;
    return html`<div class="field">
      <label for=${kind}>${label}</label>
      <select class="input" id=${kind} ?disabled=${all.length === 0 || devices.busy} @change=${(e: Event) => void this.studio.choose(kind, (e.target as HTMLSelectElement).value)}>
        ${now === '' || !all.some((d) => d.deviceId === now) ? html`<option value="" selected disabled>${t('studio.settings.none')}</option>` : nothing}
        ${all.map((d, i) => html`<option value=${d.deviceId} ?selected=${d.deviceId === now}>${d.label || `${label} ${i + 1}`}</option>`)}
      </select>
    </div>`;
  }

  private choice(name: string, label: string, hint: string, now: string, list: readonly (readonly [string, string])[], set: (value: string) => void) {
    return html`<fieldset>
      <legend>${label}</legend>
      <div class="segments">
        ${list.map(([value, says]) => html`<label><input type="radio" name=${name} value=${value} .checked=${value === now} @change=${() => set(value)} /><span>${says}</span></label>`)}
      </div>
      ${hint ? html`<p class="hint">${hint}</p>` : nothing}
    </fieldset>`;
  }
}

customElements.define('studio-settings', StudioSettings);
