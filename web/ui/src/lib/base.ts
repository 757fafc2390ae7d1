import { sheet } from './style';
import text from './base.css';

/** The style sheet that every component adopts first: buttons, fields, badges, notices, focus. */
export const base = sheet(text);
