// What /embed.js imports: defines <live-shop>.
import { LiveShop } from '../embed/live-shop';

if (!customElements.get('live-shop')) customElements.define('live-shop', LiveShop);
