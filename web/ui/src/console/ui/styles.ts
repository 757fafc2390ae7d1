import { css } from 'lit';
import { base as shared } from '../../lib/base';

// What every console element shares, denser than the watch page: one look for buttons, fields, badges and quiet
// text. The colours are the tokens of theme.css; nothing here names a colour of its own.

export const base = [shared, css`
  :host { display: block; }
  h1 { font-size: 1.375rem; line-height: 1.25; font-weight: 650; letter-spacing: -.01em; text-wrap: balance; }
  h2 { font-size: 1rem; line-height: 1.3; font-weight: 650; }
  h3 { font-size: .9375rem; line-height: 1.35; font-weight: 620; }
  .quiet { color: var(--text-2); }
  .small { font-size: .8125rem; line-height: 1.4; }
  .num { font-variant-numeric: tabular-nums; }
  .nowrap { white-space: nowrap; }
  .clip { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; min-width: 0; }
  svg { flex: none; }
  :focus-visible { outline-width: 2px; }
  [aria-busy='true'] { cursor: progress; }
  @media (prefers-reduced-motion: reduce) {
    *, *::before, *::after { animation-duration: .01ms !important; animation-iteration-count: 1 !important; transition-duration: .01ms !important; }
  }
`];

export const buttons = css`
  button, .button {
    font: inherit; font-weight: 600; font-size: .9375rem; line-height: 1.2; color: var(--text); background: var(--surface);
    border: 1px solid var(--line); border-radius: var(--radius-s); padding: .5rem .875rem; min-height: 2.5rem;
    display: inline-flex; align-items: center; justify-content: center; gap: .5rem; cursor: pointer; text-decoration: none;
    transition: background .12s, border-color .12s, color .12s; touch-action: manipulation; -webkit-tap-highlight-color: transparent;
  }
  button svg, .button svg { font-size: 1.15em; }
  button:hover, .button:hover { background: var(--surface-2); }
  button.primary { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
  button.primary:hover { background: var(--accent-hover); border-color: var(--accent-hover); }
  button.soft { background: var(--accent-soft); border-color: transparent; color: var(--accent); }
  button.soft:hover { border-color: var(--accent); background: var(--accent-soft); }
  button.danger { color: var(--bad); border-color: currentColor; background: transparent; }
  button.danger:hover { background: var(--bad-soft); }
  button.plain { border-color: transparent; background: transparent; }
  button.plain:hover { background: var(--surface-2); }
  button.icon { width: 2.5rem; padding: 0; font-size: 1.1rem; }
  button.small { min-height: 2rem; padding: .25rem .625rem; font-size: .8125rem; }
  button.icon.small { width: 2rem; padding: 0; font-size: 1rem; }
  button.wide { width: 100%; }
  button:disabled { opacity: .55; cursor: default; }
  button.link { border: 0; background: none; min-height: 1.5rem; padding: 0 .125rem; font-size: inherit; color: var(--accent);
    text-decoration: underline; text-underline-offset: .2em; text-decoration-thickness: 1px; }
  .actions { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; }
  .actions.end { justify-content: flex-end; }
  @media (max-width: 799px) {
    button:not(.link), .button { min-height: 2.75rem; }
    button.icon { width: 2.75rem; }
  }
`;

export const fields = css`
  label, .label { display: block; font-size: .8125rem; font-weight: 600; color: var(--text); margin-bottom: .3125rem; }
  input, select, textarea {
    font: inherit; color: var(--text); background: var(--surface); border: 1px solid var(--line-strong); border-radius: var(--radius-s);
    padding: .5rem .6875rem; min-height: 2.625rem; width: 100%; line-height: 1.35;
  }
  textarea { min-height: 5rem; resize: vertical; }
  input[type="checkbox"], input[type="radio"] { width: 1.25rem; height: 1.25rem; min-height: 0; margin: 0; accent-color: var(--accent); flex: none; }
  input:focus-visible, select:focus-visible, textarea:focus-visible { outline-offset: 0; border-color: var(--focus); }
  input[aria-invalid="true"], textarea[aria-invalid="true"], select[aria-invalid="true"] { border-color: var(--bad); }
  .check { display: flex; align-items: center; gap: .625rem; min-height: 2.75rem; font-weight: 500; font-size: .9375rem; margin: 0; cursor: pointer; }
  .field { align-content: start; min-width: 0; }
  .field + .field { margin-top: 1rem; }
  .help { font-size: .8125rem; line-height: 1.4; color: var(--text-2); margin-top: .3125rem; }
  .wrong { font-size: .8125rem; line-height: 1.4; color: var(--bad); margin-top: .3125rem; }
  .row { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: 1rem; }
  .row + .field, .field + .row, .row + .row { margin-top: 1rem; }
  .row .field + .field { margin-top: 0; }
  @media (max-width: 799px) { input, select, textarea { font-size: 1rem; min-height: 2.75rem; } }
`;

export const surfaces = css`
  .panel { background: var(--surface); border: 1px solid var(--line); border-radius: var(--radius-m); }
  .badge { display: inline-flex; align-items: center; gap: .375rem; font-size: .75rem; font-weight: 650; line-height: 1; white-space: nowrap;
    padding: .3125rem .5rem; border-radius: 99px; background: var(--surface-2); color: var(--text-2); }
  .badge.on { background: var(--live); color: var(--on-live); }
  .badge.good { background: var(--good-soft); color: var(--good); }
  .badge.warn { background: var(--warn-soft); color: var(--warn); }
  .badge.bad { background: var(--bad-soft); color: var(--bad); }
  .badge.accent { background: var(--accent-soft); color: var(--accent); }
  .notice { display: grid; grid-template-columns: auto 1fr; gap: .625rem; padding: .75rem .875rem; border-radius: var(--radius-s);
    font-size: .875rem; line-height: 1.45; background: var(--surface-2); }
  .notice > svg { font-size: 1.2rem; margin-top: .0625rem; }
  .notice strong { font-weight: 650; }
  .notice.warn { background: var(--warn-soft); } .notice.warn > svg { color: var(--warn); }
  .notice.bad { background: var(--bad-soft); } .notice.bad > svg { color: var(--bad); }
  .notice.good { background: var(--good-soft); } .notice.good > svg { color: var(--good); }
  .empty { text-align: center; padding: 2.5rem 1.25rem; color: var(--text-2); display: grid; gap: .75rem; justify-items: center; }
  .empty > svg { font-size: 2rem; opacity: .7; }
  .empty h2, .empty h3 { color: var(--text); }
  .empty p { max-width: 34ch; line-height: 1.5; font-size: .9375rem; }
  .bone { border-radius: var(--radius-s); background: var(--surface-2); animation: breathe 1.6s ease-in-out infinite; }
  @keyframes breathe { 50% { opacity: .5; } }
`;
