import { LitElement, type CSSResultGroup, type PropertyDeclarations } from 'lit';
import { base } from '../lib/base';
import type { Studio } from './studio';

/** An element of the studio: it has the model and draws itself again when the model changes. */
export class StudioElement extends LitElement {
  static override properties: PropertyDeclarations = { studio: { attribute: false } };
  static override styles: CSSResultGroup = [base];

  studio!: Studio;
  private followed: Studio | null = null;
  private readonly onChange = () => this.requestUpdate();

  override connectedCallback(): void {
    super.connectedCallback();
    this.follow();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.followed?.removeEventListener('change', this.onChange);
    this.followed = null;
  }

  override willUpdate(): void {
    this.follow();
  }

  private follow(): void {
    if (!this.studio || this.followed === this.studio || !this.isConnected) return;
    this.followed?.removeEventListener('change', this.onChange);
    this.followed = this.studio;
    this.studio.addEventListener('change', this.onChange);
  }
}
