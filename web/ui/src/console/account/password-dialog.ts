import { LitElement, html, nothing } from 'lit';
import { ApiError } from '../../lib/api';
import { t } from '../../lib/i18n';
import { explained, faultAt } from '../model/faults';
import { session } from '../model/session';
import type { ConsoleDialog } from '../ui/dialog';
import { base, buttons, fields } from '../ui/styles';
import { toast } from '../ui/toasts';
import '../ui/dialog';

/** The shortest password that the server takes, in characters. */
const shortest = 10;

/** Changes the password of the person signed in. Fires `closed`. */
export class PasswordDialog extends LitElement {
  static override properties = { busy: { state: true }, fault: { state: true }, wrong: { state: true } };
  private busy = false;
  private fault?: unknown;
  private wrong: Partial<Record<'current' | 'password' | 'repeat', string>> = {};

  static override styles = [base, buttons, fields];

  override render() {
    const current = this.wrong.current ?? '';
    const next = this.wrong.password || faultAt(this.fault, 'password');
    const rest = this.fault && !current && !next ? explained(this.fault) : '';
    return html`<console-dialog heading=${t('console.password.title')} @closed=${() => this.dispatchEvent(new CustomEvent('closed'))}>
      <form id="form" @submit=${this.submit} novalidate>
        <input type="text" name="username" autocomplete="username" .value=${session.user?.name ?? ''} hidden>
        ${this.field('current', t('console.password.current'), 'current-password', current)}
        ${this.field('password', t('console.password.next'), 'new-password', next, t('console.password.rule', { n: shortest }))}
        ${this.field('repeat', t('console.password.repeat'), 'new-password', this.wrong.repeat ?? '')}
        <p class="wrong" role="alert">${rest || nothing}</p>
        <button hidden></button>
      </form>
      <div slot="actions" class="actions end">
        <button class="plain" @click=${this.close}>${t('console.cancel')}</button>
        <button class="primary" ?disabled=${this.busy} @click=${this.submit}>${t('console.password.save')}</button>
      </div>
    </console-dialog>`;
  }

  private field(id: 'current' | 'password' | 'repeat', label: string, complete: 'current-password' | 'new-password', wrong: string, help = '') {
    return html`<div class="field">
      <label for=${id}>${label}</label>
      <input id=${id} type="password" autocomplete=${complete} aria-invalid=${wrong ? 'true' : nothing} aria-describedby="${id}-help" ?autofocus=${id === 'current'}>
      <p id="${id}-help" class=${wrong ? 'wrong' : 'help'}>${wrong || help}</p>
    </div>`;
  }

  private readonly close = (): void => this.renderRoot.querySelector<ConsoleDialog>('console-dialog')!.close();

  private async submit(e: Event): Promise<void> {
    e.preventDefault();
    const read = (id: string): string => this.renderRoot.querySelector<HTMLInputElement>('#' + id)!.value;
    const [current, password, repeat] = [read('current'), read('password'), read('repeat')];
    this.fault = undefined;
    this.wrong = {};
    if (!current) this.wrong.current = t('console.password.currentMissing');
    if (password.length < shortest) this.wrong.password = t('console.password.rule', { n: shortest });
    else if (password !== repeat) this.wrong.repeat = t('console.password.differ');
    const first = Object.keys(this.wrong)[0];
    if (first) return this.renderRoot.querySelector<HTMLInputElement>('#' + first)!.focus();
    this.busy = true;
    try {
      await session.changePassword(current, password);
      toast({ kind: 'ok', text: t('console.password.done') });
      this.close();
    } catch (fault) {
      if (fault instanceof ApiError && fault.field === 'current') this.wrong = { current: t('console.password.currentWrong') };
      else this.fault = fault;
    } finally {
      this.busy = false;
    }
  }
}
customElements.define('password-dialog', PasswordDialog);
