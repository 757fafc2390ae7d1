// The stream key: typed, pasted or in the address after #. It never goes to the server in an address, and stays on
// this device only if the anchor asks for that.

const name = 'livesrv.studio.key';

/** The key in what somebody typed or pasted: the key alone, or the whole link with the key in it. Empty if neither. */
export function keyIn(text: string): string {
  const t = text.trim();
  const hash = t.indexOf('#');
  const key = hash >= 0 ? (new URLSearchParams(t.slice(hash + 1)).get('key') ?? '') : t;
  return /^[\w-]{20,64}$/.test(key) ? key : '';
}

/** Takes the key out of the address, so that it is in no history, no screenshot and no copied link. */
export function takeKey(): string {
  const key = keyIn(location.hash);
  if (new URLSearchParams(location.hash.slice(1)).has('key')) history.replaceState(history.state, '', location.pathname + location.search);
  return key;
}

export function rememberedKey(): string {
  try {
    return keyIn(localStorage.getItem(name) ?? '');
  } catch {
    return ''; // a browser that keeps nothing
  }
}

/** Keeps the key on this device; an empty one forgets it. */
export function rememberKey(key: string): void {
  try {
    if (key) localStorage.setItem(name, key);
    else localStorage.removeItem(name);
  } catch {
    // A browser that keeps nothing: the key is asked for next time.
  }
}
