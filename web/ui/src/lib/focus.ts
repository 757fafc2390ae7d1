// Keeping the keyboard inside an open sheet or dialog, and giving the focus back after it.

/** The element that has the focus, looked up through shadow roots. */
export function focused(): HTMLElement | null {
  let e = document.activeElement;
  while (e?.shadowRoot?.activeElement) e = e.shadowRoot.activeElement;
  return e instanceof HTMLElement ? e : null;
}

const candidates = 'a[href], button, input, select, textarea, [tabindex]';

/** What can be focused inside `root`, in order. */
export function focusable(root: ParentNode): HTMLElement[] {
  const list: HTMLElement[] = [];
  for (const e of root.querySelectorAll<HTMLElement>('*')) {
    if (e.shadowRoot) list.push(...focusable(e.shadowRoot));
    else if (e.matches(candidates) && e.tabIndex >= 0 && !e.hasAttribute('disabled') && visible(e)) list.push(e);
  }
  return list;
}

function visible(e: HTMLElement): boolean {
  return e.checkVisibility?.({ visibilityProperty: true }) ?? e.offsetParent !== null;
}

/**
 * Keeps Tab inside `box` and remembers who had the focus. Gives a function that ends it and, unless
 * told otherwise, hands the focus back.
 */
export function trapFocus(box: HTMLElement | ShadowRoot): (giveBack?: boolean) => void {
  const before = focused();
  const onKey = (event: Event) => {
    const e = event as KeyboardEvent;
    if (e.key !== 'Tab') return;
    const list = focusable(box);
    const first = list[0];
    const last = list[list.length - 1];
    if (!first || !last) return;
    const now = focused();
    if (e.shiftKey ? now === first || !now || !list.includes(now) : now === last) {
      e.preventDefault();
      (e.shiftKey ? last : first).focus();
    }
  };
  box.addEventListener('keydown', onKey);
  return (giveBack = true) => {
    box.removeEventListener('keydown', onKey);
    if (giveBack && before?.isConnected) before.focus();
  };
}
