import { LitElement, css, html, nothing } from 'lit';
import { t } from '../../lib/i18n';
import { explained, faultAt } from '../model/faults';
import type { Show, ShowDraft } from '../model/types';
import { base, buttons, fields, surfaces } from '../ui/styles';
import { localInput } from '../ui/time';
import { wayWords } from '../orders/order-words';

const ways = ['cash_on_delivery', 'bank_transfer'];
/** Currencies to choose from; the server takes every ISO 4217 code, so the show's own is always among them. */
const currencies = ['EUR', 'USD', 'GBP', 'CNY', 'JPY', 'INR', 'CHF', 'SEK', 'PLN', 'AUD', 'CAD', 'SGD', 'HKD', 'KRW', 'THB', 'VND', 'IDR', 'PHP', 'MYR', 'BRL', 'MXN', 'ZAR', 'AED', 'KWD'];

/**
 * The facts of a show. It reads its values once, from `show`, so that nothing typed is overwritten by what others
 * change meanwhile. `read` gives the draft, or undefined after it has marked what is missing; Enter fires `save`.
 */
export class ShowForm extends LitElement {
  static override properties = { show: { attribute: false }, fault: { attribute: false }, wrong: { state: true }, bank: { state: true } };
  show?: Show;
  fault?: unknown;
  private wrong: Partial<Record<'title' | 'startsAt' | 'ways' | 'paymentNote' | 'embedOrigins', string>> = {};
  private bank = false;
  private first?: Show;

  static override styles = [base, buttons, fields, surfaces, css`
    .optional { font-weight: 400; color: var(--text-2); }
    legend { font-size: .8125rem; font-weight: 600; margin-bottom: .125rem; }
  `];

  override willUpdate(): void {
    if (this.first || !this.show && this.hasUpdated) return;
    this.first = this.show;
    this.bank = this.show?.ways.includes('bank_transfer') ?? false;
  }

  override render() {
    const s = this.first;
    const begun = s !== undefined && s.status !== 'scheduled';
    const currency = s?.currency ?? 'EUR';
    const known = ['title', 'startsAt', 'ways', 'paymentNote', 'embedOrigins', 'currency', 'description'].some((f) => faultAt(this.fault, f));
    return html`<form novalidate @submit=${(e: Event) => { e.preventDefault(); this.dispatchEvent(new CustomEvent('save')); }}>
      <div class="field">${this.label('title', t('console.show.title'))}
        <input id="title" maxlength="200" .value=${s?.title ?? ''} ?autofocus=${!s} aria-invalid=${this.bad('title')} aria-describedby="title-help">${this.help('title', '')}</div>
      <div class="field">${this.label('description', t('console.show.description'), true)}
        <textarea id="description" maxlength="2000" .value=${s?.description ?? ''}></textarea></div>
      <div class="row">
        <div class="field">${this.label('startsAt', t('console.show.startsAt'))}
          <input id="startsAt" type="datetime-local" .value=${localInput(s?.startsAt ?? nextHour())} aria-invalid=${this.bad('startsAt')} aria-describedby="startsAt-help">${this.help('startsAt', '')}</div>
        <div class="field">${this.label('currency', t('console.show.currency'))}
          <select id="currency" ?disabled=${begun} aria-describedby="currency-help">${[...new Set([currency, ...currencies])].map((c) => html`<option value=${c} ?selected=${c === currency}>${c}</option>`)}</select>
          <p class="help" id="currency-help">${begun ? t('console.show.currency.fixed') : nothing}</p></div>
      </div>
      <fieldset class="field"><legend>${t('console.show.ways')}</legend>
        ${ways.map((w) => html`<label class="check"><input type="checkbox" name="way" value=${w} ?checked=${s ? s.ways.includes(w) : w === ways[0]}
          @change=${(e: Event) => { if (w === 'bank_transfer') this.bank = (e.target as HTMLInputElement).checked; }}>${wayWords(w)}</label>`)}
        ${this.help('ways', '')}</fieldset>
      <div class="field" ?hidden=${!this.bank}>${this.label('paymentNote', t('console.show.bank'))}
        <textarea id="paymentNote" maxlength="1000" .value=${s?.paymentNote ?? ''} aria-invalid=${this.bad('paymentNote')} aria-describedby="paymentNote-help"></textarea>${this.help('paymentNote', t('console.show.bank.help'))}</div>
      <div class="field">${this.label('embedOrigins', t('console.show.origins'), true)}
        <textarea id="embedOrigins" spellcheck="false" autocapitalize="none" placeholder="https://shop.example" .value=${(s?.embedOrigins ?? []).join('\n')} aria-invalid=${this.bad('embedOrigins')} aria-describedby="embedOrigins-help"></textarea>${this.help('embedOrigins', t('console.show.origins.help'))}</div>
      <p class="wrong" role="alert">${this.fault && !known ? explained(this.fault) : nothing}</p>
      <button hidden></button>
    </form>`;
  }

  /** What was typed, or undefined (and the focus at the first mistake). */
  read(): ShowDraft | undefined {
    const value = (id: string): string => this.renderRoot.querySelector<HTMLInputElement>('#' + id)!.value.trim();
    const starts = new Date(value('startsAt'));
    const chosen = [...this.renderRoot.querySelectorAll<HTMLInputElement>('input[name=way]:checked')].map((i) => i.value);
    const origins = value('embedOrigins').split(/\s+/).filter(Boolean);
    this.wrong = {};
    if (!value('title')) this.wrong.title = t('console.show.title.missing');
    if (Number.isNaN(starts.getTime())) this.wrong.startsAt = t('console.show.startsAt.missing');
    if (!chosen.length) this.wrong.ways = t('console.show.ways.missing');
    if (this.bank && !value('paymentNote')) this.wrong.paymentNote = t('console.show.bank.missing');
    const bad = origins.find((o) => !isOrigin(o));
    if (bad) this.wrong.embedOrigins = t('console.show.origins.bad', { origin: bad });
    const first = Object.keys(this.wrong)[0];
    if (first) {
      this.renderRoot.querySelector<HTMLElement>(first === 'ways' ? 'input[name=way]' : '#' + first)?.focus();
      return undefined;
    }
    return {
      title: value('title'), description: value('description'), startsAt: starts.toISOString(), ways: chosen,
      paymentNote: value('paymentNote'), embedOrigins: origins,
      // The currency stands once a show has begun.
      ...(this.first && this.first.status !== 'scheduled' ? {} : { currency: value('currency') }),
    };
  }

  private label(id: string, text: string, optional = false) {
    return html`<label for=${id}>${text}${optional ? html` <span class="optional">${t('console.optional')}</span>` : nothing}</label>`;
  }

  private said(id: keyof ShowForm['wrong']): string { return this.wrong[id] || faultAt(this.fault, id); }
  private bad(id: keyof ShowForm['wrong']) { return this.said(id) ? 'true' : nothing; }

  private help(id: keyof ShowForm['wrong'], text: string) {
    const said = this.said(id);
    return html`<p id="${id}-help" class=${said ? 'wrong' : 'help'}>${said || text}</p>`;
  }
}
customElements.define('show-form', ShowForm);

function nextHour(): string {
  const d = new Date();
  d.setHours(d.getHours() + 1, 0, 0, 0);
  return d.toISOString();
}

/** "https://shop.example": a scheme and a host and nothing after. */
function isOrigin(text: string): boolean {
  try {
    return new URL(text).origin === text && /^https?:/.test(text);
  } catch {
    return false;
  }
}
