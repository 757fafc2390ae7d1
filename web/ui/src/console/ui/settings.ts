// Choices of the person at this browser. They stay on the machine.

type Setting = 'sound' | 'shortcuts';

const key = (name: Setting): string => 'livesrv.console.' + name;

/** Whether a choice is on; `initial` until it was made. */
export function setting(name: Setting, initial: boolean): boolean {
  const v = localStorage.getItem(key(name));
  return v === null ? initial : v === '1';
}

export function setSetting(name: Setting, on: boolean): void {
  localStorage.setItem(key(name), on ? '1' : '0');
}
