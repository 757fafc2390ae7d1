import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { dialogOpen } from '../ui/dialog';
import { shortcutsOn } from '../ui/shortcuts-dialog';

/** What the keys of the desk do. */
export interface DeskKeys {
  /** The n-th product of the line-up, from 0; `other` with Shift. */
  pin(index: number, other: boolean): void;
  unpinAll(): void;
  switchMoment(): void;
  mute(): void;
  help(): void;
}

/** Listens for the desk's keys while its element is connected: never while somebody types or a dialog is open. */
export class KeyListener implements ReactiveController {
  constructor(host: ReactiveControllerHost, private readonly keys: DeskKeys) { host.addController(this); }

  hostConnected(): void { window.addEventListener('keydown', this.onKey); }
  hostDisconnected(): void { window.removeEventListener('keydown', this.onKey); }

  private readonly onKey = (e: KeyboardEvent): void => {
    if (e.defaultPrevented || e.repeat || e.isComposing || e.ctrlKey || e.metaKey || e.altKey) return;
    if (dialogOpen() || typing(e) || !shortcutsOn()) return;
    // By place on the keyboard: Shift+1 writes "!" on most layouts, and "1" on a French one.
    const digit = /^(?:Digit|Numpad)([1-9])$/.exec(e.code)?.[1];
    if (digit) this.keys.pin(Number(digit) - 1, e.shiftKey);
    else if (e.key === 'Escape') this.keys.unpinAll();
    else if (e.key === '?') this.keys.help();
    else if (e.key.toLowerCase() === 's') this.keys.switchMoment();
    else if (e.key.toLowerCase() === 'm') this.keys.mute();
    else return;
    e.preventDefault();
  };
}

/** Whether the key goes into a field. The first of the path is the real target, inside every shadow root. */
function typing(e: KeyboardEvent): boolean {
  const target = e.composedPath()[0];
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !['checkbox', 'radio', 'button', 'submit', 'file'].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable;
}
