import { LitElement, css, html, nothing } from 'lit';
import { locale, t } from '../../lib/i18n';
import { explain } from '../model/faults';
import { session } from '../model/session';
import { Watch } from '../model/observable';
import { personIcon } from '../ui/icons';
import { base, buttons } from '../ui/styles';
import { toast } from '../ui/toasts';
import './password-dialog';

/** The person: language, password, sign out. */
export class AccountMenu extends LitElement {
  static override properties = { changing: { state: true } };
  private changing = false;

  constructor() {
    super();
    new Watch(this, () => session);
  }

  static override styles = [base, buttons, css`
    :host { position: relative; }
    #menu { position: fixed; inset: auto; margin: 0; padding: .375rem; min-width: 12.5rem; border: 1px solid var(--line); border-radius: var(--radius-m); background: var(--surface); color: inherit; box-shadow: var(--shadow-2); }
    #menu button, #menu a { width: 100%; justify-content: start; border: 0; background: none; font-weight: 500; }
    #menu a { min-height: 2.5rem; }
    #menu button:hover, #menu a:hover { background: var(--surface-2); }
    .who { padding: .375rem .875rem .5rem; font-size: .8125rem; color: var(--text-2); border-bottom: 1px solid var(--line); margin-bottom: .375rem; overflow-wrap: anywhere; }
  `];

  override render() {
    const other = locale() === 'en' ? { tag: 'zh-CN', name: '简体中文' } : { tag: 'en', name: 'English' };
    return html`<button class="plain icon" popovertarget="menu" aria-label=${t('console.account')}>${personIcon}</button>
      <div id="menu" popover @toggle=${this.place}>
        <p class="who">${session.user?.name}</p>
        <a class="button" href="?lang=${other.tag}${location.hash}" lang=${other.tag} @click=${this.keepPlace}>${other.name}</a>
        <button @click=${() => { this.hide(); this.changing = true; }}>${t('console.password.title')}</button>
        <button @click=${this.signOut}>${t('console.signOut')}</button>
      </div>
      ${this.changing ? html`<password-dialog @closed=${() => { this.changing = false; }}></password-dialog>` : nothing}`;
  }

  private get menu(): HTMLElement { return this.renderRoot.querySelector<HTMLElement>('#menu')!; }
  private hide(): void { this.menu.hidePopover(); }

  /** Puts the open menu under its button. */
  private place(e: Event): void {
    if ((e as ToggleEvent).newState !== 'open') return;
    const at = this.getBoundingClientRect();
    this.menu.style.top = `${at.bottom + 4}px`;
    this.menu.style.right = `${Math.max(8, innerWidth - at.right)}px`;
    this.menu.querySelector<HTMLElement>('a')?.focus();
  }

  /** The address may have moved on since the menu was drawn. */
  private keepPlace(e: Event): void {
    const a = e.currentTarget as HTMLAnchorElement;
    a.href = `?lang=${a.lang}${location.hash}`;
  }

  private async signOut(): Promise<void> {
    this.hide();
    try {
      await session.signOut();
    } catch (e) {
      toast({ kind: 'bad', ...explain(e) });
    }
  }
}
customElements.define('account-menu', AccountMenu);
