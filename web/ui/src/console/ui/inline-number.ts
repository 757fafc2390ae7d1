import { LitElement, css, html, nothing } from 'lit';
import { base } from './styles';

/**
 * A number that is text until it is clicked or focused, then a field. Enter or leaving it saves, Esc takes it back.
 * `value` is what is true now and may change under the hands: while it is being edited the typed text stays, and the
 * event `save` carries both the number typed and the number that stood there when typing began. `parse` gives
 * undefined for what is not a number that may be.
 */
export class InlineNumber extends LitElement {
  static override properties = {
    value: { type: Number }, label: {}, tone: { reflect: true }, pending: { type: Boolean, reflect: true }, wrong: {},
    show: { attribute: false }, parse: { attribute: false }, step: { type: Number }, editing: { state: true }, bad: { state: true },
  };
  value = 0;
  label = '';
  tone: '' | 'low' | 'out' = '';
  pending = false;
  wrong = '';
  show: (n: number) => string = String;
  parse: (s: string) => number | undefined = (s) => (/^\d+$/.test(s.trim()) ? Number(s) : undefined);
  step = 0;
  private editing = false;
  private bad = false;
  private seen = 0;

  static override styles = [base, css`
    :host { display: inline-block; min-width: 0; }
    input { font: inherit; font-size: .9375rem; font-variant-numeric: tabular-nums; color: inherit; background: transparent; text-align: end;
      border: 1px solid transparent; border-radius: var(--radius-s); height: 2.125rem; padding: 0 .5rem; width: 100%; min-width: 0; cursor: text;
      transition: border-color .12s, background .12s; text-overflow: ellipsis; }
    :host(:hover) input { border-color: var(--line); background: var(--surface); }
    input:focus { border-color: var(--focus); background: var(--surface); outline: 2px solid var(--focus); outline-offset: 0; }
    input[aria-invalid="true"] { border-color: var(--bad); }
    :host([tone="low"]) input { color: var(--warn); font-weight: 650; }
    :host([tone="out"]) input { color: var(--bad); font-weight: 650; }
    :host([pending]) input { font-style: italic; opacity: .75; }
    @media (max-width: 799px) { input { font-size: 1rem; height: 2.75rem; border-color: var(--line); background: var(--surface); } }
  `];

  override render() {
    return html`<input type="text" inputmode="decimal" autocomplete="off" aria-label=${this.label} aria-busy=${this.pending}
      aria-invalid=${this.bad || this.wrong ? 'true' : nothing} title=${this.wrong || nothing}
      @focus=${this.begin} @blur=${this.commit} @keydown=${this.onKey}>`;
  }

  override updated(): void {
    if (!this.editing) this.input.value = this.show(this.value);
  }

  private get input(): HTMLInputElement { return this.renderRoot.querySelector('input')!; }

  private begin(): void {
    this.editing = true;
    this.bad = false;
    this.seen = this.value;
    this.input.select();
  }

  private commit(): void {
    if (!this.editing) return;
    const typed = this.parse(this.input.value);
    this.bad = typed === undefined && this.input.value !== this.show(this.seen);
    // What cannot be read is not thrown away: the field stays marked with it until it is put right or left with Esc.
    if (this.bad) { this.dispatchEvent(new CustomEvent('unreadable', { detail: this.input.value })); return; }
    this.editing = false;
    if (typed !== undefined && typed !== this.seen) {
      this.dispatchEvent(new CustomEvent('save', { detail: { value: typed, seen: this.seen } }));
    }
  }

  private onKey(e: KeyboardEvent): void {
    if (e.key === 'Enter') {
      e.preventDefault();
      this.commit();
      if (!this.bad) { this.input.blur(); }
    } else if (e.key === 'Escape') {
      e.stopPropagation();
      this.editing = this.bad = false;
      this.input.value = this.show(this.value);
      this.input.blur();
    } else if (this.step && (e.key === 'ArrowUp' || e.key === 'ArrowDown')) {
      e.preventDefault();
      const now = this.parse(this.input.value) ?? this.value;
      this.input.value = this.show(Math.max(0, now + (e.key === 'ArrowUp' ? this.step : -this.step)));
    }
  }
}
customElements.define('inline-number', InlineNumber);
