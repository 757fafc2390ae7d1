// Our own icons: 24×24, drawn with the current colour, hidden from screen readers (the control around them
// carries the name).
import { svg, type SVGTemplateResult, html, type TemplateResult } from 'lit';

function icon(body: SVGTemplateResult): TemplateResult {
  return html`<svg viewBox="0 0 24 24" width="24" height="24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">${body}</svg>`;
}

export const icons = {
  play: icon(svg`<path d="M7 4.8v14.400a1 1 0 0 0 1.520.850l11.500-7.200a1 1 0 0 0 0-1.700L8.520 3.950A1 1 0 0 0 7 4.800z" fill="currentColor" stroke="none"/>`),
  pause: icon(svg`<rect x="6" y="4" width="4.500" height="16" rx="1.200" fill="currentColor" stroke="none"/><rect x="13.500" y="4" width="4.500" height="16" rx="1.200" fill="currentColor" stroke="none"/>`),
  sound: icon(svg`<path d="M4 9.500v5h3.500L12 18.500v-13L7.500 9.500z" fill="currentColor"/><path d="M15.500 9a4.200 4.200 0 0 1 0 6M18.200 6.500a8 8 0 0 1 0 11"/>`),
  muted: icon(svg`<path d="M4 9.500v5h3.500L12 18.500v-13L7.500 9.500z" fill="currentColor"/><path d="m16 9.500 5 5m0-5-5 5"/>`),
  fullscreen: icon(svg`<path d="M4 9V5a1 1 0 0 1 1-1h4m6 0h4a1 1 0 0 1 1 1v4m0 6v4a1 1 0 0 1-1 1h-4m-6 0H5a1 1 0 0 1-1-1v-4"/>`),
  shrink: icon(svg`<path d="M9 4v4a1 1 0 0 1-1 1H4m16 0h-4a1 1 0 0 1-1-1V4m0 16v-4a1 1 0 0 1 1-1h4M4 15h4a1 1 0 0 1 1 1v4"/>`),
  pip: icon(svg`<rect x="3" y="5" width="18" height="14" rx="2"/><rect x="12" y="11.500" width="6.500" height="5" rx="1" fill="currentColor" stroke="none"/>`),
  close: icon(svg`<path d="m6 6 12 12M18 6 6 18"/>`),
  back: icon(svg`<path d="m15 5-7 7 7 7"/>`),
  next: icon(svg`<path d="m9 5 7 7-7 7"/>`),
  cart: icon(svg`<path d="M5.500 8h13l1 11.400a1.500 1.500 0 0 1-1.500 1.600H6a1.500 1.500 0 0 1-1.500-1.600z"/><path d="M8.500 10.500V7a3.500 3.500 0 0 1 7 0v3.500"/>`),
  list: icon(svg`<rect x="4" y="4" width="6.500" height="6.500" rx="1.500"/><rect x="13.500" y="4" width="6.500" height="6.500" rx="1.500"/><rect x="4" y="13.500" width="6.500" height="6.500" rx="1.500"/><rect x="13.500" y="13.500" width="6.500" height="6.500" rx="1.500"/>`),
  plus: icon(svg`<path d="M12 5v14M5 12h14"/>`),
  minus: icon(svg`<path d="M5 12h14"/>`),
  check: icon(svg`<path d="m5 12.500 4.800 4.800L19.500 7"/>`),
  trash: icon(svg`<path d="M4.500 7h15M9.500 7V4.500h5V7m3.500 0-.800 12a1.500 1.500 0 0 1-1.500 1.500H8.300A1.500 1.500 0 0 1 6.800 19L6 7m4 4v5.500m4-5.500v5.500"/>`),
  people: icon(svg`<circle cx="9" cy="8" r="3.500"/><path d="M2.500 20a6.500 6.500 0 0 1 13 0M16 4.800a3.500 3.500 0 0 1 0 6.400M18 14.200a6.500 6.500 0 0 1 3.500 5.800"/>`),
  clock: icon(svg`<circle cx="12" cy="12" r="8.500"/><path d="M12 7v5l3.500 2"/>`),
  copy: icon(svg`<rect x="8" y="8" width="12" height="12" rx="2"/><path d="M16 8V5.500A1.500 1.500 0 0 0 14.500 4h-9A1.500 1.500 0 0 0 4 5.500v9A1.500 1.500 0 0 0 5.500 16H8"/>`),
} as const;
