import { LitElement, html } from 'lit';
import { base } from '../lib/base';
import { t } from '../lib/i18n';
import { sheet } from '../lib/style';
import { icons } from './icons';
import text from './studio-sheet.css';

/**
 * A sheet from the lower edge (in the middle of a large window) around the browser's own <dialog>, which keeps the
 * focus inside and gives it back. Fires `closed` however it went.
 */
export class StudioSheet extends LitElement {
  static override properties = { heading: {} };
  static override styles = [base, sheet(text)];
  heading = '';

  protected override render() {
    return html`<dialog aria-labelledby="heading" @close=${() => this.dispatchEvent(new CustomEvent('closed'))} @pointerdown=${this.beside}>
      <div class="head">
        <h2 id="heading">${this.heading}</h2>
        <button type="button" class="icon-button" data-action="close" aria-label=${t('studio.close')} @click=${() => this.close()}>${icons.close}</button>
      </div>
      <div class="body"><slot></slot></div>
    </dialog>`;
  }

  override firstUpdated(): void {
    this.dialog.showModal();
    this.querySelector<HTMLElement>('[autofocus]')?.focus();
  }

  close(): void {
    this.dialog.close();
  }

  private get dialog(): HTMLDialogElement {
    return this.renderRoot.querySelector('dialog')!;
  }

  private beside(e: PointerEvent): void {
    if (e.target !== this.dialog) return;
    const box = this.dialog.getBoundingClientRect();
    if (e.clientX < box.left || e.clientX > box.right || e.clientY < box.top || e.clientY > box.bottom) this.close();
  }
}

customElements.define('studio-sheet', StudioSheet);
