import { html, nothing } from 'lit';
import { ApiError, idempotencyKey, type OrderRequest } from '../lib/api';
import { locale, t, tn } from '../lib/i18n';
import { money } from '../lib/money';
import { said } from '../lib/refusal';
import { sheet } from '../lib/style';
import { quoteNotice } from './cart-view';
import { ShopElement } from './element';
import { addressFields, addressOf, blank, contactFields, contactOf, countries, order, problem, type Answers, type Field, type FieldName } from './form';
import { Quoter } from './quoter';
import text from './checkout-view.css';

/** Answers stay while the page is open, so that a look at another product costs nobody their address. */
let kept: Answers | null = null;

/** Contact, address, way to pay, and the order. */
export class CheckoutView extends ShopElement {
  static override styles = [...[ShopElement.styles].flat(), sheet(text)];
  private answers: Answers = kept ?? blank();
  /** What the server said of a field, until it is changed. */
  private refused: Partial<Record<FieldName | 'way', string>> = {};
  /** Fields that have been left once: only they are complained about while typing. */
  private readonly left = new Set<string>();
  private tried = false;
  private sending = false;
  /** What went wrong with the order as a whole. */
  private trouble = '';
  private quoter: Quoter | null = null;
  /** The key of this attempt: the same until its content changes or it succeeds. */
  private key = '';
  private keyFor = '';

  protected override attached(): void {
    this.quoter = new Quoter(this.shop, () => this.requestUpdate());
  }

  protected override detached(): void {
    this.quoter?.stop();
    kept = this.answers;
  }

  private get ways(): string[] {
    return this.quoter?.quote?.ways.map((w) => w.name) ?? this.shop.show?.ways ?? [];
  }

  protected override render() {
    const quote = this.quoter?.quote ?? null;
    if (this.answers.way === '' && this.ways.length === 1) this.answers.way = this.ways[0]!;
    if (this.shop.cart.lines.length === 0 && !this.sending) return this.nothingLeft();
    return html`<form novalidate @submit=${this.submit} aria-label=${t('checkout.title')}>
      <fieldset>
        <legend>${t('checkout.contact')}</legend>
        ${contactFields.map((f) => this.field(f))}
      </fieldset>
      <fieldset>
        <legend>${t('checkout.address')}</legend>
        <div class="grid">${addressFields.map((f) => this.field(f))} ${this.country()}</div>
      </fieldset>
      ${this.payment()}
      <fieldset>
        <div class="field">
          <label for="note">${t('form.note')} <span class="optional">${t('form.optional')}</span></label>
          <textarea class="input" id="note" name="note" maxlength="500" rows="2" .value=${this.answers.note} @input=${this.typed}></textarea>
        </div>
      </fieldset>
      <p class="hint binding">${t('checkout.binding')}</p>
      <div class="foot">
        ${quoteNotice(this.quoter?.changed ?? [], this.quoter?.error ?? null, () => void this.quoter?.ask())}
        ${this.trouble ? html`<p class="notice bad" role="alert">${this.trouble}</p>` : nothing}
        <p class="total"><span>${tn('cart.items', this.shop.cart.count)}</span><b>${quote ? money(quote.total) : '…'}</b></p>
        <button class="button primary large wide" data-action="order" aria-disabled=${this.sending || !quote} ?disabled=${!quote && !this.quoter?.error}>
          ${this.sending ? html`<span class="spinner"></span>${t('checkout.sending')}` : t('checkout.order')}
        </button>
      </div>
    </form>`;
  }

  /** Everything has sold out while the buyer was typing: no form without goods. What was typed stays. */
  private nothingLeft() {
    return html`<div class="empty">
      ${this.trouble || this.quoter?.changed.length ? html`<p class="notice bad" role="alert">${this.trouble || t('cart.changed')}</p>` : nothing}
      <p>${t('cart.empty')}</p>
      <button class="button" data-action="browse" @click=${() => this.shop.close()}>${t('cart.browse')}</button>
    </div>`;
  }

  private field(f: Field) {
    const wrong = this.wrong(f.name);
    return html`<div class="field ${f.half ? 'half' : ''}">
      <label for=${f.name}>${f.label()} ${f.optional?.(this.answers) ? html`<span class="optional">${t('form.optional')}</span>` : nothing}</label>
      <input
        class="input"
        id=${f.name}
        name=${f.name}
        type=${f.type ?? 'text'}
        autocomplete=${f.autocomplete}
        maxlength=${f.max}
        .value=${this.answers[f.name]}
        aria-required=${!f.optional?.(this.answers)}
        aria-invalid=${wrong !== null}
        aria-describedby="${f.name}-error"
        @input=${this.typed}
        @blur=${this.leave}
      />
      <p class="error" id="${f.name}-error">${wrong ?? ''}</p>
    </div>`;
  }

  private country() {
    return html`<div class="field half">
      <label for="address.country">${t('form.country')} <span class="optional">${t('form.optional')}</span></label>
      <select class="input" id="address.country" name="address.country" autocomplete="country" @change=${this.typed}>
        <option value="" ?selected=${this.answers['address.country'] === ''}></option>
        ${countries(locale()).map((c) => html`<option value=${c.code} ?selected=${c.code === this.answers['address.country']}>${c.name}</option>`)}
      </select>
      <p class="error">${this.wrong('address.country') ?? ''}</p>
    </div>`;
  }

  private payment() {
    const wrong = this.wrong('way');
    return html`<fieldset role="radiogroup" aria-required="true" aria-describedby="way-error">
      <legend>${t('checkout.way')}</legend>
      ${this.ways.map(
        (w) => html`<label class="way">
          <input type="radio" name="way" .value=${w} .checked=${this.answers.way === w} @change=${this.typed} />
          <span><b>${wayName(w)}</b><span class="hint">${wayHint(w)}</span></span>
        </label>`,
      )}
      <p class="error" id="way-error">${wrong ?? ''}</p>
    </fieldset>`;
  }

  private wrong(name: FieldName | 'way'): string | null {
    if (this.refused[name]) return this.refused[name];
    return this.tried || this.left.has(name) ? problem(name, this.answers) : null;
  }

  private readonly typed = (e: Event): void => {
    const input = e.target as HTMLInputElement;
    const name = input.name as FieldName | 'way';
    this.answers = { ...this.answers, [name]: input.value };
    delete this.refused[name];
    // What the server said of the phone number may have been about the way to pay, or the lack of an email address.
    if (name === 'way' || name === 'contact.email') delete this.refused['contact.phone'];
    this.requestUpdate();
  };

  private readonly leave = (e: Event): void => {
    const input = e.target as HTMLInputElement;
    // Tabbing through an empty form is no mistake yet.
    if (input.value.trim() !== '') this.left.add(input.name);
    this.requestUpdate();
  };

  private readonly submit = (e: Event): void => {
    e.preventDefault();
    void this.send();
  };

  private async send(): Promise<void> {
    // A second tap while the first is on its way does nothing.
    if (this.sending) return;
    this.tried = true;
    this.trouble = '';
    this.requestUpdate();
    await this.updateComplete;
    if (this.focusFirstWrong()) return;
    const quote = this.quoter?.quote;
    if (!quote) {
      await this.quoter?.ask();
      return;
    }
    const request: OrderRequest = {
      items: this.shop.cart.lines.map((l) => ({ ...l })),
      contact: contactOf(this.answers),
      address: addressOf(this.answers),
      note: this.answers.note.trim(),
      way: this.answers.way,
      expect: quote.total,
    };
    if (this.shop.fromPin) request.pin = this.shop.fromPin;
    this.sending = true;
    this.requestUpdate();
    try {
      const { order: done, token } = await this.shop.api.order(this.shop.slug, request, this.keyOf(request));
      this.shop.placed(done, token);
    } catch (err) {
      await this.failed(err instanceof ApiError ? err : new ApiError('internal', String(err)));
    } finally {
      this.sending = false;
      this.requestUpdate();
    }
  }

  /** The same request has the same key, so that whatever is repeated – by us or by the network – is one order. */
  private keyOf(request: OrderRequest): string {
    const content = JSON.stringify(request);
    if (content !== this.keyFor) {
      this.keyFor = content;
      this.key = idempotencyKey();
    }
    return this.key;
  }

  private async failed(e: ApiError): Promise<void> {
    const field = e.field as FieldName | 'way';
    if (e.kind === 'invalid' && (order.includes(field as FieldName) || field === 'way')) {
      this.refused = { ...this.refused, [field]: said(e) };
      this.requestUpdate();
      await this.updateComplete;
      this.focusFirstWrong();
      return;
    }
    switch (e.kind) {
      case 'sold_out':
        this.trouble = t('checkout.soldout');
        break;
      case 'conflict':
        this.trouble = e.field === 'expect' ? t('checkout.changed') : said(e);
        break;
      case 'network':
        this.trouble = t('checkout.network');
        return;
      case 'too_many':
        this.trouble = t('checkout.busy');
        return;
      default:
        this.trouble = said(e);
    }
    await Promise.all([this.shop.refresh(), this.quoter?.ask()]);
  }

  /** Puts the focus into the first field that is wrong; says whether there is one. */
  private focusFirstWrong(): boolean {
    for (const name of [...order.slice(0, -1), 'way' as const]) {
      if (this.wrong(name) === null) continue;
      const input = this.renderRoot.querySelector<HTMLElement>(`[name="${name}"]`);
      input?.focus();
      input?.scrollIntoView({ block: 'center' });
      return true;
    }
    return false;
  }
}

export function wayName(way: string): string {
  switch (way) {
    case 'cash_on_delivery':
      return t('way.cash');
    case 'bank_transfer':
      return t('way.bank');
    default:
      return way;
  }
}

function wayHint(way: string): string {
  switch (way) {
    case 'cash_on_delivery':
      return t('way.cash.hint');
    case 'bank_transfer':
      return t('way.bank.hint');
    default:
      return '';
  }
}

customElements.define('checkout-view', CheckoutView);
