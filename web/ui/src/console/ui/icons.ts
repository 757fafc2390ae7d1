import { svg, type SVGTemplateResult } from 'lit';

// The console's pictograms: 24-unit strokes that take the colour of the text beside them. They are always
// decoration (the control carries the words), so every one is hidden from assistive technology.
const icon = (body: SVGTemplateResult): SVGTemplateResult => svg`<svg viewBox="0 0 24 24" width="1em" height="1em"
  fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"
  aria-hidden="true" focusable="false">${body}</svg>`;

export const pinIcon = icon(svg`<path d="M9 3.5h6l-1 6 3.5 3.5h-11L10 9.5z"/><path d="M12 13v7.5"/>`);
export const unpinIcon = icon(svg`<path d="M6 6l12 12M18 6L6 18"/>`);
export const deskIcon = icon(svg`<rect x="3.5" y="4.5" width="17" height="12" rx="2.5"/><path d="M8 20h8M10.5 8.2v4.6l4-2.3z"/>`);
export const ordersIcon = icon(svg`<path d="M6 3.5h12v17l-3-2-3 2-3-2-3 2z"/><path d="M9.5 8.5h5M9.5 12.5h5"/>`);
export const productsIcon = icon(svg`<path d="M4 8.5l8-4.5 8 4.5v7.5L12 20.5 4 16z"/><path d="M4 8.5l8 4.5 8-4.5M12 13v7.5"/>`);
export const showIcon = icon(svg`<rect x="3.5" y="5.5" width="17" height="15" rx="2.5"/><path d="M3.5 10h17M8 3.5v4M16 3.5v4"/>`);
export const soundIcon = icon(svg`<path d="M6 16.5V11a6 6 0 0112 0v5.5l1.5 1.5h-15z"/><path d="M10 20.5a2.2 2.2 0 004 0"/>`);
export const soundOffIcon = icon(svg`<path d="M6 16.5V11a6 6 0 0112 0v5.5l1.5 1.5h-15z"/><path d="M10 20.5a2.2 2.2 0 004 0M4 4l16 16"/>`);
export const speakerIcon = icon(svg`<path d="M4 9.5v5h3.5L12 18.5v-13L7.5 9.5z"/><path d="M15.5 9a4.2 4.2 0 010 6M18 6.5a7.8 7.8 0 010 11"/>`);
export const speakerOffIcon = icon(svg`<path d="M4 9.5v5h3.5L12 18.5v-13L7.5 9.5z"/><path d="M16 9.5l5 5M21 9.5l-5 5"/>`);
export const copyIcon = icon(svg`<rect x="8.5" y="8.5" width="11.5" height="11.5" rx="2"/><path d="M15.5 5.5v-1.5h-11.5v11.5h1.5"/>`);
export const eyeIcon = icon(svg`<path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z"/><circle cx="12" cy="12" r="2.8"/>`);
export const eyeOffIcon = icon(svg`<path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM4 20L20 4"/>`);
export const rotateIcon = icon(svg`<path d="M19.5 12a7.5 7.5 0 11-2.2-5.3"/><path d="M19.5 3.5v4h-4"/>`);
export const plusIcon = icon(svg`<path d="M12 5v14M5 12h14"/>`);
export const cameraIcon = icon(svg`<path d="M4 7.5h3.5l1.5-2.5h6l1.5 2.5H20v11.5H4z"/><circle cx="12" cy="13" r="3.5"/>`);
export const uploadIcon = icon(svg`<path d="M12 16V4.5M7.5 9L12 4.5 16.5 9M4.5 15.5v4h15v-4"/>`);
export const downloadIcon = icon(svg`<path d="M12 4.5V16M7.5 11.5L12 16l4.5-4.5M4.5 15.5v4h15v-4"/>`);
export const gripIcon = icon(svg`<path d="M9 6h.01M15 6h.01M9 12h.01M15 12h.01M9 18h.01M15 18h.01" stroke-width="2.6"/>`);
export const upIcon = icon(svg`<path d="M6 14.5l6-6 6 6"/>`);
export const downIcon = icon(svg`<path d="M6 9.5l6 6 6-6"/>`);
export const nextIcon = icon(svg`<path d="M9.5 6l6 6-6 6"/>`);
export const backIcon = icon(svg`<path d="M14.5 6l-6 6 6 6"/>`);
export const checkIcon = icon(svg`<path d="M5 12.5l4.5 4.5L19 7.5"/>`);
export const closeIcon = icon(svg`<path d="M6 6l12 12M18 6L6 18"/>`);
export const warnIcon = icon(svg`<path d="M12 4l9 15.5H3z"/><path d="M12 10v4.5M12 17h.01"/>`);
export const okIcon = icon(svg`<circle cx="12" cy="12" r="8.5"/><path d="M8.5 12.5l2.5 2.5 4.5-5"/>`);
export const keysIcon = icon(svg`<rect x="3" y="6.5" width="18" height="11.5" rx="2"/><path d="M7 10.5h.01M11 10.5h.01M15 10.5h.01M8 14.5h8"/>`);
export const personIcon = icon(svg`<circle cx="12" cy="8.5" r="3.8"/><path d="M4.5 20c.8-3.8 3.7-5.8 7.5-5.8s6.7 2 7.5 5.8"/>`);
export const trashIcon = icon(svg`<path d="M5 7h14M9.5 7V4.5h5V7M7 7l.8 12.5h8.4L17 7"/>`);
export const searchIcon = icon(svg`<circle cx="11" cy="11" r="6"/><path d="M15.5 15.5L20 20"/>`);
export const linkIcon = icon(svg`<path d="M13 5.5h5.5V11M18.5 5.5l-8 8M16.5 14v4.5h-11v-11H10"/>`);
