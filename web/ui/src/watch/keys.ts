// The keyboard: single keys for the picture, unless the viewer is typing, has turned them off, or holds a
// modifier.
const storageKey = 'livesrv.shortcuts';

/** Whether single-key shortcuts are wanted. */
export function shortcutsOn(): boolean {
  try {
    return localStorage.getItem(storageKey) !== 'off';
  } catch {
    return true;
  }
}

export function setShortcuts(on: boolean): void {
  try {
    if (on) localStorage.removeItem(storageKey);
    else localStorage.setItem(storageKey, 'off');
  } catch {
    // No storage: the choice lasts as long as the page asks for it, which is now.
  }
}

export interface Keys {
  play(): void;
  mute(): void;
  fullscreen(): void;
  pip(): void;
  live(): void;
  /** Seconds back (negative) or forward. */
  seek(seconds: number): void;
  volume(by: number): void;
  /** Says whether there was something to go back from. */
  back(): boolean;
}

/** Acts on a key press; says whether it did. */
export function press(e: KeyboardEvent, keys: Keys): boolean {
  if (e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey) return false;
  if (e.key === 'Escape') return keys.back();
  if (!shortcutsOn()) return false;
  const at = e.composedPath()[0];
  if (at instanceof HTMLElement && takesText(at)) return false;
  const onControl = at instanceof HTMLElement && at.closest('button, a, summary, [role="radio"]') !== null;
  switch (e.key) {
    case ' ':
      if (onControl) return false;
      keys.play();
      return true;
    case 'k':
    case 'K':
      keys.play();
      return true;
    case 'm':
    case 'M':
      keys.mute();
      return true;
    case 'f':
    case 'F':
      keys.fullscreen();
      return true;
    case 'i':
    case 'I':
      keys.pip();
      return true;
    case 'l':
    case 'L':
      keys.live();
      return true;
    case 'ArrowLeft':
      keys.seek(-5);
      return true;
    case 'ArrowRight':
      keys.seek(5);
      return true;
    case 'ArrowUp':
      if (onControl) return false;
      keys.volume(0.1);
      return true;
    case 'ArrowDown':
      if (onControl) return false;
      keys.volume(-0.1);
      return true;
    default:
      return false;
  }
}

/** Fields, and groups that the arrow keys belong to. */
function takesText(e: HTMLElement): boolean {
  return e.isContentEditable || ['INPUT', 'SELECT', 'TEXTAREA'].includes(e.tagName);
}
