// The studio's own icons, drawn like those of `src/lib/icons.ts`.
import { svg, type SVGTemplateResult, html, type TemplateResult } from 'lit';

function icon(body: SVGTemplateResult): TemplateResult {
  return html`<svg viewBox="0 0 24 24" width="24" height="24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">${body}</svg>`;
}

export const icons = {
  microphone: icon(svg`<rect x="9" y="3" width="6" height="11" rx="3"/><path d="M5.500 11.500a6.500 6.500 0 0 0 13 0M12 18v3"/>`),
  muted: icon(svg`<path d="M9 9V6a3 3 0 0 1 6 0v5m-.600 2A3 3 0 0 1 9 12M5.500 11.500a6.500 6.500 0 0 0 10.800 4.900m1.700-2.400a6.500 6.500 0 0 0 .500-2.500M12 18v3M4 4l16 16"/>`),
  camera: icon(svg`<rect x="2.500" y="6" width="13" height="12" rx="2.500"/><path d="m15.500 10.500 6-3.500v10l-6-3.500"/>`),
  dark: icon(svg`<path d="M9.500 6H13a2.500 2.500 0 0 1 2.500 2.500v2l6-3.500v10M15.500 15.500A2.500 2.500 0 0 1 13 18H5a2.500 2.500 0 0 1-2.500-2.500v-7A2.500 2.500 0 0 1 5 6M4 3l17 18"/>`),
  flip: icon(svg`<path d="M4 11a8 8 0 0 1 13.700-4.700L20 8.500M20 4v4.500h-4.500M20 13a8 8 0 0 1-13.700 4.700L4 15.500M4 20v-4.500h4.500"/>`),
  screen: icon(svg`<rect x="3" y="4.500" width="18" height="12.500" rx="2"/><path d="M9 20.500h6M12 13.500V8m-2.500 2.300L12 8l2.500 2.300"/>`),
  unscreen: icon(svg`<rect x="3" y="4.500" width="18" height="12.500" rx="2"/><path d="M9 20.500h6m-5-12 4 4.500m0-4.500-4 4.500"/>`),
  settings: icon(svg`<path d="M4 7h9m5 0h2M4 17h3m5 0h8"/><circle cx="15.500" cy="7" r="2.500"/><circle cx="9.500" cy="17" r="2.500"/>`),
  close: icon(svg`<path d="m6 6 12 12M18 6 6 18"/>`),
  warn: icon(svg`<path d="M12 4l9 15.500H3z"/><path d="M12 10v4.500M12 17h.010"/>`),
  eye: icon(svg`<path d="M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12z"/><circle cx="12" cy="12" r="2.800"/>`),
  eyeOff: icon(svg`<path d="M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12zM4 20 20 4"/>`),
  up: icon(svg`<path d="M12 17V7m-4 4 4-4 4 4"/>`),
} as const;
