import { ApiError } from '../../lib/api';
import { locale, t } from '../../lib/i18n';
import { refusal } from '../../lib/refusal';

/** What went wrong and what to do next, in words for the person at the console. */
export interface Words { text: string; hint: string }

/** The server's own sentence where it has one and it can be read; ours where no answer came or the answer was an accident. */
export function explain(e: unknown): Words {
  if (!(e instanceof ApiError)) return { text: t('console.fault.unknown'), hint: t('console.fault.reload') };
  switch (e.kind) {
    case 'network': return { text: t('console.fault.network'), hint: t('console.fault.network.hint') };
    case 'unauthorized': return { text: t('console.fault.signedOut'), hint: t('console.fault.signedOut.hint') };
    case 'too_many': return { text: t('console.fault.tooMany'), hint: locale() === 'en' ? e.hint : '' };
    case 'internal': return { text: t('console.fault.server'), hint: e.id ? t('console.fault.server.id', { id: e.id }) : t('console.fault.reload') };
    default: return refusal(e);
  }
}

/** Both sentences in one line. */
export function explained(e: unknown): string {
  const w = explain(e);
  return w.hint ? w.text + ' ' + w.hint : w.text;
}

/** The sentence for one field of a form when the fault is about it ("skus[0].price"), else "". */
export function faultAt(e: unknown, field: string): string {
  return e instanceof ApiError && (e.field === field || e.field.endsWith('.' + field)) ? explained(e) : '';
}
