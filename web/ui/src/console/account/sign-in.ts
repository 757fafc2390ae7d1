import { LitElement, css, html, nothing } from 'lit';
import { ApiError } from '../../lib/api';
import { t } from '../../lib/i18n';
import { explain, type Words } from '../model/faults';
import { session } from '../model/session';
import { base, buttons, fields, surfaces } from '../ui/styles';
import { warnIcon } from '../ui/icons';

/** Name and password. With `name` given (a lapsed session) only the password is asked. Fires `signed-in`. */
export class SignIn extends LitElement {
  static override properties = { name: {}, busy: { state: true }, words: { state: true }, empty: { state: true } };
  name = '';
  private busy = false;
  private words?: Words;
  private empty: 'name' | 'password' | '' = '';

  static override styles = [base, buttons, fields, surfaces, css`
    .notice { margin-bottom: 1rem; }
    .primary { margin-top: 1.25rem; }
  `];

  override render() {
    return html`<form @submit=${this.submit} novalidate>
      ${this.words ? html`<div class="notice bad" role="alert">${warnIcon}<div><strong>${this.words.text}</strong> ${this.words.hint}</div></div>` : nothing}
      <div class="field">
        <label for="name">${t('console.signIn.name')}</label>
        <input id="name" name="username" autocomplete="username" autocapitalize="none" spellcheck="false" .value=${this.name} ?readonly=${this.name !== ''}
          aria-invalid=${this.empty === 'name' ? 'true' : nothing} aria-describedby="name-wrong">
        <p class="wrong" id="name-wrong" role="alert">${this.empty === 'name' ? t('console.signIn.nameMissing') : nothing}</p>
      </div>
      <div class="field">
        <label for="password">${t('console.signIn.password')}</label>
        <input id="password" name="password" type="password" autocomplete="current-password"
          aria-invalid=${this.empty === 'password' ? 'true' : nothing} aria-describedby="password-wrong">
        <p class="wrong" id="password-wrong" role="alert">${this.empty === 'password' ? t('console.signIn.passwordMissing') : nothing}</p>
      </div>
      <button class="primary wide" ?disabled=${this.busy} aria-busy=${this.busy}>${this.busy ? t('console.signIn.busy') : t('console.signIn.submit')}</button>
    </form>`;
  }

  /** Puts the cursor where the next thing is to be typed. */
  override focus(): void { this.field(this.name ? 'password' : 'name').focus(); }

  override firstUpdated(): void { this.focus(); }

  private field(id: string): HTMLInputElement { return this.renderRoot.querySelector<HTMLInputElement>('#' + id)!; }

  private async submit(e: Event): Promise<void> {
    e.preventDefault();
    const name = this.field('name').value.trim();
    const password = this.field('password').value;
    this.empty = !name ? 'name' : !password ? 'password' : '';
    if (this.empty) return this.field(this.empty).focus();
    this.busy = true;
    this.words = undefined;
    try {
      await session.signIn(name, password);
      this.dispatchEvent(new CustomEvent('signed-in'));
    } catch (fault) {
      const wrong = fault instanceof ApiError && fault.kind === 'unauthorized';
      this.words = wrong ? { text: t('console.signIn.wrong'), hint: t('console.signIn.wrong.hint') } : explain(fault);
      this.field('password').select();
    } finally {
      this.busy = false;
    }
  }
}
customElements.define('sign-in', SignIn);
