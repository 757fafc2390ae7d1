// What /embed.js imports: defines <live-shop>.
export { Player } from '../lib/player';
