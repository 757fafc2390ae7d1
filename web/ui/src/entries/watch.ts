// The page /s/{show}.
import { LiveWatch } from '../watch/live-watch';

customElements.define('live-watch', LiveWatch);
