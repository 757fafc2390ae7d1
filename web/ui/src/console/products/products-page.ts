import { LitElement, css, html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { t, tn } from '../../lib/i18n';
import { piecesOf, priceSpan, stockTone } from '../desk/sku-edit';
import * as backend from '../model/backend';
import type { DeskModel } from '../model/desk';
import { explain, explained } from '../model/faults';
import { Watch } from '../model/observable';
import type { Product } from '../model/types';
import { checkIcon, downloadIcon, plusIcon, productsIcon, trashIcon, uploadIcon, warnIcon } from '../ui/icons';
import { base, buttons, fields, surfaces } from '../ui/styles';
import { toast } from '../ui/toasts';
import './import-dialog';
import './product-dialog';

/** The merchant's whole catalogue: find, add, change, take in and give out; and into the line-up of the show at hand. */
export class ProductsPage extends LitElement {
  static override properties = {
    model: { attribute: false }, list: { state: true }, fault: { state: true }, editing: { state: true }, importing: { state: true }, next: { state: true },
  };
  model?: DeskModel;
  private list?: Product[];
  private next?: string;
  private fault?: unknown;
  private editing?: Product | 'new';
  private importing = false;
  private query = '';
  private asked = 0;

  constructor() {
    super();
    new Watch(this, () => this.model);
  }

  static override styles = [base, buttons, fields, surfaces, css`
    .page { max-width: 64rem; margin: 0 auto; padding: 1.25rem .875rem 2rem; }
    .head { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem; margin-bottom: .875rem; }
    .head h2 { flex: 1; font-size: 1.375rem; letter-spacing: -.01em; }
    input[type='search'] { margin-bottom: .875rem; }
    li { display: grid; grid-template-columns: 3.5rem minmax(0, 1fr) 8rem 5rem auto auto; gap: .875rem; align-items: center; padding: .5rem .5rem .5rem .75rem; border-bottom: 1px solid var(--line); }
    li:last-child { border: 0; }
    img, .blank { display: block; width: 3.5rem; height: 3.5rem; border-radius: var(--radius-s); object-fit: cover; background: var(--surface-2); }
    .name button { color: var(--text); font-weight: 600; text-decoration: none; text-align: start; font-size: .9375rem; justify-content: start; max-width: 100%; }
    .name button:hover { text-decoration: underline; }
    .end { text-align: end; }
    .low { color: var(--warn); font-weight: 650; } .out { color: var(--bad); font-weight: 650; }
    .in { display: inline-flex; align-items: center; gap: .25rem; padding: 0 .5rem; font-size: .8125rem; font-weight: 600; color: var(--good); }
    .in svg { width: 1rem; height: 1rem; }
    .bone { height: 4rem; margin-bottom: .5rem; }
    .more { text-align: center; padding: .875rem; }
    .notice { margin-bottom: .875rem; }
    @media (max-width: 799px) {
      .page { padding: .75rem .625rem 1.5rem; }
      li { grid-template-columns: 3.5rem minmax(0, 1fr) auto; gap: .125rem .75rem; padding: .5rem; }
      .thumb { grid-row: 1 / span 2; align-self: center; }
      .price { grid-column: 2; font-size: .875rem; text-align: start; }
      .stock { display: none; }
      .in-line { grid-column: 3; grid-row: 1 / span 2; }
      .trash { display: none; }
      .head .export { display: none; }
      .head h2 { display: none; }
      .head button { flex: 1; }
    }
  `];

  override connectedCallback(): void {
    super.connectedCallback();
    void this.load();
  }

  override render() {
    const currency = this.model?.desk?.show.currency ?? this.list?.[0]?.skus[0]?.price.currency ?? 'EUR';
    return html`<div class="page">
      <div class="head"><h2>${t('console.products')}</h2>
        <a class="button export" href="/api/products/export" download="products.csv">${downloadIcon}${t('console.export')}</a>
        <button @click=${() => { this.importing = true; }}>${uploadIcon}${t('console.import')}</button>
        <button class="primary" @click=${() => { this.editing = 'new'; }}>${plusIcon}${t('console.product.new')}</button></div>
      <input type="search" aria-label=${t('console.products.search')} placeholder=${t('console.products.search')} @input=${(e: Event) => { this.query = (e.target as HTMLInputElement).value; void this.load(); }}>
      ${this.fault ? html`<div class="notice bad" role="alert">${warnIcon}<div>${explained(this.fault)} <button class="link" @click=${() => this.load()}>${t('console.again')}</button></div></div>` : nothing}
      ${this.rows()}
      ${this.editing ? html`<product-dialog .product=${this.editing === 'new' ? undefined : this.editing} currency=${currency}
        @saved=${(e: CustomEvent<Product>) => this.saved(e.detail)} @closed=${() => { this.editing = undefined; }}></product-dialog>` : nothing}
      ${this.importing ? html`<import-dialog currency=${currency} @imported=${() => { void this.load(); void this.model?.refresh(); }} @closed=${() => { this.importing = false; }}></import-dialog>` : nothing}
    </div>`;
  }

  private rows() {
    if (!this.list) return this.fault ? nothing : html`<div role="status" aria-label=${t('console.loading')}><div class="bone"></div><div class="bone"></div><div class="bone"></div></div>`;
    if (!this.list.length) {
      return html`<div class="panel empty">${productsIcon}<h3>${this.query ? t('console.products.notFound') : t('console.products.none')}</h3>
        <p>${this.query ? t('console.products.notFound.hint') : t('console.products.none.hint')}</p></div>`;
    }
    return html`<ul class="panel">${repeat(this.list, (p) => p.id, (p) => this.row(p))}</ul>
      ${this.next ? html`<div class="more"><button class="small" @click=${this.loadMore}>${t('console.products.more')}</button></div>` : nothing}`;
  }

  private row(p: Product) {
    const image = p.images[0];
    const pieces = piecesOf(p);
    return html`<li>
      <span class="thumb">${image ? html`<img src=${image.thumb} alt="" width="56" height="56" loading="lazy">` : html`<span class="blank"></span>`}</span>
      <span class="name clip"><button class="link clip" aria-label=${t('console.edit.of', { title: p.title })} @click=${() => { this.editing = p; }}>${p.title}</button>
        ${p.skus.length > 1 ? html`<br><span class="small quiet">${tn('console.choices', p.skus.length)}</span>` : nothing}</span>
      <span class="price end num nowrap">${priceSpan(p)}</span>
      <span class="stock end num ${stockTone(p)}">${pieces > 0 ? t('console.left', { n: pieces }) : t('console.soldOut')}</span>
      <span class="in-line">${this.lineup(p)}</span>
      <button class="plain icon small trash" aria-label=${t('console.product.archive', { title: p.title })} @click=${() => this.archive(p)}>${trashIcon}</button>
    </li>`;
  }

  private lineup(p: Product) {
    const desk = this.model?.desk;
    if (!desk || desk.show.status === 'ended') return nothing;
    return this.model!.lineup.some((q) => q.id === p.id)
      ? html`<span class="in">${checkIcon}${t('console.lineup.in')}</span>`
      : html`<button class="small" aria-label=${t('console.lineup.put', { title: p.title })} @click=${() => this.addToLineup(p)}>${plusIcon}${t('console.lineup')}</button>`;
  }

  private async addToLineup(p: Product): Promise<void> {
    const model = this.model!;
    try {
      const list = [...model.lineup, p];
      await backend.setLineup(model.slug, list.map((q) => q.id));
      model.arrange(list);
      toast({ kind: 'ok', text: t('console.lineup.added', { title: p.title }) });
    } catch (e) {
      toast({ kind: 'bad', ...explain(e) });
    }
  }

  private async archive(p: Product): Promise<void> {
    try {
      await backend.archiveProduct(p.id);
      this.list = this.list?.filter((q) => q.id !== p.id);
      toast({ kind: 'ok', text: t('console.product.archived', { title: p.title }), action: { label: t('console.putBack'), run: () => void this.unarchive(p) } });
    } catch (e) {
      toast({ kind: 'bad', ...explain(e) });
    }
  }

  private async unarchive(p: Product): Promise<void> {
    try {
      await backend.updateProduct(p.id, { archived: false });
      await this.load();
    } catch (e) {
      toast({ kind: 'bad', ...explain(e) });
    }
  }

  private saved(p: Product): void {
    const isNew = this.editing === 'new';
    this.list = isNew ? [p, ...(this.list ?? [])] : this.list?.map((q) => (q.id === p.id ? p : q));
    this.model?.put(p);
    const offer = isNew && this.model?.desk && this.model.desk.show.status !== 'ended';
    toast({ kind: 'ok', text: t('console.product.saved', { title: p.title }), action: offer ? { label: t('console.lineup.add.short'), run: () => void this.addToLineup(p) } : undefined });
  }

  private async load(): Promise<void> {
    const turn = ++this.asked;
    try {
      const page = await backend.products({ q: this.query.trim() });
      if (turn !== this.asked) return;
      this.list = page.products;
      this.next = page.next;
      this.fault = undefined;
    } catch (e) {
      if (turn === this.asked) this.fault = e;
    }
  }

  private async loadMore(): Promise<void> {
    try {
      const page = await backend.products({ q: this.query.trim(), after: this.next });
      this.list = [...(this.list ?? []), ...page.products];
      this.next = page.next;
    } catch (e) {
      toast({ kind: 'bad', ...explain(e) });
    }
  }
}
customElements.define('products-page', ProductsPage);
