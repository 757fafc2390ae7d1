// The controls over the picture. They are templates of <live-watch>, which owns the player.
import { html, nothing, type TemplateResult } from 'lit';
import { number, t, tn } from '../lib/i18n';
import { icons } from '../lib/icons';
import type { Player } from '../lib/player';
import type { Screen } from './screen';
import type { Shop } from './shop';

export interface StageActions {
  toggle(): void;
  mute(): void;
  live(): void;
  fullscreen(): void;
  pip(): void;
  openShop(): void;
  openCart(): void;
}

/** Title, on-air badge, delay, viewers. */
export function topBar(shop: Shop, pill: TemplateResult | typeof nothing): TemplateResult {
  const { show } = shop;
  return html`<div class="top">
    <div class="facts">
      ${pill} ${shop.viewers > 0 ? html`<span class="chip" title=${tn('stage.viewers', shop.viewers)}>${icons.people}<span class="visually-hidden">${tn('stage.viewers', shop.viewers)}</span><span aria-hidden="true">${number(shop.viewers, { notation: 'compact' })}</span></span>` : nothing}
      ${shop.trouble === 'unreachable' || (show && shop.feedStatus === 'connecting') ? html`<span class="chip">${t('stage.reconnecting')}</span>` : nothing}
    </div>
    ${show ? html`<p class="show" aria-hidden="true">${show.title}</p>` : nothing}
  </div>`;
}

/** The delay to the camera while live, the way back to it while behind. */
export function livePill(shop: Shop, player: Player, acts: StageActions): TemplateResult | typeof nothing {
  const seen = player.status === 'playing' || player.status === 'paused' || player.status === 'stalled';
  if (!seen || !shop.show?.onAir) return nothing;
  const latency = player.latency();
  const seconds = latency === null ? '' : number(latency, { minimumFractionDigits: latency < 10 ? 1 : 0, maximumFractionDigits: latency < 10 ? 1 : 0 });
  if (player.atLive && player.status !== 'paused') {
    return html`<span class="chip on-air" data-latency=${latency ?? ''}>
      <span class="dot"></span>${t('stage.live')}${seconds ? html`<span class="delay" title=${t('stage.delay', { s: seconds })}>${t('stage.seconds', { s: seconds })}</span>` : nothing}
    </span>`;
  }
  return html`<button class="chip go-live" data-action="live" aria-keyshortcuts="L" @click=${acts.live}>
    ${icons.next}${t('stage.jump')}${seconds ? html`<span class="delay">−${t('stage.seconds', { s: seconds })}</span>` : nothing}
  </button>`;
}

export function soundPill(acts: StageActions): TemplateResult {
  return html`<button class="chip sound" data-action="sound" @click=${acts.mute}>${icons.muted}${t('stage.tapsound')}</button>`;
}

function playButton(player: Player, acts: StageActions): TemplateResult {
  const paused = player.status === 'paused' || player.status === 'blocked' || player.status === 'idle';
  return html`<button class="control" data-action="play" aria-label=${paused ? t('stage.play') : t('stage.pause')} aria-keyshortcuts="K" @click=${acts.toggle}>
    ${paused ? icons.play : icons.pause}
  </button>`;
}

/** Of a show without sound nobody is told to turn it on. */
export const offersSound = (shop: Shop, player: Player): boolean => player.muted && !shop.show?.silent;

function muteButton(shop: Shop, player: Player, acts: StageActions): TemplateResult | typeof nothing {
  if (player.muted && !offersSound(shop, player)) return nothing;
  return html`<button class="control" data-action="mute" aria-label=${player.muted ? t('stage.unmute') : t('stage.mute')} aria-keyshortcuts="M" @click=${acts.mute}>
    ${player.muted ? icons.muted : icons.sound}
  </button>`;
}

function screenButtons(screen: Screen, acts: StageActions): TemplateResult {
  return html`${screen.canPip
    ? html`<button class="control" data-action="pip" aria-label=${t('stage.pip')} aria-keyshortcuts="I" @click=${acts.pip}>${icons.pip}</button>`
    : nothing}
  ${screen.canFull
    ? html`<button class="control" data-action="fullscreen" aria-label=${screen.full ? t('stage.shrink') : t('stage.fullscreen')} aria-keyshortcuts="F" @click=${acts.fullscreen}>
        ${screen.full ? icons.shrink : icons.fullscreen}
      </button>`
    : nothing}`;
}

/** The controls at the right edge of a portrait picture. */
export function rail(shop: Shop, player: Player, screen: Screen, acts: StageActions): TemplateResult {
  return html`<div class="rail" role="group" aria-label=${t('stage.controls')}>${playButton(player, acts)} ${muteButton(shop, player, acts)} ${screenButtons(screen, acts)}</div>`;
}

/** The bar along the bottom: player controls where there is no rail, the shop's button where the shop is not beside. */
export function bar(shop: Shop, player: Player, screen: Screen, acts: StageActions, with_: { shopButton: boolean; buttons: boolean }): TemplateResult {
  const n = shop.cart.count;
  return html`<div class="bar" role="group" aria-label=${t('stage.controls')}>
    ${with_.buttons ? html`${playButton(player, acts)} ${muteButton(shop, player, acts)}` : nothing}
    ${with_.shopButton
      ? html`<button class="shop" data-action="shop" aria-expanded=${shop.open} @click=${acts.openShop}>
            ${icons.list}<span>${t('stage.shop')}</span>${shop.products.length > 0 ? html`<span class="many">${shop.products.length}</span>` : nothing}
          </button>
          ${n > 0 ? html`<button class="shop cart" data-action="cart" aria-label=${tn('cart.open', n)} @click=${acts.openCart}>${icons.cart}<span class="many">${n}</span></button>` : nothing}`
      : nothing}
    <span class="space"></span>
    ${with_.buttons ? screenButtons(screen, acts) : nothing}
  </div>`;
}
