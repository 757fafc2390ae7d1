import { LitElement, css, html } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { t } from '../../lib/i18n';
import { base, buttons } from './styles';
import { closeIcon, okIcon, warnIcon } from './icons';

export interface Toast { kind: 'ok' | 'bad'; text: string; hint?: string; action?: { label: string; run: () => void } }

/** How long a message stays, in ms: one with something to read twice or to do, longer. */
const shortly = 6000;
const longer = 20_000;
const maxToasts = 3;

const toastEvent = 'console-toast';
const sayEvent = 'console-say';

/** Shows a short message over whatever is on screen and reads it out. */
export function toast(message: Toast): void {
  window.dispatchEvent(new CustomEvent<Toast>(toastEvent, { detail: message }));
}

/** Reads a text out to screen readers without showing anything. */
export function say(text: string): void {
  window.dispatchEvent(new CustomEvent<string>(sayEvent, { detail: text }));
}

/** The one place for short messages and for what is only said. It never takes the focus. */
export class ConsoleToasts extends LitElement {
  private list: (Toast & { id: number })[] = [];
  private said = '';
  private next = 1;

  static override styles = [base, buttons, css`
    :host { position: fixed; inset: auto 0 calc(1.25rem + env(safe-area-inset-bottom)); z-index: 30; pointer-events: none; display: grid; justify-items: center; gap: .5rem; padding: 0 .75rem; }
    .list { display: contents; }
    .toast { pointer-events: auto; display: flex; align-items: center; gap: .75rem; max-width: min(34rem, 100%); padding: .625rem .5rem .625rem .875rem;
      background: var(--text); color: var(--bg); border-radius: var(--radius-m); box-shadow: var(--shadow-2); animation: rise .18s ease-out; font-size: .9375rem; line-height: 1.4; }
    .toast > svg { font-size: 1.25rem; }
    .toast small { display: block; font-size: .8125rem; opacity: .86; }
    .toast button { color: inherit; background: transparent; border-color: transparent; min-height: 2.25rem; }
    .toast button.act { text-decoration: underline; text-underline-offset: .2em; white-space: nowrap; }
    .toast button:hover { background: rgb(127 127 127 / .25); }
    .toast :focus-visible { outline-color: currentColor; }
    @keyframes rise { from { transform: translateY(.75rem); opacity: 0; } }
    @media (max-width: 799px) { :host { bottom: calc(4.75rem + env(safe-area-inset-bottom)); } }
  `];

  override connectedCallback(): void {
    super.connectedCallback();
    window.addEventListener(toastEvent, this.onToast);
    window.addEventListener(sayEvent, this.onSay);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener(toastEvent, this.onToast);
    window.removeEventListener(sayEvent, this.onSay);
  }

  override render() {
    return html`
      <div class="visually-hidden" role="status" aria-live="polite">${this.said}</div>
      <div class="list" role="status" aria-live="polite">${repeat(this.list, (m) => m.id, (m) => html`
        <div class="toast">
          ${m.kind === 'ok' ? okIcon : warnIcon}
          <span>${m.text}${m.hint ? html`<small>${m.hint}</small>` : null}</span>
          ${m.action ? html`<button class="act" @click=${() => { this.drop(m.id); m.action!.run(); }}>${m.action.label}</button>` : null}
          <button class="icon small" aria-label=${t('console.dismiss')} @click=${() => this.drop(m.id)}>${closeIcon}</button>
        </div>`)}</div>`;
  }

  private readonly onToast = (e: Event): void => {
    const message = { ...(e as CustomEvent<Toast>).detail, id: this.next++ };
    this.list = [...this.list.filter((m) => m.text !== message.text), message].slice(-maxToasts);
    this.dropAfter(message.id, message.kind === 'bad' || message.action ? longer : shortly);
    this.requestUpdate();
  };

  private readonly onSay = (e: Event): void => {
    this.said = (e as CustomEvent<string>).detail;
    this.requestUpdate();
  };

  /** A message that the pointer or the focus is on stays. */
  private dropAfter(id: number, ms: number): void {
    window.setTimeout(() => {
      if (this.renderRoot.querySelector('.toast:hover, .toast:focus-within')) this.dropAfter(id, shortly);
      else this.drop(id);
    }, ms);
  }

  private drop(id: number): void {
    this.list = this.list.filter((m) => m.id !== id);
    this.requestUpdate();
  }
}
customElements.define('console-toasts', ConsoleToasts);
