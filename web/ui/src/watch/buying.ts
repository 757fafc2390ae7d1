// Everything from a product's page to the confirmation (and the help on keys), in a module of its own: see
// shop-panel.ts.
import messages from '../../messages/buy.json';
import { addMessages } from '../lib/i18n';
import './cart-view';
import './checkout-view';
import './done-view';
import './keys-help';
import './product-view';

addMessages(messages);
