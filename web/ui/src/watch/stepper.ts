import { css, html, type TemplateResult } from 'lit';
import { t } from '../lib/i18n';
import { icons } from '../lib/icons';

export interface Stepper {
  value: number;
  max: number;
  /** What is counted, for screen readers. */
  label: string;
  /** 1 by default; 0 where taking the last one out is meant. */
  min?: number;
  disabled?: boolean;
  change: (n: number) => void;
}

/** Minus, number, plus. */
export function stepper(s: Stepper): TemplateResult {
  const min = s.min ?? 1;
  return html`<span class="stepper" role="group" aria-label=${t('stepper.label', { what: s.label })}>
    <button aria-label=${t('stepper.less')} ?disabled=${s.disabled || s.value <= min} @click=${() => s.change(s.value - 1)}>${icons.minus}</button>
    <output aria-live="polite">${s.value}</output>
    <button aria-label=${t('stepper.more')} ?disabled=${s.disabled || s.value >= s.max} @click=${() => s.change(s.value + 1)}>${icons.plus}</button>
  </span>`;
}

export const stepperSheet = css`
  .stepper {
    display: inline-flex;
    align-items: center;
    border: 1px solid var(--line-strong);
    border-radius: var(--radius-m);
    background: var(--surface);
  }
  .stepper button {
    display: grid;
    place-items: center;
    width: var(--touch);
    height: var(--touch);
    padding: 0;
    border: 0;
    border-radius: var(--radius-m);
    background: none;
  }
  .stepper button:hover:not(:disabled) {
    background: var(--surface-2);
  }
  .stepper button:disabled {
    color: var(--text-2);
    opacity: 0.5;
  }
  .stepper svg {
    width: 20px;
    height: 20px;
  }
  .stepper output {
    min-width: 28px;
    font-weight: 700;
    font-variant-numeric: tabular-nums;
    text-align: center;
  }
`;
