import { LitElement, css, html, nothing } from 'lit';
import { t } from '../../lib/i18n';
import { parseMoney, plainMoney } from '../../lib/money';
import * as backend from '../model/backend';
import { explained, faultAt } from '../model/faults';
import type { Product, ProductDraft } from '../model/types';
import type { ConsoleDialog } from '../ui/dialog';
import { base, buttons, fields, surfaces } from '../ui/styles';
import { maxRows, optionsOf, rowsFor, type Option, type Row } from './matrix';
import { shotsOf, type Shot } from './picture-strip';
import '../ui/dialog';
import './option-matrix';
import './picture-strip';

/** Makes a product, or changes one: words, pictures, sizes and colours, prices and stock. Fires `saved`, `closed`. */
export class ProductDialog extends LitElement {
  static override properties = {
    product: { attribute: false }, currency: {}, busy: { state: true }, fault: { state: true }, missing: { state: true },
    options: { state: true }, rows: { state: true }, shots: { state: true }, wrongRows: { state: true },
  };
  /** The product to change; undefined makes a new one. */
  product?: Product;
  /** Of a new product's prices. */
  currency = 'EUR';
  private busy = false;
  private fault?: unknown;
  private missing = '';
  private options: Option[] = [];
  private rows: Row[] = [];
  private shots: Shot[] = [];
  private wrongRows = new Map<number, string>();
  /** The product as made by a first try whose pictures failed: the next try goes on from it. */
  private made?: Product;

  static override styles = [base, buttons, fields, surfaces, css`
    h3 { margin: 1.5rem 0 .625rem; }
    picture-strip { margin-bottom: 1.25rem; }
    .optional { font-weight: 400; color: var(--text-2); }
  `];

  override connectedCallback(): void {
    super.connectedCallback();
    const p = this.product;
    if (p) {
      this.currency = p.skus[0]?.price.currency ?? this.currency;
      this.options = optionsOf(p);
      this.shots = shotsOf(p);
      this.rows = p.skus.map((s) => ({ options: s.options, id: s.id, price: plainMoney(s.price), stock: String(s.stock), code: s.code }));
    } else {
      this.rows = rowsFor([], []);
    }
  }

  override render() {
    const p = this.product;
    const title = this.missing || faultAt(this.fault, 'title');
    return html`<console-dialog wide heading=${p ? t('console.product.edit') : t('console.product.new')} @closed=${() => this.dispatchEvent(new CustomEvent('closed'))}>
      <picture-strip .shots=${this.shots} @edited=${(e: CustomEvent<Shot[]>) => { this.shots = e.detail; }}></picture-strip>
      <div class="field"><label for="title">${t('console.product.title')}</label>
        <input id="title" maxlength="200" autofocus .value=${p?.title ?? ''} aria-invalid=${title ? 'true' : nothing} aria-describedby="title-wrong"><p class="wrong" id="title-wrong">${title}</p></div>
      <div class="field"><label for="description">${t('console.product.description')} <span class="optional">${t('console.optional')}</span></label>
        <textarea id="description" maxlength="5000" .value=${p?.description ?? ''}></textarea></div>
      <h3>${t('console.product.choices')}</h3>
      <option-matrix .options=${this.options} .rows=${this.rows} .wrong=${this.wrongRows} currency=${this.currency}
        @edited=${(e: CustomEvent<{ options: Option[]; rows: Row[] }>) => { this.options = e.detail.options; this.rows = e.detail.rows; this.wrongRows = new Map(); }}></option-matrix>
      <p class="wrong" role="alert">${this.fault && !title ? explained(this.fault) : nothing}${this.made ? html` ${t('console.product.pictureFailed')}` : nothing}</p>
      <div slot="actions" class="actions end">
        <button class="plain" @click=${() => this.box.close()}>${t('console.cancel')}</button>
        <button class="primary" ?disabled=${this.busy} aria-busy=${this.busy} @click=${this.save}>${this.busy ? t('console.saving') : p ? t('console.save') : t('console.product.create')}</button>
      </div>
    </console-dialog>`;
  }

  private get box(): ConsoleDialog { return this.renderRoot.querySelector<ConsoleDialog>('console-dialog')!; }

  private async save(): Promise<void> {
    const draft = this.read();
    if (!draft) return;
    this.busy = true;
    this.fault = undefined;
    try {
      const id = this.product?.id ?? this.made?.id;
      const saved = id ? await backend.updateProduct(id, draft) : await backend.createProduct(draft);
      if (!this.product) this.made = saved;
      await this.sendPictures(saved);
      this.dispatchEvent(new CustomEvent('saved', { detail: await backend.product(saved.id) }));
      this.made = undefined;
      this.box.close();
    } catch (e) {
      this.fault = e;
    } finally {
      this.busy = false;
    }
  }

  /** Removes and sends pictures one by one; each that is through is marked, so that another try sends only the rest. */
  private async sendPictures(saved: Product): Promise<void> {
    const kept = new Set(this.shots.map((s) => s.id));
    for (const image of this.product?.images ?? []) {
      if (!kept.has(image.id) && saved.images.some((i) => i.id === image.id)) await backend.removePicture(saved.id, image.id);
    }
    for (const shot of this.shots) {
      if (!shot.blob) continue;
      const image = await backend.addPicture(saved.id, shot.blob, saved.title);
      this.shots = this.shots.map((s) => (s === shot ? { id: image.id, url: shot.url } : s));
    }
  }

  /** What was typed, or undefined after the mistakes were marked. */
  private read(): ProductDraft | undefined {
    const title = this.renderRoot.querySelector<HTMLInputElement>('#title')!;
    this.missing = title.value.trim() ? '' : t('console.product.title.missing');
    const prices = this.rows.map((r) => parseMoney(r.price, this.currency));
    const stocks = this.rows.map((r) => (r.stock.trim() === '' ? 0 : /^\d{1,7}$/.test(r.stock.trim()) ? Number(r.stock) : null));
    const wrong = new Map<number, string>();
    this.rows.forEach((_, i) => {
      if (!prices[i]) wrong.set(i, t('console.price.wrong'));
      else if (stocks[i] === null) wrong.set(i, t('console.stock.wrong'));
    });
    this.wrongRows = wrong;
    if (this.missing) { title.focus(); return undefined; }
    if (wrong.size || this.rows.length > maxRows) return undefined;
    const options = this.options.filter((o) => o.values.length);
    const old = new Map(this.product?.skus.map((s) => [s.id, s]));
    return {
      title: title.value.trim(), description: this.renderRoot.querySelector<HTMLTextAreaElement>('#description')!.value.trim(), vendor: this.product?.vendor ?? '',
      options: options.map((o, i) => o.name.trim() || t('console.option.unnamed', { n: i + 1 })),
      skus: this.rows.map((r, i) => {
        const before = r.id ? old.get(r.id) : undefined;
        const stock = stocks[i]!;
        return {
          id: r.id, code: r.code.trim(), options: r.options, price: { amount: prices[i]!, currency: this.currency }, compareAt: before?.compareAt ?? undefined,
          image: this.shots.some((s) => s.id === before?.image) ? before?.image : undefined,
          // A stock that was not touched is left alone: orders may have taken from it since the form was opened.
          ...(before && before.stock === stock ? {} : { stock }),
        };
      }),
    };
  }
}
customElements.define('product-dialog', ProductDialog);
