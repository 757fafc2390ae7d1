// What the studio says: states, troubles with devices, refusals, each with what to do about it.
import { number, t } from '../lib/i18n';
import type { Kind, Trouble } from './devices';
import type { Publisher, Refusal } from './publisher';
import type { Reading } from './stats';

/** What happened, and the next step. */
export interface Words {
  what: string;
  todo: string;
}

function device(kind: Kind): string {
  switch (kind) {
    case 'camera':
      return t('studio.device.camera');
    case 'microphone':
      return t('studio.device.microphone');
    case 'screen':
      return t('studio.device.screen');
  }
}

export function troubleWords(kind: Kind, trouble: Trouble): Words {
  const d = { device: device(kind) };
  switch (trouble) {
    case 'insecure':
      return { what: t('studio.trouble.insecure', d), todo: t('studio.trouble.insecure.do') };
    case 'unsupported':
      return { what: t('studio.trouble.unsupported', d), todo: t('studio.trouble.unsupported.do') };
    case 'denied':
      return { what: t('studio.trouble.denied', d), todo: t('studio.trouble.denied.do', d) };
    case 'dismissed':
      return { what: t('studio.trouble.dismissed', d), todo: t('studio.trouble.dismissed.do') };
    case 'system':
      return { what: t('studio.trouble.system', d), todo: t('studio.trouble.system.do', d) };
    case 'missing':
      return { what: t('studio.trouble.missing', d), todo: t('studio.trouble.missing.do') };
    case 'busy':
      return { what: t('studio.trouble.busy', d), todo: t('studio.trouble.busy.do') };
    case 'unfit':
      return { what: t('studio.trouble.unfit', d), todo: t('studio.trouble.unfit.do') };
    case 'lost':
      return { what: t('studio.trouble.lost', d), todo: t('studio.trouble.lost.do') };
    case 'broken':
      return { what: t('studio.trouble.broken', d), todo: t('studio.trouble.broken.do') };
  }
}

/** Our words for the kind of refusal, and the server's own where it had some. */
export function refusalWords(r: Refusal): Words {
  const { what, todo } = ownWords(r.kind);
  const theirs = r.error && !/^HTTP \d/.test(r.error.message) ? [r.error.message, r.error.hint].filter(Boolean).join(' – ') : '';
  return { what, todo: theirs ? `${todo} ${t('studio.refused.server', { words: theirs })}` : todo };
}

function ownWords(kind: Refusal['kind']): Words {
  switch (kind) {
    case 'key':
      return { what: t('studio.refused.key'), todo: t('studio.refused.key.do') };
    case 'taken':
      return { what: t('studio.refused.taken'), todo: t('studio.refused.taken.do') };
    case 'none':
      return { what: t('studio.refused.none'), todo: t('studio.refused.none.do') };
    case 'away':
      return { what: t('studio.refused.away'), todo: t('studio.refused.away.do') };
    case 'busy':
      return { what: t('studio.refused.busy'), todo: t('studio.refused.busy.do') };
    case 'media':
      return { what: t('studio.refused.media'), todo: t('studio.refused.media.do') };
    case 'unreachable':
      return { what: t('studio.refused.unreachable'), todo: t('studio.refused.unreachable.do') };
    case 'path':
      return { what: t('studio.refused.path'), todo: t('studio.refused.path.do') };
    case 'overtaken':
      return { what: t('studio.refused.overtaken'), todo: t('studio.refused.overtaken.do') };
    case 'over':
      return { what: t('studio.refused.over'), todo: t('studio.refused.over.do') };
    case 'internal':
      return { what: t('studio.refused.internal'), todo: t('studio.refused.internal.do') };
  }
}

/** "0:07", "12:34", "1:02:03". */
export function clock(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number): string => String(n).padStart(2, '0');
  const [h, m] = [Math.floor(s / 3600), Math.floor(s / 60) % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
}

/** The state in one line; the same for the eye and, without the running clock, for the ear. */
export function phaseText({ phase, attempt, since, until }: Publisher): string {
  switch (phase) {
    case 'idle':
      return t('studio.state.preview');
    case 'connecting':
      return t('studio.state.connecting');
    case 'live':
      return t('studio.state.live');
    case 'reconnecting':
      return t('studio.state.reconnecting', { n: Math.max(1, attempt) });
    case 'ended':
      return since ? t('studio.state.ended', { time: clock(until - since) }) : t('studio.state.preview');
    case 'refused':
      return t('studio.state.refused');
  }
}

export function bitrateText(bits: number): string {
  return bits >= 1e6
    ? t('studio.rate.mega', { n: number(bits / 1e6, { minimumFractionDigits: 1, maximumFractionDigits: 1 }) })
    : t('studio.rate.kilo', { n: Math.round(bits / 1e3) });
}

/** What keeps the picture under its quality, if anything does. */
export function limitText(r: Reading): string {
  if (r.loss > 0.05) return t('studio.limit.loss', { n: Math.round(r.loss * 100) });
  if (r.limited === 'line') return t('studio.limit.line');
  if (r.limited === 'device') return t('studio.limit.device');
  return '';
}
