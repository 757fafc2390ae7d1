import { LitElement, css, html, nothing } from 'lit';
import { t } from '../../lib/i18n';
import { checkIcon, copyIcon, eyeIcon, eyeOffIcon } from './icons';
import { base, buttons } from './styles';
import { say } from './toasts';

/** A value to take elsewhere: shown (or hidden until asked for, with `secret`) and copied by one click. */
export class CopyField extends LitElement {
  static override properties = { label: {}, value: {}, secret: { type: Boolean }, open: { state: true }, copied: { state: true } };
  label = '';
  value = '';
  secret = false;
  private open = false;
  private copied = false;

  static override styles = [base, buttons, css`
    :host { min-width: 0; }
    .label { font-size: .75rem; color: var(--text-2); margin-bottom: .125rem; }
    .box { display: flex; align-items: center; gap: .125rem; background: var(--surface-2); border-radius: var(--radius-s); padding-inline-start: .625rem; min-height: 2.25rem; }
    code { font: .8125rem/1.3 ui-monospace, 'Cascadia Mono', Menlo, monospace; flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    code:focus-visible { outline-offset: -1px; border-radius: 3px; }
    button:hover { background: var(--surface-3); }
  `];

  override render() {
    const hidden = this.secret && !this.open;
    return html`<div class="label" id="label">${this.label}</div>
      <div class="box">
        <code translate="no" aria-labelledby="label" role="textbox" aria-readonly="true" tabindex="0">${hidden ? html`<span aria-hidden="true">••••••••••••</span><span class="visually-hidden">${t('console.hidden')}</span>` : this.value}</code>
        ${this.secret ? html`<button class="plain icon small" aria-pressed=${this.open} aria-label=${t('console.reveal', { what: this.label })}
          @click=${() => { this.open = !this.open; }}>${this.open ? eyeOffIcon : eyeIcon}</button>` : nothing}
        <button class="plain icon small" aria-label=${t('console.copy', { what: this.label })} @click=${this.copy}>${this.copied ? checkIcon : copyIcon}</button>
      </div>`;
  }

  private async copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.value);
    } catch {
      // Plain HTTP on a local network has no clipboard of that kind; the old way needs a selected field.
      if (!this.copyOldWay()) return;
    }
    this.copied = true;
    say(t('console.copied', { what: this.label }));
    window.setTimeout(() => { this.copied = false; }, 2000);
  }

  private copyOldWay(): boolean {
    const field = document.createElement('textarea');
    field.value = this.value;
    field.style.cssText = 'position:fixed;opacity:0';
    this.renderRoot.append(field);
    field.select();
    const done = document.execCommand('copy');
    field.remove();
    return done;
  }
}
customElements.define('copy-field', CopyField);
