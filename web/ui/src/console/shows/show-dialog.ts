import { LitElement, html } from 'lit';
import { t } from '../../lib/i18n';
import * as backend from '../model/backend';
import type { ConsoleDialog } from '../ui/dialog';
import { base, buttons } from '../ui/styles';
import type { ShowForm } from './show-form';
import '../ui/dialog';
import './show-form';

/** Makes a new show. Fires `saved` with it, and `closed`. */
export class ShowDialog extends LitElement {
  static override properties = { busy: { state: true }, fault: { state: true } };
  private busy = false;
  private fault?: unknown;

  static override styles = [base, buttons];

  override render() {
    return html`<console-dialog wide heading=${t('console.show.new')} @closed=${() => this.dispatchEvent(new CustomEvent('closed'))}>
      <show-form .fault=${this.fault} @save=${this.save}></show-form>
      <div slot="actions" class="actions end">
        <button class="plain" @click=${() => this.box.close()}>${t('console.cancel')}</button>
        <button class="primary" ?disabled=${this.busy} aria-busy=${this.busy} @click=${this.save}>${t('console.show.create')}</button>
      </div>
    </console-dialog>`;
  }

  private get box(): ConsoleDialog { return this.renderRoot.querySelector<ConsoleDialog>('console-dialog')!; }

  private async save(): Promise<void> {
    const draft = this.renderRoot.querySelector<ShowForm>('show-form')!.read();
    if (!draft) return;
    this.busy = true;
    this.fault = undefined;
    try {
      const show = await backend.createShow(draft);
      this.box.close();
      this.dispatchEvent(new CustomEvent('saved', { detail: show }));
    } catch (e) {
      this.fault = e;
    } finally {
      this.busy = false;
    }
  }
}
customElements.define('show-dialog', ShowDialog);
