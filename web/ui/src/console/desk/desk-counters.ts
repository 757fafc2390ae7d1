import { LitElement, css, html } from 'lit';
import { number, t } from '../../lib/i18n';
import { money } from '../../lib/money';
import type { DeskModel } from '../model/desk';
import { Watch } from '../model/observable';
import { base } from '../ui/styles';

/** What the show has brought so far, counted from the records of its orders; nothing here is an estimate. */
export class DeskCounters extends LitElement {
  static override properties = { model: { attribute: false } };
  model!: DeskModel;

  constructor() {
    super();
    new Watch(this, () => this.model);
    new Watch(this, () => this.model?.orders);
  }

  static override styles = [base, css`
    dl { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)) minmax(min-content, 1fr); }
    dl > div { padding: .125rem .75rem; border-inline-start: 1px solid var(--line); display: flex; flex-direction: column-reverse; min-width: 0; }
    dl > div:last-child { padding-inline-end: 0; }
    dl > div:first-child { border: 0; padding-inline-start: 0; }
    dt { font-size: .75rem; color: var(--text-2); }
    dd { font-size: 1.25rem; line-height: 1.25; font-weight: 650; letter-spacing: -.01em; font-variant-numeric: tabular-nums; white-space: nowrap; }
    .long { font-size: 1rem; line-height: 1.5625rem; }
  `];

  override render() {
    const { viewers } = this.model.desk!;
    const totals = this.model.orders.totals ?? this.model.desk!.totals;
    const revenue = money(totals.revenue, { short: true });
    const one = (name: string, value: string) => html`<div><dt>${name}</dt><dd class=${value.length > 7 ? 'long' : ''}>${value}</dd></div>`;
    return html`<dl>${one(t('console.viewers'), number(viewers))}${one(t('console.orders'), number(totals.orders))}
      ${one(t('console.units'), number(totals.units))}${one(t('console.revenue'), revenue)}</dl>`;
  }
}
customElements.define('desk-counters', DeskCounters);
