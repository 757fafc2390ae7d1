import { LitElement, css, html, nothing } from 'lit';
import { t } from '../../lib/i18n';
import { plusIcon, trashIcon } from '../ui/icons';
import { base, buttons, fields } from '../ui/styles';
import { maxOptions, maxRows, readValues, rowsFor, type Option, type Row } from './matrix';

/** Sizes and colours, and the price and stock of each choice of them. Fires `edited` with every change. */
export class OptionMatrix extends LitElement {
  static override properties = { options: { attribute: false }, rows: { attribute: false }, wrong: { attribute: false }, currency: {} };
  options: Option[] = [];
  rows: Row[] = [];
  currency = '';
  /** What is wrong with a row, by its place. */
  wrong = new Map<number, string>();

  static override styles = [base, buttons, fields, css`
    .option { display: grid; grid-template-columns: minmax(6rem, 9rem) minmax(0, 1fr) auto; gap: .5rem; align-items: end; margin-bottom: .75rem; }
    table { width: 100%; border-collapse: collapse; margin-top: .75rem; }
    th { font-size: .75rem; font-weight: 600; color: var(--text-2); text-align: start; padding: 0 .25rem .25rem; }
    td { padding: .1875rem .25rem; }
    td:first-child, th:first-child { padding-inline-start: 0; } td:last-child, th:last-child { padding-inline-end: 0; }
    th[scope='row'] { color: var(--text); font-size: .9375rem; font-weight: 500; vertical-align: middle; padding-block: 0; overflow-wrap: anywhere; }
    td input { text-align: end; min-width: 4.5rem; }
    td.code input { text-align: start; }
    .all td { padding-bottom: .5rem; border-bottom: 1px solid var(--line); }
    tr.all + tr td, tr.all + tr th { padding-top: .5rem; }
    .wrong { padding: 0 .25rem .25rem; }
    @media (max-width: 799px) { .code { display: none; } }
  `];

  override render() {
    return html`
      ${this.options.map((o, i) => this.option(o, i))}
      ${this.options.length < maxOptions ? html`<button class="small" @click=${this.add}>${plusIcon}${this.options.length ? t('console.option.another') : t('console.option.add')}</button>` : nothing}
      ${this.rows.length > maxRows ? html`<p class="wrong" role="alert">${t('console.option.tooMany', { n: this.rows.length, max: maxRows })}</p>` : this.table()}`;
  }

  private option(o: Option, i: number) {
    return html`<div class="option">
      <div><label for="name-${i}">${t('console.option.name')}</label>
        <input id="name-${i}" list="names" maxlength="40" .value=${o.name} @input=${(e: Event) => this.change(i, { name: text(e) })}></div>
      <div><label for="values-${i}">${t('console.option.values')}</label>
        <input id="values-${i}" autocapitalize="none" placeholder=${t('console.option.values.example')} .value=${o.values.join(', ')} @change=${(e: Event) => this.change(i, { values: readValues(text(e)) })}></div>
      <button class="plain icon" aria-label=${t('console.option.remove', { name: o.name || String(i + 1) })} @click=${() => this.set(this.options.filter((_, k) => k !== i))}>${trashIcon}</button>
    </div>${i === 0 ? html`<datalist id="names"><option value=${t('console.option.size')}></option><option value=${t('console.option.colour')}></option></datalist>` : nothing}`;
  }

  private table() {
    const many = this.rows.length > 1;
    return html`<table>
      <thead><tr>${many ? html`<th scope="col">${t('console.option.choice')}</th>` : nothing}<th scope="col">${t('console.price')} (${this.currency})</th><th scope="col">${t('console.stock')}</th><th scope="col" class="code">${t('console.code')}</th></tr></thead>
      <tbody>
        ${many ? html`<tr class="all"><th scope="row">${t('console.option.all')}</th>
          <td><input inputmode="decimal" aria-label=${t('console.option.all.price')} @change=${(e: Event) => this.fill(e, 'price')}></td>
          <td><input inputmode="numeric" aria-label=${t('console.option.all.stock')} @change=${(e: Event) => this.fill(e, 'stock')}></td><td class="code"></td></tr>` : nothing}
        ${this.rows.map((r, i) => {
          const name = r.options.join(' / ');
          const wrong = this.wrong.get(i);
          const cell = (key: 'price' | 'stock' | 'code', label: string, mode: string) => html`<input inputmode=${mode} autocomplete="off" aria-label=${name ? `${label}, ${name}` : label}
            aria-invalid=${wrong && key !== 'code' ? 'true' : nothing} .value=${r[key]} @input=${(e: Event) => this.write(i, key, text(e))}>`;
          return html`<tr>${many ? html`<th scope="row">${name}</th>` : nothing}
            <td>${cell('price', t('console.price'), 'decimal')}</td><td>${cell('stock', t('console.stock'), 'numeric')}</td><td class="code">${cell('code', t('console.code'), 'text')}</td></tr>
            ${wrong ? html`<tr><td colspan="4" class="wrong" role="alert">${wrong}</td></tr>` : nothing}`;
        })}
      </tbody></table>`;
  }

  private add(): void {
    this.options = [...this.options, { name: '', values: [] }];
    this.tell();
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>(`#name-${this.options.length - 1}`)?.focus());
  }

  private change(i: number, part: Partial<Option>): void { this.set(this.options.map((o, k) => (k === i ? { ...o, ...part } : o))); }

  private set(options: Option[]): void {
    this.options = options;
    this.rows = rowsFor(options, this.rows);
    this.tell();
  }

  private write(i: number, key: 'price' | 'stock' | 'code', value: string): void {
    this.rows = this.rows.map((r, k) => (k === i ? { ...r, [key]: value } : r));
    this.tell();
  }

  private fill(e: Event, key: 'price' | 'stock'): void {
    const value = text(e);
    this.rows = this.rows.map((r) => ({ ...r, [key]: value }));
    this.tell();
  }

  private tell(): void {
    this.dispatchEvent(new CustomEvent('edited', { detail: { options: this.options, rows: this.rows } }));
  }
}
customElements.define('option-matrix', OptionMatrix);

const text = (e: Event): string => (e.target as HTMLInputElement).value;
