// One catalogue for every page: messages/*.json, {"key": {"en": "…", "zh-CN": "…"}}. An entry point adds the
// files it needs with `addMessages`; `t` reads them. A test proves that no key lacks a language, that
// every key used exists and that none is left over, so keys must be written as literals.
import common from '../../messages/common.json';

export const locales = ['en', 'zh-CN'] as const;
export type Locale = (typeof locales)[number];
export type Messages = Record<string, Record<Locale, string>>;

const table = new Map<string, Record<Locale, string>>();
let current: Locale = 'en';
let plural = new Intl.PluralRules(current);

addMessages(common);

/** Adds a part of the catalogue. */
export function addMessages(part: Messages): void {
  for (const [key, texts] of Object.entries(part)) table.set(key, texts);
}

/** The catalogue's language for a BCP 47 tag, by its first subtag ("zh-TW" reads zh-CN); English otherwise. */
export function matchLocale(tag: string | null | undefined): Locale {
  const first = (tag ?? '').toLowerCase().split('-')[0];
  return locales.find((l) => l.toLowerCase().split('-')[0] === first) ?? 'en';
}

/** Sets the language of everything that is rendered from now on. */
export function setLocale(tag: string | null | undefined): Locale {
  current = matchLocale(tag);
  plural = new Intl.PluralRules(current);
  return current;
}

/** The language in use. A page starts with `setLocale(document.documentElement.lang)`. */
export function locale(): Locale {
  return current;
}

/** The message under `key`, with `{name}` replaced by `args.name`. */
export function t(key: string, args?: Record<string, string | number>): string {
  const text = table.get(key)?.[current] ?? key;
  if (!args) return text;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const v = args[name];
    return v === undefined ? whole : typeof v === 'number' ? number(v) : v;
  });
}

/** The message for a count: `key` + ".one" or ".other" by the language's plural rules, with `{count}`. */
export function tn(key: string, count: number, args?: Record<string, string | number>): string {
  const form = plural.select(count) === 'one' ? '.one' : '.other';
  return t(key + form, { ...args, count });
}

/** A number as the language writes it. */
export function number(n: number, options?: Intl.NumberFormatOptions): string {
  return new Intl.NumberFormat(current, options).format(n);
}

/** A point in time: "today, 20:00" style by default. */
export function dateTime(when: Date | string, options?: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(current, options ?? { weekday: 'short', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' }).format(
    new Date(when),
  );
}

/** A page of ours in the language that was asked for with ?lang=, so that the choice survives a click. */
export function link(path: string): string {
  const lang = new URLSearchParams(location.search).get('lang');
  return lang ? `${path}${path.includes('?') ? '&' : '?'}lang=${encodeURIComponent(lang)}` : path;
}
