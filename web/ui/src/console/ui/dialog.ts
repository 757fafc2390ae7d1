import { LitElement, css, html } from 'lit';
import { t } from '../../lib/i18n';
import { base, buttons } from './styles';
import { closeIcon } from './icons';

let open = 0;

/** True while any dialog of the console is open: shortcuts of the desk then rest. */
export const dialogOpen = (): boolean => open > 0;

/**
 * A modal dialog around the browser's own <dialog>, which keeps the focus inside and gives it back. On a phone it is
 * a sheet from the bottom edge. Slots: default (content), `actions` (buttons at the end). Fires `closed` however
 * it went; with `locked` neither Esc nor a click beside it closes it.
 */
export class ConsoleDialog extends LitElement {
  static override properties = { heading: {}, wide: { type: Boolean }, locked: { type: Boolean } };
  heading = '';
  wide = false;
  locked = false;
  private counted = false;

  static override styles = [base, buttons, css`
    dialog { border: 1px solid var(--line); border-radius: var(--radius-l); background: var(--surface); color: inherit; padding: 0;
      width: min(30rem, calc(100vw - 2rem)); max-height: min(46rem, calc(100dvh - 2rem)); box-shadow: var(--shadow-2); overflow: hidden; }
    :host([wide]) dialog { width: min(46rem, calc(100vw - 2rem)); }
    dialog[open] { display: flex; flex-direction: column; animation: rise .16s ease-out; }
    dialog::backdrop { background: rgb(20 16 12 / .5); }
    .head { display: flex; align-items: center; gap: .75rem; padding: .875rem .875rem .5rem 1.25rem; }
    .head h2 { flex: 1; font-size: 1.125rem; }
    .body { padding: .25rem 1.25rem 1.25rem; overflow: auto; overscroll-behavior: contain; flex: 1; min-height: 0; }
    .foot { padding: .75rem 1.25rem; border-top: 1px solid var(--line); }
    .foot.none { display: none; }
    @keyframes rise { from { transform: translateY(.5rem); opacity: 0; } }
    @media (max-width: 799px) {
      dialog, :host([wide]) dialog { width: 100vw; max-width: 100vw; max-height: calc(100dvh - 2.5rem); margin: auto 0 0;
        border-radius: var(--radius-l) var(--radius-l) 0 0; border-width: 1px 0 0; }
      .foot { padding-bottom: calc(.75rem + env(safe-area-inset-bottom)); }
    }
  `];

  override render() {
    return html`<dialog aria-labelledby="heading" @cancel=${this.onCancel} @close=${this.onClose} @pointerdown=${this.onPointer}>
      <div class="head"><h2 id="heading">${this.heading}</h2>
        ${this.locked ? null : html`<button class="plain icon" aria-label=${t('console.close')} @click=${() => this.close()}>${closeIcon}</button>`}
      </div>
      <div class="body"><slot></slot></div>
      <div class="foot none"><slot name="actions" @slotchange=${this.onActions}></slot></div>
    </dialog>`;
  }

  override firstUpdated(): void { this.show(); }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.uncount();
  }

  close(): void { this.dialog.close(); }

  private get dialog(): HTMLDialogElement { return this.renderRoot.querySelector('dialog')!; }

  private show(): void {
    this.counted = true;
    open++;
    this.dialog.showModal();
    // The first thing to do in the dialog, not the button that leaves it.
    this.querySelector<HTMLElement>('[autofocus]')?.focus();
  }

  private onCancel(e: Event): void { if (this.locked) e.preventDefault(); }

  private onPointer(e: PointerEvent): void {
    if (e.target !== this.dialog || this.locked) return;
    const box = this.dialog.getBoundingClientRect();
    const inside = e.clientX >= box.left && e.clientX <= box.right && e.clientY >= box.top && e.clientY <= box.bottom;
    if (!inside) this.close();
  }

  private onClose(): void {
    this.uncount();
    this.dispatchEvent(new CustomEvent('closed'));
  }

  private uncount(): void {
    if (!this.counted) return;
    this.counted = false;
    open--;
  }

  private onActions(e: Event): void {
    const slot = e.target as HTMLSlotElement;
    slot.parentElement!.classList.toggle('none', slot.assignedElements().length === 0);
  }
}
customElements.define('console-dialog', ConsoleDialog);
