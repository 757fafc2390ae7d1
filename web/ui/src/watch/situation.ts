// What the stage says when there is no moving picture: loading, not yet begun, away for a moment, over.
import { html, nothing, type TemplateResult } from 'lit';
import { dateTime, t } from '../lib/i18n';
import { icons } from '../lib/icons';
import { Player } from '../lib/player';
import type { StageActions } from './controls';
import type { Shop } from './shop';

export type Situation = 'loading' | 'playing' | 'paused' | 'stalled' | 'blocked' | 'upcoming' | 'away' | 'waiting' | 'ended' | 'unsupported' | 'unplayable';

/** The record and the player together say what is going on. */
export function situation(shop: Shop, player: Player): Situation {
  const p = player.status;
  const { show } = shop;
  if (!Player.supported) return 'unsupported';
  if (p === 'playing' || p === 'paused' || p === 'blocked') return p;
  if (!show) return 'loading';
  if (p === 'unplayable' && show.onAir) return p;
  if (show.status === 'ended') return p === 'stalled' && !player.atGap ? 'stalled' : 'ended';
  // The playlist tells of it where the feed cannot; and a publisher who is back is away until it is seen.
  if (player.atGap) return 'away';
  if (show.onAir) return p === 'stalled' ? 'stalled' : 'loading';
  if (show.status !== 'live') return 'upcoming';
  // Whoever has seen no picture cannot know of a line that dropped: there may never have been one.
  return player.sawPicture ? 'away' : 'waiting';
}

export function situationView(s: Situation, shop: Shop, acts: StageActions): TemplateResult | typeof nothing {
  switch (s) {
    case 'loading':
    case 'stalled':
      return html`<div class="center" data-situation=${s}><span class="spinner big"></span><p class="visually-hidden" role="status">${t('stage.loading')}</p></div>`;
    case 'blocked':
      return html`<div class="center" data-situation=${s}>
        <button class="big-play" data-action="tap" @click=${acts.toggle} aria-label=${t('stage.play')}>${icons.play}</button>
      </div>`;
    case 'upcoming':
      return upcoming(shop);
    case 'away':
      return message(s, t('stage.away'), t('stage.away.hint'), html`<span class="pulse"><span></span><span></span><span></span></span>`);
    case 'waiting':
      return message(s, t('stage.waiting'), t('stage.soon.hint'), html`<span class="pulse"><span></span><span></span><span></span></span>`);
    case 'ended':
      return message(s, t('stage.ended'), shop.products.length > 0 ? t('stage.ended.hint') : '');
    case 'unsupported':
      return message(s, t('stage.unsupported'), t('stage.unsupported.hint'));
    case 'unplayable':
      return message(s, t('stage.unsupported'), t('stage.unplayable.hint'));
    default:
      return nothing;
  }
}

function message(s: Situation, title: string, hint: string, sign: TemplateResult | typeof nothing = nothing): TemplateResult {
  // Of an absence the page's own status line tells: once when it begins, once when it is over.
  return html`<div class="center message ${s}" data-situation=${s} role=${s === 'away' ? nothing : 'status'}>${sign}
    <p class="head">${title}</p>
    ${hint ? html`<p>${hint}</p>` : nothing}
  </div>`;
}

/** The countdown comes from the record: past its time it says so instead of starting anew. */
function upcoming(shop: Shop): TemplateResult {
  const starts = Date.parse(shop.show?.startsAt ?? '');
  const left = Math.floor((starts - shop.now()) / 1000);
  if (!(left > 0)) return message('upcoming', t('stage.soon'), t('stage.soon.hint'));
  const days = Math.floor(left / 86_400);
  const parts = [Math.floor(left / 3600) % 24, Math.floor(left / 60) % 60, left % 60].map((n) => String(n).padStart(2, '0'));
  return html`<div class="center message" data-situation="upcoming">
    <p class="head">${t('stage.upcoming')}</p>
    <p class="countdown" role="timer" aria-live="off">${days > 0 ? html`${t('stage.days', { n: days })} ` : nothing}${parts.join(':')}</p>
    <p>${dateTime(new Date(starts))}</p>
  </div>`;
}
