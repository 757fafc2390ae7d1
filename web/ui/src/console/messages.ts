import part from '../../messages/console.json';
import { addMessages, setLocale } from '../lib/i18n';

// Imported before everything that renders.
addMessages(part);
setLocale(document.documentElement.lang);
