import { unsafeCSS, type CSSResult } from 'lit';

/** Turns the text of one of our own `.css` files into a style sheet that a component adopts. */
export function sheet(text: string): CSSResult {
  return unsafeCSS(text);
}
