import type { OrderStatus } from '../../lib/api';
import { t } from '../../lib/i18n';
import type { Order } from '../model/types';

/** A status as the merchant reads it, and the badge's look. */
export function statusWords(status: OrderStatus): { text: string; look: string } {
  switch (status) {
    case 'awaiting_merchant': return { text: t('console.status.waiting'), look: 'accent' };
    case 'confirmed': return { text: t('console.status.confirmed'), look: 'good' };
    case 'cancelled': return { text: t('console.status.cancelled'), look: '' };
    case 'expired': return { text: t('console.status.expired'), look: 'warn' };
  }
}

/** A way to pay in words; one that we do not know, by its own name. */
export function wayWords(way: string): string {
  switch (way) {
    case 'cash_on_delivery': return t('console.way.cash');
    case 'bank_transfer': return t('console.way.bank');
    default: return way;
  }
}

/** What was ordered, in one line. */
export const linesOf = (o: Order): string =>
  o.lines.map((l) => `${l.quantity} × ${l.title}${l.options.length ? ` (${l.options.join(' / ')})` : ''}`).join(', ');

/** Pieces in an order. */
export const unitsOf = (o: Order): number => o.lines.reduce((n, l) => n + l.quantity, 0);
