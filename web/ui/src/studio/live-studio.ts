import { LitElement, html } from 'lit';
import { base } from '../lib/base';
import { addMessages, setLocale } from '../lib/i18n';
import messages from '../../messages/studio.json';
import './studio-door';
import './studio-stage';
import { Studio } from './studio';

addMessages(messages);

/** The page /studio/live: the door until camera or microphone is open, then the stage. */
export class LiveStudio extends LitElement {
  static override styles = [base];
  private studio: Studio | null = null;
  private readonly onChange = () => this.requestUpdate();

  override connectedCallback(): void {
    super.connectedCallback();
    setLocale(document.documentElement.lang);
    this.studio = new Studio();
    this.studio.addEventListener('change', this.onChange);
    this.studio.start();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.studio?.removeEventListener('change', this.onChange);
    this.studio?.stop();
    this.studio = null;
  }

  protected override render() {
    const { studio } = this;
    return studio?.place === 'stage' ? html`<studio-stage .studio=${studio}></studio-stage>` : html`<studio-door .studio=${studio}></studio-door>`;
  }
}

customElements.define('live-studio', LiveStudio);
