// The page /embed/{show}, inside an iframe of another site.
import { connectFrame } from '../embed/frame';
import { LiveWatch } from '../watch/live-watch';

customElements.define('live-watch', LiveWatch);
const element = document.querySelector<LiveWatch>('live-watch');
if (element) connectFrame(element);
