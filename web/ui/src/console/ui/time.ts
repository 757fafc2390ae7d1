import { dateTime, t } from '../../lib/i18n';

/** A running time as a clock reads it: 0:42, 12:05, 1:02:10. Never negative. */
export function clock(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number): string => String(n).padStart(2, '0');
  const [h, m] = [Math.floor(s / 3600), Math.floor(s / 60) % 60];
  return h ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
}

/** A running time as it is read out: "42 seconds", "12 minutes". */
export function spoken(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  return s < 60 ? t('console.time.seconds', { n: s }) : t('console.time.minutes', { n: Math.round(s / 60) });
}

/** When something happened: the time of day, with the day when it was not today. */
export function moment(iso: string, now = Date.now()): string {
  const when = new Date(iso);
  const today = when.toDateString() === new Date(now).toDateString();
  return dateTime(when, today ? { hour: '2-digit', minute: '2-digit' } : { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' });
}

/** A time for <input type="datetime-local">, in the zone of this browser. */
export function localInput(iso: string): string {
  const d = new Date(iso);
  return new Date(d.getTime() - d.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
