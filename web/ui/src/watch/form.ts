// The checkout's fields: what is asked, and what is wrong with an answer. The server checks again, with the
// same field names; this is so that the buyer learns it while typing, in their language.
import type { Address, Contact } from '../lib/api';
import { t } from '../lib/i18n';

/** Names as the API's errors name them. */
export type FieldName =
  | 'contact.name'
  | 'contact.phone'
  | 'contact.email'
  | 'address.line1'
  | 'address.line2'
  | 'address.postcode'
  | 'address.city'
  | 'address.region'
  | 'address.country'
  | 'note';

export type Answers = Record<FieldName, string> & { way: string };

export interface Field {
  name: FieldName;
  label: () => string;
  /** The browser's autofill name. */
  autocomplete: string;
  type?: 'text' | 'tel' | 'email';
  max: number;
  /** May it stay empty? Of phone and email one is enough, but for a parcel that is paid at the door. */
  optional?: (a: Answers) => boolean;
  /** Half a row. */
  half?: boolean;
}

const always = (): boolean => true;
const needsPhone = (a: Answers): boolean => a.way === 'cash_on_delivery';
const phoneOptional = (a: Answers): boolean => !needsPhone(a) && a['contact.email'].trim() !== '';

export const contactFields: Field[] = [
  { name: 'contact.name', label: () => t('form.name'), autocomplete: 'name', max: 100 },
  { name: 'contact.phone', label: () => t('form.phone'), autocomplete: 'tel', type: 'tel', max: 30, optional: phoneOptional },
  { name: 'contact.email', label: () => t('form.email'), autocomplete: 'email', type: 'email', max: 254, optional: (a) => a['contact.phone'].trim() !== '' || needsPhone(a) },
];

export const addressFields: Field[] = [
  { name: 'address.line1', label: () => t('form.line1'), autocomplete: 'address-line1', max: 200 },
  { name: 'address.line2', label: () => t('form.line2'), autocomplete: 'address-line2', max: 200, optional: always },
  { name: 'address.postcode', label: () => t('form.postcode'), autocomplete: 'postal-code', max: 20, optional: always, half: true },
  { name: 'address.city', label: () => t('form.city'), autocomplete: 'address-level2', max: 100, half: true },
  { name: 'address.region', label: () => t('form.region'), autocomplete: 'address-level1', max: 100, optional: always, half: true },
];

/** Every field in the order of the form. */
export const order: FieldName[] = [...contactFields.map((f) => f.name), ...addressFields.map((f) => f.name), 'address.country', 'note'];

export function blank(): Answers {
  return {
    'contact.name': '',
    'contact.phone': '',
    'contact.email': '',
    'address.line1': '',
    'address.line2': '',
    'address.postcode': '',
    'address.city': '',
    'address.region': '',
    'address.country': '',
    note: '',
    way: '',
  };
}

/** What is wrong with a field's answer, in words; null when nothing is. */
export function problem(name: FieldName | 'way', a: Answers): string | null {
  const v = a[name].trim();
  switch (name) {
    case 'contact.name':
      return v === '' ? t('form.name.missing') : null;
    case 'contact.phone':
      if (v === '') return phoneOptional(a) ? null : needsPhone(a) ? t('form.phone.missing') : t('form.contact.missing');
      return phone(v) ? null : t('form.phone.wrong');
    case 'contact.email':
      return v === '' || /^[^\s@<>()]+@[^\s@.]+(\.[^\s@.]+)+$/.test(v) ? null : t('form.email.wrong');
    case 'address.line1':
      return v === '' ? t('form.line1.missing') : null;
    case 'address.city':
      return v === '' ? t('form.city.missing') : null;
    case 'way':
      return v === '' ? t('form.way.missing') : null;
    default:
      return null;
  }
}

/** What people write as a phone number: 5 to 15 digits with the usual marks between. */
function phone(v: string): boolean {
  const digits = v.replace(/\D/g, '').length;
  return /^\+?[\d ()\-./]+$/.test(v) && digits >= 5 && digits <= 15;
}

export function contactOf(a: Answers): Contact {
  return { name: a['contact.name'].trim(), phone: a['contact.phone'].trim(), email: a['contact.email'].trim() };
}

export function addressOf(a: Answers): Address {
  return {
    line1: a['address.line1'].trim(),
    line2: a['address.line2'].trim(),
    city: a['address.city'].trim(),
    region: a['address.region'].trim(),
    postcode: a['address.postcode'].trim(),
    country: a['address.country'],
  };
}

/** Every country by its two letters, named and sorted in the language in use. */
export function countries(locale: string): { code: string; name: string }[] {
  const names = new Intl.DisplayNames([locale], { type: 'region' });
  return codes
    .split(' ')
    .map((code) => ({ code, name: names.of(code) ?? code }))
    .sort((a, b) => a.name.localeCompare(b.name, locale));
}

// ISO 3166-1 alpha-2.
const codes =
  'AD AE AF AG AI AL AM AO AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GT GU GW GY HK HN HR HT HU ID IE IL IM IN IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TG TH TJ TL TM TN TO TR TT TV TW TZ UA UG US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW';
