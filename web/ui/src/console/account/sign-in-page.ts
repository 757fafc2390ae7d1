import { LitElement, css, html } from 'lit';
import { t } from '../../lib/i18n';
import { base, surfaces } from '../ui/styles';
import './sign-in';

/** The console's front door. */
export class SignInPage extends LitElement {
  static override styles = [base, surfaces, css`
    :host { min-height: 100dvh; display: grid; place-items: center; padding: 1.5rem 1.25rem; background: var(--bg); }
    main { width: min(24rem, 100%); }
    .mark { font-weight: 700; font-size: 1.125rem; letter-spacing: -.02em; color: var(--accent); margin-bottom: 1.75rem; }
    h1 { font-size: 1.75rem; margin-bottom: .375rem; }
    .lead { color: var(--text-2); margin-bottom: 1.5rem; line-height: 1.5; text-wrap: balance; }
    .panel { padding: 1.5rem 1.25rem; }
    details { margin-top: 1.25rem; font-size: .875rem; line-height: 1.5; color: var(--text-2); }
    summary { cursor: pointer; min-height: 1.75rem; color: var(--text); }
    code { font: .8125rem/1.4 ui-monospace, "Cascadia Mono", Menlo, monospace; background: var(--surface-2); border-radius: .25rem; padding: .125rem .3125rem; overflow-wrap: anywhere; }
    details p + p { margin-top: .5rem; }
  `];

  override render() {
    return html`<main>
      <p class="mark" translate="no">livesrv</p>
      <h1>${t('console.signIn.title')}</h1>
      <p class="lead">${t('console.signIn.lead')}</p>
      <div class="panel"><sign-in></sign-in></div>
      <details>
        <summary>${t('console.signIn.first')}</summary>
        <p>${t('console.signIn.first.printed')}</p>
        <p>${t('console.signIn.first.reset')} <code translate="no">livesrv user passwd admin</code></p>
      </details>
    </main>`;
  }
}
customElements.define('sign-in-page', SignInPage);
