import { LitElement, css, html } from 'lit';
import { t } from '../../lib/i18n';
import { setSetting, setting } from './settings';
import { base, fields } from './styles';
import './dialog';

/** Whether single keys do anything at this browser; they can be turned off for who speaks or mistypes to the page. */
export const shortcutsOn = (): boolean => setting('shortcuts', true);

/** Lists the desk's keys and turns them on and off. Fires `closed`. */
export class ShortcutsDialog extends LitElement {
  static override properties = { on: { state: true } };
  private on = shortcutsOn();

  static override styles = [base, fields, css`
    dl { display: grid; grid-template-columns: auto 1fr; gap: .625rem 1.25rem; align-items: center; font-size: .9375rem; }
    dt { display: flex; gap: .25rem; align-items: center; }
    kbd { font: 650 .8125rem/1.625rem var(--font); min-width: 1.75rem; padding: 0 .4375rem; text-align: center; border: 1px solid var(--line); border-bottom-width: 2px; border-radius: 6px; background: var(--surface-2); }
    .check { margin-top: 1.25rem; }
  `];

  override render() {
    return html`<console-dialog heading=${t('console.keys')} @closed=${() => this.dispatchEvent(new CustomEvent('closed'))}>
      <dl>
        <dt><kbd>1</kbd>–<kbd>9</kbd></dt><dd>${t('console.keys.pin')}</dd>
        <dt><kbd>⇧</kbd><kbd>1</kbd>–<kbd>9</kbd></dt><dd>${t('console.keys.other')}</dd>
        <dt><kbd>Esc</kbd></dt><dd>${t('console.keys.esc')}</dd>
        <dt><kbd>S</kbd></dt><dd>${t('console.keys.switch')}</dd>
        <dt><kbd>M</kbd></dt><dd>${t('console.keys.mute')}</dd>
        <dt><kbd>?</kbd></dt><dd>${t('console.keys.help')}</dd>
      </dl>
      <label class="check"><input type="checkbox" .checked=${this.on} @change=${this.turn}>${t('console.keys.on')}</label>
      <p class="help">${t('console.keys.typing')}</p>
    </console-dialog>`;
  }

  private turn(e: Event): void {
    this.on = (e.target as HTMLInputElement).checked;
    setSetting('shortcuts', this.on);
  }
}
customElements.define('shortcuts-dialog', ShortcutsDialog);
