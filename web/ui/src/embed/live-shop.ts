// <live-shop show="autumn" server="https://shop.example"> for any page:
//
//   <script src="https://shop.example/embed.js" async></script>
//   <live-shop show="autumn"></live-shop>
//
// Attributes: show (required), server (default: where /embed.js came from), lang (en, zh-CN; default: the
// page's), theme (light, dark; default: the viewer's). Set a height with CSS; the default is 720 px or nine
// tenths of the window. Style with the custom properties of theme.css (--accent, --surface, --font, …) and the
// parts app, stage, video, shop, pin.
//
// Events (bubbling, composed; what it is about is in `detail`):
//   livesrv:ready {show} · livesrv:pin {pin, product} · livesrv:unpin {pin, product} ·
//   livesrv:add {item, product, sku} · livesrv:order {order} · livesrv:error {kind, message}
import { unsafeCSS } from 'lit';
import theme from '../theme.css';
import { LiveWatch } from '../watch/live-watch';
import text from './live-shop.css';

const origin = new URL(import.meta.url).origin;

export class LiveShop extends LiveWatch {
  static override styles = [unsafeCSS(theme), ...LiveWatch.styles, unsafeCSS(text)];

  override connectedCallback(): void {
    // On the server's own pages requests stay same-origin.
    if (!this.hasAttribute('server') && origin !== location.origin) this.server = origin;
    super.connectedCallback();
  }
}
