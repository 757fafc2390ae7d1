import { LitElement, html } from 'lit';
import { base } from '../lib/base';
import { t } from '../lib/i18n';
import { sheet } from '../lib/style';
import './studio-sheet';
import type { StudioSheet } from './studio-sheet';
import text from './end-question.css';

/** Asks before the stream is ended: one thumb must not do it by chance. Fires `end` or `stay`. */
export class EndQuestion extends LitElement {
  static override styles = [base, sheet(text)];
  private ending = false;

  protected override render() {
    return html`<studio-sheet heading=${t('studio.end.title')} @closed=${() => this.dispatchEvent(new CustomEvent(this.ending ? 'end' : 'stay'))}>
      <p>${t('studio.end.text')}</p>
      <div class="choices">
        <button type="button" class="button large wide stop" data-action="really" @click=${() => this.choose(true)}>${t('studio.end')}</button>
        <button type="button" class="button large wide" data-action="stay" autofocus @click=${() => this.choose(false)}>${t('studio.end.stay')}</button>
      </div>
    </studio-sheet>`;
  }

  private choose(ending: boolean): void {
    this.ending = ending;
    this.renderRoot.querySelector<StudioSheet>('studio-sheet')!.close();
  }
}

customElements.define('end-question', EndQuestion);
