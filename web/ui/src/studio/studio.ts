// The studio's state: the key, the devices, the line. The page draws it and calls its methods.
import { Devices } from './devices';
import { keyIn, rememberedKey, rememberKey, takeKey } from './key';
import { Publisher } from './publisher';
import type { Quality, Shape } from './quality';
import { loadSettings, saveSettings, type Settings } from './settings';
import { Wake } from './wake';

export const endpoint = '/whip';

/** Fires `change` after every change of itself, its devices and its publisher. */
export class Studio extends EventTarget {
  /** `door`: the key is asked for, nothing is open. `stage`: the camera is. */
  place: 'door' | 'stage' = 'door';
  key = '';
  remember = false;
  /** A phone or a tablet: its camera turns with it. */
  readonly turns = matchMedia('(pointer: coarse)').matches;
  readonly settings: Settings = loadSettings(this.turns);
  readonly devices = new Devices(this.settings);
  readonly publisher = new Publisher(endpoint);
  private readonly wake = new Wake();
  private readonly off = new AbortController();

  constructor() {
    super();
    const { devices, publisher } = this;
    const change = (): void => void this.dispatchEvent(new Event('change'));
    devices.addEventListener('change', change);
    publisher.addEventListener('change', () => {
      this.wake.want(publisher.busy);
      change();
    });
    devices.addEventListener('picture', () => void publisher.replace('video', devices.picture));
    devices.addEventListener('sound', () => void publisher.replace('audio', devices.microphone));
  }

  /** Takes the key from the address or from this device, and follows the window until `stop`. */
  start(): void {
    const { signal } = this.off;
    const kept = rememberedKey();
    this.remember = kept !== '';
    this.key = takeKey() || kept;
    addEventListener('hashchange', () => this.arrived(), { signal });
    addEventListener('online', () => this.publisher.networkChanged(), { signal });
    const { connection } = navigator as { connection?: EventTarget & { type?: string } };
    let type = connection?.type;
    connection?.addEventListener('change', () => {
      if (connection.type !== type && connection.type !== 'none') this.publisher.networkChanged();
      type = connection.type;
    }, { signal });
    addEventListener('beforeunload', (e) => this.publisher.busy && e.preventDefault(), { signal });
    addEventListener('pagehide', () => void this.publisher.end(true), { signal });
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible' && this.place === 'stage') void this.devices.revive();
    }, { signal });
  }

  stop(): void {
    this.off.abort();
    void this.publisher.end(true);
    this.devices.close();
  }

  /** Enters with what was typed: opens camera and microphone. False: that is no key. */
  async enter(text: string, remember: boolean): Promise<boolean> {
    const key = keyIn(text);
    if (!key) return false;
    this.key = key;
    this.remember = remember;
    rememberKey(remember ? key : '');
    await this.devices.open();
    if (this.devices.camera || this.devices.microphone) this.place = 'stage';
    this.changed();
    return true;
  }

  /** Back to the question for the key. */
  leave(): void {
    if (this.publisher.busy) return;
    this.devices.close();
    this.place = 'door';
    this.changed();
  }

  async goLive(): Promise<void> {
    const { devices, settings } = this;
    await this.publisher.start(this.key, { video: devices.picture, audio: devices.microphone }, { quality: settings.quality, layers: settings.layers });
  }

  async set(change: Partial<Pick<Settings, 'quality' | 'shape' | 'layers'>>): Promise<void> {
    const { settings } = this;
    Object.assign(settings, change);
    this.save();
    if (change.layers !== undefined) return this.changed();
    await Promise.all([
      this.devices.reshape(settings.quality satisfies Quality, settings.shape satisfies Shape),
      this.publisher.tune({ quality: settings.quality, layers: settings.layers }),
    ]);
  }

  async flip(): Promise<void> {
    await this.devices.flip();
    this.save();
  }

  async choose(kind: 'camera' | 'microphone', id: string): Promise<void> {
    await this.devices.choose(kind, id);
    this.save();
  }

  private save(): void {
    saveSettings(this.settings);
  }

  /** A link with a key was opened in a tab that is here already. */
  private arrived(): void {
    const key = takeKey();
    if (!key || key === this.key || this.publisher.busy) return;
    this.key = key;
    this.leave();
  }

  private changed(): void {
    this.dispatchEvent(new Event('change'));
  }
}
