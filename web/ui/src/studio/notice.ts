import { html, nothing, type TemplateResult } from 'lit';
import { icons } from './icons';
import type { Words } from './words';

/** Something that is wrong, with what to do, and perhaps a button that does it. */
export function notice(kind: 'bad' | 'warn', { what, todo }: Words, action?: { name: string; text: string; run: () => void }): TemplateResult {
  return html`<div class="notice ${kind}">
    ${icons.warn}
    <div>
      <strong>${what}</strong> ${todo}
      ${action ? html`<button type="button" class="button" data-action=${action.name} @click=${action.run}>${action.text}</button>` : nothing}
    </div>
  </div>`;
}
