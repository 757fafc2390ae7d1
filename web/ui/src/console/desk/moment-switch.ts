import { LitElement, css, html } from 'lit';
import { t } from '../../lib/i18n';
import { Watch } from '../model/observable';
import { base } from '../ui/styles';
import type { PinActions, PinMoment } from './pin-actions';

/** Chooses the moment that pins are put at: now, or what the merchant sees. */
export class MomentSwitch extends LitElement {
  static override properties = { actions: { attribute: false } };
  actions!: PinActions;

  constructor() {
    super();
    new Watch(this, () => this.actions);
  }

  static override styles = [base, css`
    fieldset { display: flex; align-items: center; gap: .625rem; }
    legend { float: inline-start; padding: 0; font-size: .8125rem; color: var(--text-2); font-weight: 500; white-space: nowrap; }
    .choices { display: inline-flex; background: var(--surface-2); border-radius: var(--radius-s); padding: .1875rem; gap: .125rem; }
    label { position: relative; display: inline-flex; align-items: center; min-height: 1.875rem; padding: 0 .75rem; border-radius: calc(var(--radius-s) - .125rem);
      font-size: .8125rem; font-weight: 600; cursor: pointer; color: var(--text-2); white-space: nowrap; }
    label:has(:checked) { background: var(--surface); color: var(--text); box-shadow: var(--shadow-1); }
    label:has(:focus-visible) { outline: 2px solid var(--focus); outline-offset: 1px; }
    input { position: absolute; inset: 0; opacity: 0; margin: 0; cursor: pointer; }
    @media (max-width: 799px) { label { min-height: 2.375rem; } fieldset { gap: .5rem; } }
  `];

  override render() {
    const choice = (value: PinMoment, text: string, help: string) => html`<label title=${help}>
      <input type="radio" name="moment" .checked=${this.actions.moment === value} @change=${() => this.actions.choose(value)}>${text}</label>`;
    return html`<fieldset>
      <legend>${t('console.moment')}</legend>
      <div class="choices">
        ${choice('now', t('console.moment.now'), t('console.moment.now.help'))}
        ${choice('seen', t('console.moment.seen'), t('console.moment.seen.help'))}
      </div>
    </fieldset>`;
  }
}
customElements.define('moment-switch', MomentSwitch);
