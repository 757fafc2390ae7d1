import { LitElement, html, nothing } from 'lit';
import { base } from '../lib/base';
import { t } from '../lib/i18n';
import { sheet } from '../lib/style';
import { setShortcuts, shortcutsOn } from './keys';
import text from './keys-help.css';

/** Tells the single-key shortcuts and lets them be turned off (WCAG 2.1.4). No use without a keyboard. */
export class KeysHelp extends LitElement {
  static override styles = [base, sheet(text)];

  protected override render() {
    if (!matchMedia('(hover: hover) and (pointer: fine)').matches) return nothing;
    const keys = [
      ['K', t('keys.play')],
      ['M', t('keys.mute')],
      ['F', t('keys.fullscreen')],
      ['I', t('keys.pip')],
      ['L', t('keys.live')],
      ['← →', t('keys.seek')],
      ['↑ ↓', t('keys.volume')],
      ['Esc', t('keys.back')],
    ];
    return html`<details>
      <summary>${t('keys.title')}</summary>
      <dl>${keys.map(([k, what]) => html`<div><dt><kbd>${k}</kbd></dt><dd>${what}</dd></div>`)}</dl>
      <label><input type="checkbox" .checked=${shortcutsOn()} @change=${(e: Event) => setShortcuts((e.target as HTMLInputElement).checked)} />${t('keys.on')}</label>
    </details>`;
  }
}

customElements.define('keys-help', KeysHelp);
