import { LitElement, css, html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { t } from '../../lib/i18n';
import { priceSpan } from '../desk/sku-edit';
import * as backend from '../model/backend';
import type { DeskModel } from '../model/desk';
import { explain } from '../model/faults';
import { Watch } from '../model/observable';
import type { Product } from '../model/types';
import { closeIcon, downIcon, gripIcon, plusIcon, upIcon } from '../ui/icons';
import { base, buttons, surfaces } from '../ui/styles';
import { say, toast } from '../ui/toasts';
import './lineup-picker';

/**
 * The order of the line-up. A product is moved by its grip (mouse or finger), by the arrow keys on the grip, or by the
 * two arrow buttons. Every change is saved at once; a refused one goes back.
 */
export class LineupEditor extends LitElement {
  static override properties = { model: { attribute: false }, list: { state: true }, dragged: { state: true }, picking: { state: true } };
  model!: DeskModel;
  /** The order as it is being changed; undefined while it is the server's. */
  private list?: Product[];
  private dragged?: string;
  private picking = false;
  private saving = 0;
  private letGo?: AbortController;

  constructor() {
    super();
    new Watch(this, () => this.model);
  }

  static override styles = [base, buttons, surfaces, css`
    li { display: grid; grid-template-columns: 2.25rem 1.25rem 2.5rem minmax(0, 1fr) auto; align-items: center; gap: .5rem; padding: .3125rem 0; border-bottom: 1px solid var(--line); background: var(--surface); }
    li.dragged { position: relative; z-index: 1; box-shadow: var(--shadow-2); border-radius: var(--radius-s); }
    .grip { cursor: grab; touch-action: none; color: var(--text-2); border-color: transparent; background: none; width: 2.25rem; padding: 0; font-size: 1.25rem; }
    .dragged .grip { cursor: grabbing; }
    .place { font-size: .8125rem; color: var(--text-2); text-align: end; }
    img, .blank { width: 2.5rem; height: 2.5rem; border-radius: var(--radius-s); object-fit: cover; background: var(--surface-2); }
    .title { font-weight: 600; font-size: .9375rem; }
    .tools { display: flex; }
    .add { margin-top: .875rem; }
    @media (max-width: 799px) {
      li { grid-template-columns: 2rem 2.5rem minmax(0, 1fr) auto; gap: .375rem; }
      .grip { width: 2rem; }
      .place { display: none; }
      .tools button.icon { width: 2.25rem; }
    }
  `];

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.giveUp();
  }

  override render() {
    const list = this.list ?? this.model.lineup;
    return html`
      ${list.length ? html`<ul>${repeat(list, (p) => p.id, (p, i) => this.item(p, i, list.length))}</ul>` : html`<p class="quiet">${t('console.lineup.none')}</p>`}
      <button class="add" @click=${() => { this.picking = true; }}>${plusIcon}${t('console.lineup.add')}</button>
      ${this.picking ? html`<lineup-picker .without=${list.map((p) => p.id)} @closed=${() => { this.picking = false; }}
        @chosen=${(e: CustomEvent<Product[]>) => this.save([...list, ...e.detail])}></lineup-picker>` : nothing}`;
  }

  private item(p: Product, i: number, n: number) {
    const image = p.images[0];
    const title = p.title;
    return html`<li class=${this.dragged === p.id ? 'dragged' : ''} data-id=${p.id}>
      <button class="grip" aria-label=${t('console.lineup.grip', { title, n: i + 1, of: n })} title=${t('console.lineup.grip.help')}
        @keydown=${(e: KeyboardEvent) => this.onKey(e, i)} @pointerdown=${(e: PointerEvent) => this.take(e, p.id)}>${gripIcon}</button>
      <span class="place num" aria-hidden="true">${i + 1}</span>
      ${image ? html`<img src=${image.thumb} alt="" width="40" height="40" loading="lazy">` : html`<span class="blank"></span>`}
      <span class="clip"><span class="title">${title}</span><br><span class="small quiet num">${priceSpan(p)}</span></span>
      <span class="tools">
        <button class="plain icon small up" aria-label=${t('console.lineup.up', { title })} ?disabled=${i === 0} @click=${() => this.move(i, i - 1)}>${upIcon}</button>
        <button class="plain icon small down" aria-label=${t('console.lineup.down', { title })} ?disabled=${i === n - 1} @click=${() => this.move(i, i + 1)}>${downIcon}</button>
        <button class="plain icon small" aria-label=${t('console.lineup.remove', { title })} @click=${() => this.takeOut(p)}>${closeIcon}</button>
      </span></li>`;
  }

  private get current(): Product[] { return this.list ?? this.model.lineup; }

  private onKey(e: KeyboardEvent, i: number): void {
    const to = { ArrowUp: i - 1, ArrowDown: i + 1, Home: 0, End: this.current.length - 1 }[e.key];
    if (to === undefined) return;
    e.preventDefault();
    void this.move(i, to);
  }

  private async move(from: number, to: number): Promise<void> {
    const list = [...this.current];
    if (to < 0 || to >= list.length || to === from) return;
    const [p] = list.splice(from, 1);
    list.splice(to, 0, p!);
    this.list = list;
    await this.updateComplete;
    // The keyed row was moved in the document and lost the focus on the way.
    this.renderRoot.querySelector<HTMLElement>(`li[data-id="${p!.id}"] .grip`)?.focus();
    say(t('console.lineup.moved', { title: p!.title, n: to + 1, of: list.length }));
    void this.save(list);
  }

  private takeOut(p: Product): void {
    const before = this.current;
    void this.save(before.filter((q) => q !== p));
    toast({ kind: 'ok', text: t('console.lineup.removed', { title: p.title }), action: { label: t('console.putBack'), run: () => void this.save(before) } });
  }

  private take(e: PointerEvent, id: string): void {
    if (e.button !== 0) return;
    e.preventDefault();
    (e.currentTarget as HTMLElement).focus();
    this.dragged = id;
    this.list = [...this.current];
    // On the window: a row that is moved in the document loses its hold of the pointer.
    this.letGo = new AbortController();
    const { signal } = this.letGo;
    window.addEventListener('pointermove', (m) => { if (m.pointerId === e.pointerId) this.drag(m); }, { signal });
    window.addEventListener('pointerup', (u) => { if (u.pointerId === e.pointerId) this.drop(); }, { signal });
    window.addEventListener('pointercancel', () => this.giveUp(), { signal });
  }

  private drag(e: PointerEvent): void {
    if (!this.dragged || !this.list) return;
    const from = this.list.findIndex((p) => p.id === this.dragged);
    const rows = [...this.renderRoot.querySelectorAll('li')].map((li) => li.getBoundingClientRect());
    const to = rows.filter((box, i) => i !== from && e.clientY > box.top + box.height / 2).length;
    if (to === from) return;
    const list = [...this.list];
    const [p] = list.splice(from, 1);
    list.splice(to, 0, p!);
    this.list = list;
  }

  private drop(): void {
    if (!this.dragged) return;
    const { list, dragged } = this;
    this.letGo?.abort();
    this.dragged = undefined;
    const at = list!.findIndex((p) => p.id === dragged);
    if (this.model.lineup[at]?.id === dragged) { this.list = undefined; return; }
    say(t('console.lineup.moved', { title: list![at]!.title, n: at + 1, of: list!.length }));
    void this.save(list!);
  }

  private giveUp(): void {
    this.letGo?.abort();
    this.dragged = this.list = undefined;
  }

  private async save(list: Product[]): Promise<void> {
    this.list = list;
    const turn = ++this.saving;
    try {
      await backend.setLineup(this.model.slug, list.map((p) => p.id));
      if (turn === this.saving) this.model.arrange(list);
    } catch (e) {
      toast({ kind: 'bad', ...explain(e) });
    }
    // A newer change is on its way: its order stays on screen.
    if (turn === this.saving && !this.dragged) this.list = undefined;
  }
}
customElements.define('lineup-editor', LineupEditor);
