import { html, nothing, type PropertyDeclarations, type PropertyValues } from 'lit';
import { LitElement } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import messages from '../../messages/watch.json';
import { posterOf } from '../lib/api';
import { base } from '../lib/base';
import { focused } from '../lib/focus';
import { addMessages, link, setLocale, t } from '../lib/i18n';
import { Player } from '../lib/player';
import { sheet } from '../lib/style';
import { bar, livePill, offersSound, rail, soundPill, topBar, type StageActions } from './controls';
import { press, type Keys } from './keys';
import text from './live-watch.css';
import './pin-card';
import { Screen } from './screen';
import { HappeningEvent, Shop, type Happening } from './shop';
import './shop-panel';
import { situation, situationView } from './situation';
import stage from './stage.css';
import { priceText } from './words';

addMessages(messages);

/** Width from which the shop stands beside the picture; a phone held sideways counts too. */
const wideFrom = 860;
/** Height under which cards are drawn small and a portrait picture does not shape the stage. */
const lowUnder = 560;

/**
 * A show: the picture with the cards over it, and the shop beside it (or below, on a phone).
 *
 * It tells what happens by composed, bubbling events: `livesrv:ready`, `livesrv:pin`, `livesrv:unpin`,
 * `livesrv:add`, `livesrv:order`, `livesrv:error`.
 */
export class LiveWatch extends LitElement {
  static override properties: PropertyDeclarations = {
    show: { type: String },
    server: { type: String },
    theme: { type: String, reflect: true },
    framed: { type: Boolean, reflect: true },
    offAir: { type: Boolean, attribute: 'off-air' },
    wide: { state: true },
    low: { state: true },
    portrait: { state: true },
    cinema: { state: true },
    idle: { state: true },
  };
  static override styles = [base, sheet(text), sheet(stage)];

  /** The show's name in the address. */
  show = '';
  /** Address of the livesrv server; empty for the page's own. */
  server = '';
  theme: string | undefined;
  /** Inside an iframe of ours: no link away. */
  framed = false;
  /** The page knows that nothing is on air: do not ask for the stream before the feed says so. */
  offAir = false;

  protected shop!: Shop;
  protected player!: Player;
  private wide = false;
  private low = false;
  private portrait = true;
  private cinema = false;
  private idle = false;
  private screen!: Screen;
  private said = '';
  /** Whether it was told that the anchor is away. */
  private away = false;
  private opener: HTMLElement | null = null;
  private pushed = false;
  private idleTimer: ReturnType<typeof setTimeout> | undefined;
  private clock: ReturnType<typeof setInterval> | undefined;
  private readonly sizes = new ResizeObserver(([e]) => {
    if (e) this.measure(e.contentRect);
  });
  private readonly again = () => this.requestUpdate();
  private off = new AbortController();

  // ── life ──────────────────────────────────────────────────────────────────────────────────────────────

  override connectedCallback(): void {
    super.connectedCallback();
    setLocale(this.lang || document.documentElement.lang || navigator.language);
    this.off = new AbortController();
    this.measure(this.getBoundingClientRect());
    this.sizes.observe(this);
    this.portrait = this.keptShape() ?? true;
    if (this.hasUpdated) this.begin();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.end();
  }

  protected override firstUpdated(): void {
    this.begin();
  }

  protected override updated(changes: PropertyValues): void {
    if (this.shop) this.tellAbsence(situation(this.shop, this.player));
    const first = changes.get('show') === undefined && changes.get('server') === undefined;
    if ((changes.has('show') || changes.has('server')) && !first && this.shop) {
      this.end();
      this.begin();
    }
  }

  private measure({ width, height }: { width: number; height: number }): void {
    this.low = height < lowUnder;
    this.wide = width >= wideFrom || (this.low && width >= 640 && width > height * 1.4);
  }

  private begin(): void {
    if (!this.show) return;
    const server = this.server.replace(/\/+$/, '');
    const video = this.renderRoot.querySelector('video')!;
    const signal = this.off.signal;
    this.shop = new Shop(this.show, server);
    this.player = new Player(video, { src: `${server}/live/${encodeURIComponent(this.show)}/index.m3u8` });
    this.screen = new Screen(this, video);
    this.shop.addEventListener('change', () => this.follow(), { signal });
    this.shop.addEventListener('navigate', () => this.navigated(), { signal });
    this.shop.addEventListener('happening', (e) => this.happened(e as HappeningEvent), { signal });
    this.player.addEventListener('change', this.again, { signal });
    for (const name of ['loadedmetadata', 'resize']) video.addEventListener(name, () => this.shape(video), { signal });
    document.addEventListener('fullscreenchange', () => (this.cinema = this.screen.full), { signal });
    // A page of ours listens everywhere; on another site's page the keys belong to the element that has the focus.
    const keys: HTMLElement | Window = this.localName === 'live-watch' ? window : this;
    keys.addEventListener('keydown', (e) => this.onKey(e as KeyboardEvent), { signal });
    addEventListener('popstate', () => this.wentBack(), { signal });
    if (!this.offAir) this.player.start();
    this.shop.start(this.player);
    this.clock = setInterval(() => {
      if (this.shop.show?.status === 'scheduled') this.requestUpdate();
    }, 1000);
    this.requestUpdate();
  }

  private end(): void {
    this.off.abort();
    this.off = new AbortController();
    this.sizes.disconnect();
    clearInterval(this.clock);
    clearTimeout(this.idleTimer);
    this.shop?.stop();
    this.player?.stop();
  }

  /** Brings the player in line with what the feed says of the stream. */
  private follow(): void {
    const show = this.shop.show;
    if (this.shop.trouble === 'missing') this.player.stop();
    if (show) {
      const waits = this.player.status === 'offline' || this.player.status === 'loading' || this.player.status === 'ended';
      // While the feed is there it tells when the stream is; without it, asking is the only way to know.
      const told = this.shop.feedStatus === 'live';
      if (show.onAir) {
        this.player.start();
        this.player.hint(true);
      } else if (waits && (told || show.status !== 'live')) {
        this.player.rest();
      } else if (!told && show.status === 'live') {
        this.player.start();
      }
    }
    this.requestUpdate();
  }

  private happened(e: HappeningEvent): void {
    if (e.what === 'pin') {
      const { product, pin } = e.detail as Happening['pin'];
      if (product) this.say(t('status.pin', { title: product.title, price: priceText(product, product.skus.find((s) => s.id === pin.sku)) }));
    } else if (e.what === 'add') {
      const { product, item } = e.detail as Happening['add'];
      this.say(t('status.added', { title: product.title, n: item.quantity }));
    } else if (e.what === 'order') {
      this.say(t('status.order', { number: (e.detail as Happening['order']).order.number }));
    }
    this.dispatchEvent(new CustomEvent(`livesrv:${e.what}`, { detail: e.detail, bubbles: true, composed: true }));
  }

  /** Tells of an absence once, and once of its end. */
  private tellAbsence(still: ReturnType<typeof situation>): void {
    const away = still === 'away';
    if (away === this.away || (!away && still !== 'playing' && still !== 'paused' && still !== 'ended')) return;
    this.away = away;
    if (away) this.say(t('stage.away'));
    else if (still !== 'ended') this.say(t('status.back'));
  }

  /** Says something to who cannot see it, without moving the focus (WCAG 4.1.3). */
  private say(what: string): void {
    this.said = what;
    this.requestUpdate();
  }

  // ── drawing ───────────────────────────────────────────────────────────────────────────────────────────

  private get mode(): 'wide' | 'stacked' | 'full' {
    if (this.wide) return 'wide';
    return this.portrait ? 'full' : 'stacked';
  }

  protected override render() {
    const { shop, player, mode } = this;
    if (shop?.trouble === 'missing') return this.missing();
    const covers = mode === 'full' || this.cinema;
    const open = shop?.open ?? false;
    const still = shop ? situation(shop, player) : 'loading';
    const quiet = this.idle && still === 'playing' && !open;
    const poster = shop?.show ? posterOf(shop.show) : undefined;
    const own = this.localName === 'live-watch';
    const title = shop?.show?.title ?? t('stage.label');
    return html`<div role=${own ? 'main' : 'region'} aria-label=${title} class="app ${mode} ${this.portrait && !(this.wide && this.low) ? 'tall' : ''} ${this.cinema ? 'cinema' : ''} ${open ? 'open' : ''} ${quiet ? 'quiet' : ''}" part="app">
      <p class="visually-hidden" role="heading" aria-level=${own ? 1 : 2}>${title}</p>
      <section
        class="stage"
        part="stage"
        aria-label=${t('stage.label')}
        @pointermove=${this.moved}
        @focusin=${this.moved}
        @pointerleave=${() => (this.idle = still === 'playing')}
      >
        <video part="video" playsinline muted aria-label=${title} @click=${this.tapped}></video>
        ${poster && still !== 'playing' && still !== 'paused' && player.status !== 'stalled' ? html`<img class="poster" src=${shop.asset(poster)} alt="" />` : nothing}
        ${shop ? this.over(still, covers) : nothing}
      </section>
      ${shop && mode === 'stacked' && !this.cinema && shop.shown.length > 0 ? html`<div class="strip">${this.cards()}</div>` : nothing}
      ${shop && (!covers || open)
        ? html`<shop-panel part="shop" .shop=${shop} .closable=${covers} role="region" aria-label=${t('panel.label')}></shop-panel>`
        : nothing}
      <p class="visually-hidden" role="status">${this.said}</p>
    </div>`;
  }

  private over(still: ReturnType<typeof situation>, covers: boolean) {
    const { shop, player, mode } = this;
    const acts = this.actions;
    // Without a picture there is nothing to pause or to mute.
    const running = still === 'playing' || still === 'paused' || still === 'stalled' || still === 'blocked';
    return html`
      ${topBar(shop, livePill(shop, player, acts))} ${situationView(still, shop, acts)}
      <div class="bottom">
        ${mode === 'stacked' && !this.cinema ? nothing : html`<div class="cards">${this.cards()}</div>`}
        ${still === 'playing' && offersSound(shop, player) ? soundPill(acts) : nothing}
        ${running && mode === 'full' && !this.cinema ? rail(shop, player, this.screen, acts) : nothing}
        ${bar(shop, player, this.screen, acts, { shopButton: covers, buttons: running && (mode !== 'full' || this.cinema) })}
      </div>
    `;
  }

  private cards() {
    const newest = [...this.shop.shown].reverse();
    const small = this.mode === 'stacked' || this.low;
    return repeat(
      newest,
      (p) => p.id,
      (p, i) => html`<pin-card part="pin" .shop=${this.shop} .pin=${p} ?small=${small || i > 0}></pin-card>`,
    );
  }

  private missing() {
    return html`<main class="missing">
      <h1>${t('watch.missing')}</h1>
      <p>${t('watch.missing.hint')}</p>
      ${this.framed || this.localName !== 'live-watch' ? nothing : html`<a class="button" href=${link('/')}>${t('page.missing.home')}</a>`}
    </main>`;
  }

  // ── acting ────────────────────────────────────────────────────────────────────────────────────────────

  private readonly actions: StageActions = {
    toggle: () => this.player.toggle(),
    mute: () => this.player.setMuted(!this.player.muted),
    live: () => this.player.jumpToLive(),
    fullscreen: () => void this.screen.toggleFull(),
    pip: () => void this.screen.togglePip(),
    openShop: () => (this.shop.open && this.shop.view.name === 'lineup' ? this.shop.close() : this.shop.go({ name: 'lineup' })),
    openCart: () => this.shop.go({ name: 'cart' }),
  };

  private readonly keys: Keys = {
    play: this.actions.toggle,
    mute: this.actions.mute,
    live: this.actions.live,
    fullscreen: this.actions.fullscreen,
    pip: this.actions.pip,
    seek: (s) => {
      const at = this.player.wallNow();
      if (at && !this.player.seekTo(new Date(at.getTime() + s * 1000)) && s > 0) this.player.jumpToLive();
    },
    volume: (by) => {
      const v = this.player.video;
      v.volume = Math.min(1, Math.max(0, v.volume + by));
      this.player.setMuted(v.volume === 0);
    },
    back: () => {
      if (!this.shop.open) return false;
      this.shop.back();
      return true;
    },
  };

  /** Does what a page around us asks for: "play", "pause", "mute", "unmute", "live". */
  command(name: string): void {
    if (!this.player) return;
    if (name === 'play') this.player.play();
    else if (name === 'pause') this.player.pause();
    else if (name === 'mute' || name === 'unmute') this.player.setMuted(name === 'mute');
    else if (name === 'live') this.player.jumpToLive();
  }

  private onKey(e: KeyboardEvent): void {
    this.moved();
    if (this.shop && press(e, this.keys)) {
      e.preventDefault();
      e.stopPropagation();
    }
  }

  private readonly moved = (): void => {
    this.idle = false;
    clearTimeout(this.idleTimer);
    this.idleTimer = setTimeout(() => (this.idle = true), 3000);
  };

  private readonly tapped = (e: PointerEvent): void => {
    // On a phone the first touch asks for sound, as everywhere; a mouse has the button for that.
    if (e.pointerType !== 'mouse' && offersSound(this.shop, this.player) && this.player.status === 'playing') this.player.setMuted(false);
    else this.player.toggle();
  };

  /** Follows the shop: who opened it gets the focus back, and a phone's back key leads back in it. */
  private navigated(): void {
    const covers = this.mode === 'full' || this.cinema;
    if (this.shop.open) {
      this.opener ??= focused();
    } else {
      const opener = this.opener;
      this.opener = null;
      if (covers) void this.updateComplete.then(() => this.giveBack(opener));
    }
    if (this.localName !== 'live-watch' || this.framed || this.wide) return;
    if (this.shop.open && !this.pushed) {
      this.pushed = true;
      history.pushState({ livesrv: 'shop' }, '');
    } else if (!this.shop.open && this.pushed) {
      this.pushed = false;
      history.back();
    }
  }

  private giveBack(to: HTMLElement | null): void {
    if (to?.isConnected) to.focus();
    else this.renderRoot.querySelector<HTMLElement>('[data-action="shop"]')?.focus();
  }

  private wentBack(): void {
    if (!this.pushed) return;
    this.pushed = false;
    if (this.shop.open) this.shop.back();
  }

  private shape(video: HTMLVideoElement): void {
    if (video.videoWidth === 0) return;
    this.portrait = video.videoHeight > video.videoWidth;
    try {
      localStorage.setItem(`livesrv.shape.${this.show}`, this.portrait ? 'portrait' : 'landscape');
    } catch {
      // The next visit guesses again.
    }
  }

  /** The picture's shape at the last visit, so that the page need not change when the picture comes. */
  private keptShape(): boolean | null {
    try {
      const kept = localStorage.getItem(`livesrv.shape.${this.show}`);
      return kept === null ? null : kept === 'portrait';
    } catch {
      return null;
    }
  }
}
