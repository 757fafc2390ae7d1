import { LitElement, css, html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { t, tn } from '../../lib/i18n';
import { priceSpan } from '../desk/sku-edit';
import * as backend from '../model/backend';
import { explained } from '../model/faults';
import type { Product } from '../model/types';
import type { ConsoleDialog } from '../ui/dialog';
import { base, buttons, fields, surfaces } from '../ui/styles';
import '../ui/dialog';

/** Chooses products to add to a line-up. Fires `chosen` with them, and `closed`. */
export class LineupPicker extends LitElement {
  static override properties = { without: { attribute: false }, list: { state: true }, fault: { state: true }, chosen: { state: true } };
  without: string[] = [];
  private list?: Product[];
  private fault?: unknown;
  private chosen: Product[] = [];
  private asked = 0;

  static override styles = [base, buttons, fields, surfaces, css`
    ul { margin-top: .75rem; }
    .check { display: grid; grid-template-columns: auto 2.75rem minmax(0, 1fr) auto; gap: .75rem; padding: .3125rem 0; border-bottom: 1px solid var(--line); }
    img, .blank { width: 2.75rem; height: 2.75rem; border-radius: var(--radius-s); object-fit: cover; background: var(--surface-2); }
    .bone { height: 3rem; margin-top: .5rem; }
  `];

  override connectedCallback(): void {
    super.connectedCallback();
    void this.search('');
  }

  override render() {
    const list = this.list?.filter((p) => !this.without.includes(p.id));
    return html`<console-dialog heading=${t('console.lineup.add')} @closed=${() => this.dispatchEvent(new CustomEvent('closed'))}>
      <input type="search" autofocus aria-label=${t('console.products.search')} placeholder=${t('console.products.search')} @input=${(e: Event) => this.search((e.target as HTMLInputElement).value)}>
      <p class="wrong" role="alert">${this.fault ? explained(this.fault) : nothing}</p>
      ${list ? html`<ul>${repeat(list, (p) => p.id, (p) => {
        const image = p.images[0];
        return html`<li><label class="check"><input type="checkbox" .checked=${this.chosen.some((c) => c.id === p.id)} @change=${(e: Event) => this.choose(p, (e.target as HTMLInputElement).checked)}>
          ${image ? html`<img src=${image.thumb} alt="" width="44" height="44" loading="lazy">` : html`<span class="blank"></span>`}
          <span class="clip">${p.title}</span><span class="quiet num small">${priceSpan(p)}</span></label></li>`;
      })}</ul>${list.length ? nothing : html`<p class="quiet">${t('console.lineup.noMore')}</p>`}` : html`<div role="status" aria-label=${t('console.loading')}><div class="bone"></div><div class="bone"></div></div>`}
      <div slot="actions" class="actions end">
        <button class="plain" @click=${() => this.box.close()}>${t('console.cancel')}</button>
        <button class="primary" ?disabled=${!this.chosen.length} @click=${this.done}>${tn('console.lineup.addCount', this.chosen.length)}</button>
      </div>
    </console-dialog>`;
  }

  private get box(): ConsoleDialog { return this.renderRoot.querySelector<ConsoleDialog>('console-dialog')!; }

  private choose(p: Product, on: boolean): void {
    this.chosen = on ? [...this.chosen, p] : this.chosen.filter((c) => c.id !== p.id);
  }

  private done(): void {
    this.dispatchEvent(new CustomEvent('chosen', { detail: this.chosen }));
    this.box.close();
  }

  private async search(q: string): Promise<void> {
    const turn = ++this.asked;
    try {
      const { products } = await backend.products({ q: q.trim(), limit: 200 });
      if (turn !== this.asked) return;
      this.list = products;
      this.fault = undefined;
    } catch (e) {
      this.fault = e;
    }
  }
}
customElements.define('lineup-picker', LineupPicker);
