import { LitElement, html, nothing } from 'lit';
import { Api, posterOf, type Show } from '../lib/api';
import { base } from '../lib/base';
import { addMessages, dateTime, link, setLocale, t } from '../lib/i18n';
import { icons } from '../lib/icons';
import { sheet } from '../lib/style';
import messages from '../../messages/lobby.json';
import text from './live-lobby.css';

addMessages(messages);

/** How often the list is read again while somebody looks at it. */
const every = 15_000;

/** The front page: what is live, what comes, what was. */
export class LiveLobby extends LitElement {
  static override styles = [base, sheet(text)];
  private shows: Show[] | null = null;
  private unreachable = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly api = new Api();

  override connectedCallback(): void {
    super.connectedCallback();
    setLocale(document.documentElement.lang);
    void this.load();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.timer);
  }

  private async load(): Promise<void> {
    clearTimeout(this.timer);
    if (!document.hidden) {
      try {
        this.shows = await this.api.shows();
        this.unreachable = false;
      } catch {
        this.unreachable = true;
      }
      this.requestUpdate();
    }
    if (this.isConnected) this.timer = setTimeout(() => void this.load(), this.unreachable ? 3000 : every);
  }

  protected override render() {
    const all = this.shows;
    const time = (s: Show) => Date.parse(s.startsAt);
    const live = (all ?? []).filter((s) => s.status === 'live').sort((a, b) => Number(b.onAir) - Number(a.onAir) || time(b) - time(a));
    const coming = (all ?? []).filter((s) => s.status === 'scheduled').sort((a, b) => time(a) - time(b));
    const ended = (all ?? []).filter((s) => s.status === 'ended').sort((a, b) => time(b) - time(a));
    return html`<header>
        <h1>${t('lobby.title')}</h1>
        <a class="button quiet" href=${link('/console')}>${t('lobby.console')}</a>
      </header>
      <main>
        <div role="status">${this.unreachable ? html`<p class="notice warn">${t('lobby.unreachable')}</p>` : nothing}</div>
        ${all === null ? html`<div class="grid" aria-hidden="true"><div class="ghost"></div><div class="ghost"></div></div>` : nothing}
        ${all?.length === 0 ? this.empty() : nothing} ${this.section('live', t('lobby.live'), live)}
        ${this.section('coming', t('lobby.coming'), coming)} ${this.section('ended', t('lobby.ended'), ended.slice(0, 12))}
      </main>`;
  }

  private section(id: string, title: string, shows: Show[]) {
    if (shows.length === 0) return nothing;
    return html`<section aria-labelledby=${id}>
      <h2 id=${id}>${title}</h2>
      <ul class="grid ${id}">${shows.map((s) => this.card(s))}</ul>
    </section>`;
  }

  private card(s: Show) {
    const poster = posterOf(s);
    return html`<li>
      <a class="card" href=${link(`/s/${encodeURIComponent(s.slug)}`)}>
        <span class="poster">
          ${poster ? html`<img src=${poster} alt="" loading="lazy" />` : html`<span class="no-poster">${icons.cart}</span>`}
          ${s.status === 'live'
            ? s.onAir
              ? html`<span class="badge live"><span class="dot"></span>${t('lobby.onair')}</span>`
              : html`<span class="badge">${t('lobby.break')}</span>`
            : nothing}
        </span>
        <span class="words">
          <span class="title">${s.title}</span>
          ${s.status === 'scheduled' ? html`<span class="when">${icons.clock}<time datetime=${s.startsAt}>${Date.parse(s.startsAt) > Date.now() ? dateTime(s.startsAt) : t('lobby.soon')}</time></span>` : nothing}
          ${s.status === 'ended' ? html`<span class="when">${dateTime(s.endedAt ?? s.startsAt, { dateStyle: 'medium' })}</span>` : nothing}
          ${s.description ? html`<span class="about">${s.description}</span>` : nothing}
        </span>
      </a>
    </li>`;
  }

  private empty() {
    return html`<section class="empty">
      <h2>${t('lobby.empty')}</h2>
      <ol>
        <li>${t('lobby.empty.1')}</li>
        <li>${t('lobby.empty.2')}</li>
        <li>${t('lobby.empty.3')}</li>
      </ol>
      <a class="button primary large" href=${link('/console')}>${t('lobby.empty.go')}</a>
      <p class="hint">${t('lobby.empty.demo')} <code>livesrv demo</code></p>
    </section>`;
  }
}

customElements.define('live-lobby', LiveLobby);
