import { LitElement, type CSSResultGroup, type PropertyDeclarations } from 'lit';
import { base } from '../lib/base';
import type { Shop } from './shop';

/** An element of the watch page: it has the shop and draws itself again when the shop changes. */
export class ShopElement extends LitElement {
  static override properties: PropertyDeclarations = { shop: { attribute: false } };
  static override styles: CSSResultGroup = [base];

  shop!: Shop;
  private followed: Shop | null = null;
  private readonly onChange = () => this.requestUpdate();

  override connectedCallback(): void {
    super.connectedCallback();
    this.follow();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    if (!this.followed) return;
    this.followed.removeEventListener('change', this.onChange);
    this.followed = null;
    this.detached();
  }

  /** The element is on the page and has its shop: the place to begin what `detached` ends. */
  protected attached(): void {}

  protected detached(): void {}

  override willUpdate(): void {
    this.follow();
  }

  // Not in connectedCallback alone: an element whose module came after it has no properties there yet.
  private follow(): void {
    if (!this.shop || this.followed === this.shop || !this.isConnected) return;
    this.followed?.removeEventListener('change', this.onChange);
    this.followed = this.shop;
    this.shop.addEventListener('change', this.onChange);
    this.attached();
  }
}
