import type { ApiError } from './api';
import { locale, t } from './i18n';

/** What kind of refusal it was, in the page's language. */
function byKind(e: ApiError): string {
  switch (e.kind) {
    case 'invalid':
    case 'too_large':
      return t('refusal.invalid');
    case 'unauthorized':
      return t('refusal.unauthorized');
    case 'forbidden':
      return t('refusal.forbidden');
    case 'not_found':
    case 'gone':
      return t('refusal.gone');
    case 'sold_out':
      return t('refusal.soldout');
    case 'conflict':
      return t('refusal.conflict');
    case 'too_many':
      return t('refusal.busy');
    case 'unavailable':
    case 'network':
      return t('refusal.unavailable');
    default:
      return t('refusal.internal');
  }
}

/**
 * A refusal as a text and what is to add. The server speaks English: there its own words are the best; in another
 * language its kind says what happened, and its words follow for who can use them.
 */
export function refusal(e: ApiError): { text: string; hint: string } {
  if (locale() === 'en') return { text: e.message, hint: e.hint };
  return { text: byKind(e), hint: [e.message, e.hint].filter(Boolean).join(' – ') };
}

/** The same in one line. */
export function said(e: ApiError): string {
  const { text, hint } = refusal(e);
  return hint ? `${text} (${hint})` : text;
}
