import { LitElement, css, html, nothing } from 'lit';
import { t } from '../../lib/i18n';
import { fitPicture } from '../model/picture';
import type { Product } from '../model/types';
import { cameraIcon, closeIcon, uploadIcon } from '../ui/icons';
import { base, buttons, fields } from '../ui/styles';

/** A picture in the strip: one that the server has, or one that waits to be sent. */
export interface Shot { id?: string; url: string; blob?: Blob }

/** The pictures of a product: from a file or straight from the camera. Fires `edited` with the list. */
export class PictureStrip extends LitElement {
  static override properties = { shots: { attribute: false }, busy: { state: true }, wrong: { state: true } };
  shots: Shot[] = [];
  private busy = false;
  private wrong = '';

  static override styles = [base, buttons, fields, css`
    ul { display: flex; flex-wrap: wrap; gap: .5rem; }
    li { position: relative; }
    img { width: 6rem; height: 6rem; object-fit: cover; border-radius: var(--radius-m); background: var(--surface-2); }
    li button { position: absolute; top: .25rem; right: .25rem; background: var(--over-bg); color: var(--over); border-color: transparent; border-radius: 99px; }
    li button:hover { background: var(--over-bg-strong); }
    label.pick { display: grid; place-content: center; justify-items: center; gap: .25rem; width: 6rem; height: 6rem; margin: 0; border: 1px dashed var(--line-strong); border-radius: var(--radius-m); cursor: pointer; font-size: .75rem; text-align: center; color: var(--text-2); }
    label.pick svg { font-size: 1.5rem; }
    label.pick:hover { background: var(--surface-2); }
    label.pick:has(:focus-visible) { outline: 2px solid var(--focus); outline-offset: 2px; }
    @media (hover: hover) and (pointer: fine) { .camera { display: none; } }
  `];

  override render() {
    return html`<ul aria-label=${t('console.pictures')}>
      ${this.shots.map((s, i) => html`<li><img src=${s.url} alt=${t('console.picture.n', { n: i + 1 })} width="96" height="96">
        <button class="icon small" aria-label=${t('console.picture.remove', { n: i + 1 })} @click=${() => this.set(this.shots.filter((x) => x !== s))}>${closeIcon}</button></li>`)}
      <li class="camera"><label class="pick">${cameraIcon}${t('console.picture.camera')}<input class="visually-hidden" type="file" accept="image/*" capture="environment" @change=${this.pick}></label></li>
      <li><label class="pick" aria-busy=${this.busy}>${uploadIcon}${t('console.picture.file')}<input class="visually-hidden" type="file" accept="image/jpeg,image/png,image/webp,image/gif" multiple @change=${this.pick}></label></li>
    </ul><p class="wrong" role="alert">${this.wrong || nothing}</p>`;
  }

  private async pick(e: Event): Promise<void> {
    const input = e.target as HTMLInputElement;
    const files = [...(input.files ?? [])];
    input.value = '';
    this.busy = true;
    this.wrong = files.some((f) => !f.type.startsWith('image/')) ? t('console.picture.notOne') : '';
    for (const f of files.filter((x) => x.type.startsWith('image/'))) {
      const blob = await fitPicture(f);
      this.set([...this.shots, { url: URL.createObjectURL(blob), blob }]);
    }
    this.busy = false;
  }

  private set(shots: Shot[]): void {
    this.shots = shots;
    this.dispatchEvent(new CustomEvent('edited', { detail: shots }));
  }
}
customElements.define('picture-strip', PictureStrip);

/** The pictures of a product as the strip shows them. */
export const shotsOf = (p: Product): Shot[] => p.images.map((i) => ({ id: i.id, url: i.thumb }));
