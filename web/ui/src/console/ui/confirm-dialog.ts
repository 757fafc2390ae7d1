import { LitElement, html, nothing } from 'lit';
import { t } from '../../lib/i18n';
import { explained } from '../model/faults';
import type { ConsoleDialog } from './dialog';
import { base, buttons, fields } from './styles';
import './dialog';

/** Asks before something that cannot be taken back. `run` does it; its failure is said here. Fires `closed`. */
export class ConfirmDialog extends LitElement {
  static override properties = { heading: {}, text: {}, action: {}, run: { attribute: false }, busy: { state: true }, fault: { state: true } };
  heading = '';
  text = '';
  action = '';
  run: () => Promise<unknown> = () => Promise.resolve();
  private busy = false;
  private fault?: unknown;

  static override styles = [base, buttons, fields];

  override render() {
    return html`<console-dialog heading=${this.heading} @closed=${() => this.dispatchEvent(new CustomEvent('closed'))}>
      <p>${this.text}</p>
      <p class="wrong" role="alert">${this.fault ? explained(this.fault) : nothing}</p>
      <div slot="actions" class="actions end">
        <button class="plain" autofocus @click=${this.close}>${t('console.back')}</button>
        <button class="danger" ?disabled=${this.busy} aria-busy=${this.busy} @click=${this.go}>${this.action}</button>
      </div>
    </console-dialog>`;
  }

  private readonly close = (): void => this.renderRoot.querySelector<ConsoleDialog>('console-dialog')!.close();

  private async go(): Promise<void> {
    this.busy = true;
    this.fault = undefined;
    try {
      await this.run();
      this.close();
    } catch (e) {
      this.fault = e;
    } finally {
      this.busy = false;
    }
  }
}
customElements.define('confirm-dialog', ConfirmDialog);
