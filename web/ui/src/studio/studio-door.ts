import { html, nothing } from 'lit';
import { base } from '../lib/base';
import { t } from '../lib/i18n';
import { sheet } from '../lib/style';
import { StudioElement } from './element';
import { icons } from './icons';
import { notice } from './notice';
import { troubleWords } from './words';
import text from './studio-door.css';

/** The studio's front door: the stream key, and the button that opens camera and microphone. */
export class StudioDoor extends StudioElement {
  static override properties = { ...StudioElement.properties, shown: { state: true }, wrong: { state: true } };
  static override styles = [base, sheet(text)];
  private shown = false;
  private wrong = false;

  protected override render() {
    const { studio } = this;
    const { devices } = studio;
    const troubles = [...devices.troubles].filter(([kind]) => kind !== 'screen');
    return html`<main>
      <div class="words">
        <p class="mark" translate="no">livesrv</p>
        <h1>${t('studio.title')}</h1>
        <p class="lead">${t('studio.lead')}</p>
      </div>
      <form @submit=${this.enter} novalidate>
        <div role="alert">${troubles.map(([kind, trouble]) => notice('bad', troubleWords(kind, trouble)))}</div>
        <div class="field">
          <label for="key">${t('studio.key')}</label>
          <div class="secret">
            <input class="input" id="key" name="key" type=${this.shown ? 'text' : 'password'} .value=${studio.key} autocomplete="off" autocapitalize="off"
              spellcheck="false" required aria-invalid=${this.wrong} aria-describedby="key-hint" @input=${() => { this.wrong = false; }} />
            <button type="button" class="icon-button" aria-pressed=${this.shown} aria-label=${t('studio.key.show')} @click=${() => { this.shown = !this.shown; }}>
              ${this.shown ? icons.eyeOff : icons.eye}
            </button>
          </div>
          <p id="key-hint" class=${this.wrong ? 'error' : 'hint'}>${this.wrong ? t('studio.key.wrong') : t('studio.key.hint')}</p>
        </div>
        <label class="check"><input type="checkbox" name="remember" .checked=${studio.remember} />${t('studio.key.remember')}</label>
        <button class="button primary large wide" data-action="enter" ?disabled=${devices.busy}>
          ${devices.busy ? html`<span class="spinner"></span>${t('studio.enter.busy')}` : html`${icons.camera}${troubles.length > 0 ? t('studio.enter.again') : t('studio.enter')}`}
        </button>
        ${devices.busy ? html`<p class="hint" role="status">${t('studio.enter.allow')}</p>` : nothing}
      </form>
    </main>`;
  }

  private async enter(e: SubmitEvent): Promise<void> {
    e.preventDefault();
    const data = new FormData(e.target as HTMLFormElement);
    this.wrong = !(await this.studio.enter(String(data.get('key') ?? ''), data.has('remember')));
    if (!this.wrong) return;
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLInputElement>('#key')?.focus();
  }
}

customElements.define('studio-door', StudioDoor);
