// Money is integer minor units plus an ISO 4217 code, everywhere; it becomes a decimal only as text.
import { locale } from './i18n';

export interface Money {
  /** Minor units: cents of EUR, yen of JPY, fils of KWD. */
  amount: number;
  /** ISO 4217 code. */
  currency: string;
}

/** How many decimals the currency's minor unit stands for: EUR 2, JPY 0, KWD 3. */
export function digits(currency: string): number {
  return new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
}

/** The amount as the language writes it, without decimals where they are all zero and `short` is asked for. */
export function money(m: Money, options: { short?: boolean } = {}): string {
  const n = digits(m.currency);
  const scale = 10 ** n;
  const whole = options.short && m.amount % scale === 0;
  return new Intl.NumberFormat(locale(), {
    style: 'currency',
    currency: m.currency,
    minimumFractionDigits: whole ? 0 : n,
    maximumFractionDigits: whole ? 0 : n,
  }).format(m.amount / scale);
}

/**
 * Reads what a person typed ("12.50", "12,50", "1,299", "¥ 99") as minor units, or null when it is no amount
 * of this currency: a sign, too many decimals, or more than 2^53 minor units.
 */
export function parseMoney(text: string, currency: string): number | null {
  const n = digits(currency);
  const s = text.normalize('NFKC').replace(/[\s'’_]|\p{Sc}|[A-Za-z]/gu, '');
  if (!/^[\d.,]+$/.test(s) || !/\d/.test(s)) return null;
  // The last mark is the decimal mark if what follows it can be decimals of this currency; three digits
  // after a single kind of mark are a group, except for currencies with three decimals.
  const at = Math.max(s.lastIndexOf('.'), s.lastIndexOf(','));
  let whole = s;
  let rest = '';
  if (at >= 0 && n > 0 && s.length - at - 1 <= n) {
    whole = s.slice(0, at);
    rest = s.slice(at + 1);
  }
  const groups = whole.split(/[.,]/);
  if (groups.length > 1 && groups.slice(1).some((g) => g.length !== 3)) return null;
  const amount = Number(groups.join('') + rest.padEnd(n, '0'));
  return Number.isSafeInteger(amount) ? amount : null;
}

/** Minor units as a plain decimal for an input field: 1250 EUR → "12.50". */
export function plainMoney(m: Money): string {
  const n = digits(m.currency);
  return (m.amount / 10 ** n).toFixed(n);
}

/** The sum of amounts of one currency. */
export function sum(list: readonly Money[], currency: string): Money {
  return { amount: list.reduce((a, m) => a + m.amount, 0), currency };
}
