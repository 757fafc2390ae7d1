import { LitElement, css, html, nothing } from 'lit';
import { t, tn } from '../../lib/i18n';
import * as backend from '../model/backend';
import { explained } from '../model/faults';
import type { ImportReport } from '../model/types';
import type { ConsoleDialog } from '../ui/dialog';
import { uploadIcon } from '../ui/icons';
import { base, buttons, fields, surfaces } from '../ui/styles';
import { toast } from '../ui/toasts';
import '../ui/dialog';

/** How many rows of a report are drawn; the counts are of all. */
const drawn = 200;

/** Takes products in from a CSV file: first a report of what would happen to each row, then the same in earnest. */
export class ImportDialog extends LitElement {
  static override properties = {
    currency: {}, file: { state: true }, report: { state: true }, busy: { state: true }, fault: { state: true }, setStock: { state: true }, over: { state: true },
  };
  /** For files that name none. */
  currency = 'EUR';
  private file?: File;
  private report?: ImportReport;
  private busy = false;
  private fault?: unknown;
  private setStock = false;
  private over = false;

  static override styles = [base, buttons, fields, surfaces, css`
    label.drop { display: grid; justify-items: center; gap: .5rem; padding: 2rem 1rem; border: 1px dashed var(--line-strong); border-radius: var(--radius-m); cursor: pointer; text-align: center; font-weight: 500; font-size: .9375rem; }
    label.drop svg { font-size: 1.75rem; color: var(--text-2); }
    label.drop:hover, label.drop.over { background: var(--surface-2); }
    label.drop:has(:focus-visible) { outline: 2px solid var(--focus); outline-offset: 2px; }
    .sums { display: flex; flex-wrap: wrap; gap: .375rem; margin: 1rem 0 .5rem; }
    .scroll { max-height: 18rem; overflow: auto; border: 1px solid var(--line); border-radius: var(--radius-s); }
    table { width: 100%; border-collapse: collapse; font-size: .875rem; line-height: 1.4; }
    th, td { text-align: start; padding: .4375rem .625rem; border-bottom: 1px solid var(--line); vertical-align: top; font-weight: 400; }
    thead th { position: sticky; top: 0; background: var(--surface-2); font-size: .75rem; font-weight: 600; color: var(--text-2); }
    td:first-child { font-variant-numeric: tabular-nums; color: var(--text-2); }
    .row { margin-top: 1rem; }
  `];

  override render() {
    const r = this.report;
    return html`<console-dialog wide heading=${t('console.import.title')} @closed=${() => this.dispatchEvent(new CustomEvent('closed'))}>
      <label class="drop ${this.over ? 'over' : ''}" @dragover=${(e: DragEvent) => { e.preventDefault(); this.over = true; }} @dragleave=${() => { this.over = false; }} @drop=${this.onDrop}>
        ${uploadIcon}<span>${this.file ? this.file.name : t('console.import.pick')}</span><span class="small quiet">${t('console.import.kinds')}</span>
        <input class="visually-hidden" type="file" accept=".csv,text/csv" @change=${(e: Event) => this.take((e.target as HTMLInputElement).files?.[0])}></label>
      <div class="row">
        <div class="field"><label for="currency">${t('console.import.currency')}</label><input id="currency" maxlength="3" autocapitalize="characters" .value=${this.currency} @change=${(e: Event) => { this.currency = (e.target as HTMLInputElement).value.trim().toUpperCase(); void this.run(true); }}></div>
        <label class="check"><input type="checkbox" .checked=${this.setStock} @change=${(e: Event) => { this.setStock = (e.target as HTMLInputElement).checked; void this.run(true); }}>${t('console.import.setStock')}</label>
      </div>
      <p class="wrong" role="alert">${this.fault ? explained(this.fault) : nothing}</p>
      <div role="status">${this.busy ? html`<p class="quiet">${t('console.import.reading')}</p>` : nothing}${r ? this.sums(r) : nothing}</div>
      ${r ? this.rows(r) : nothing}
      <div slot="actions" class="actions end">
        <button class="plain" @click=${() => this.box.close()}>${r && !r.dryRun ? t('console.close') : t('console.cancel')}</button>
        ${r && !r.dryRun ? nothing : html`<button class="primary" ?disabled=${this.busy || !r || r.created + r.updated === 0} @click=${() => this.run(false)}>${r ? tn('console.import.go', r.created + r.updated) : t('console.import')}</button>`}
      </div>
    </console-dialog>`;
  }

  private sums(r: ImportReport) {
    return html`<p><strong>${r.dryRun ? t('console.import.would') : t('console.import.did')}</strong></p>
      <p class="sums"><span class="badge good">${t('console.import.created', { n: r.created })}</span><span class="badge accent">${t('console.import.updated', { n: r.updated })}</span>
        <span class="badge">${t('console.import.unchanged', { n: r.unchanged })}</span>${r.refused ? html`<span class="badge bad">${t('console.import.refused', { n: r.refused })}</span>` : nothing}</p>`;
  }

  private rows(r: ImportReport) {
    const rank = { refused: 0, created: 1, updated: 1, unchanged: 2 };
    // What needs the merchant's eye comes first.
    const rows = [...r.rows].sort((a, b) => rank[a.result] - rank[b.result] || a.line - b.line).slice(0, drawn);
    const words = { created: t('console.import.row.created'), updated: t('console.import.row.updated'), unchanged: t('console.import.row.unchanged'), refused: t('console.import.row.refused') };
    const looks = { created: 'good', updated: 'accent', unchanged: '', refused: 'bad' };
    return html`<div class="scroll" tabindex="0" role="group" aria-label=${t('console.import.report')}><table>
      <thead><tr><th scope="col">${t('console.import.line')}</th><th scope="col">${t('console.import.product')}</th><th scope="col">${t('console.import.result')}</th></tr></thead>
      <tbody>${rows.map((row) => html`<tr><td>${row.line}</td><td>${row.handle}</td>
        <td><span class="badge ${looks[row.result]}">${words[row.result]}</span> ${[[row.reason, row.hint].filter(Boolean).join(' – '), ...(row.warnings ?? [])].filter(Boolean).join('; ')}${row.taken?.length ? html` <span class="small quiet">${row.taken.join(', ')}</span>` : nothing}</td></tr>`)}</tbody>
    </table></div>${r.rows.length > drawn ? html`<p class="help">${t('console.import.first', { n: drawn, of: r.rows.length })}</p>` : nothing}`;
  }

  private get box(): ConsoleDialog { return this.renderRoot.querySelector<ConsoleDialog>('console-dialog')!; }

  private onDrop(e: DragEvent): void {
    e.preventDefault();
    this.over = false;
    this.take(e.dataTransfer?.files[0]);
  }

  private take(file: File | undefined): void {
    if (!file) return;
    this.file = file;
    void this.run(true);
  }

  private async run(dryRun: boolean): Promise<void> {
    if (!this.file) return;
    this.busy = true;
    this.fault = undefined;
    try {
      this.report = await backend.importProducts(this.file, { dryRun, currency: this.currency, setStock: this.setStock });
      if (!dryRun) {
        this.dispatchEvent(new CustomEvent('imported'));
        toast({ kind: 'ok', text: t('console.import.done', { n: this.report.created + this.report.updated }) });
      }
    } catch (e) {
      this.report = undefined;
      this.fault = e;
    } finally {
      this.busy = false;
    }
  }
}
customElements.define('import-dialog', ImportDialog);
