// Camera, microphone and screen: opening them, changing them, and why one cannot be had.
import { cameraConstraints, screenConstraints, type Quality, type Shape } from './quality';

export type Kind = 'camera' | 'microphone' | 'screen';

/**
 * Why a device is not there: `insecure` the page is not on HTTPS or localhost · `unsupported` this browser has none
 * of that · `denied` the person, the browser's settings · `dismissed` the question was closed without an answer ·
 * `system` the computer's own settings · `missing` no such device · `busy` another program has it · `unfit` it
 * cannot do what is asked · `lost` it was there and went · `broken` anything else.
 */
export type Trouble = 'insecure' | 'unsupported' | 'denied' | 'dismissed' | 'system' | 'missing' | 'busy' | 'unfit' | 'lost' | 'broken';

/** Reads what getUserMedia or getDisplayMedia threw; `state` is the browser's remembered permission, if it tells. */
export function troubleOf(e: unknown, state?: PermissionState): Trouble {
  const { name = '', message = '' } = (e ?? {}) as { name?: string; message?: string };
  switch (name) {
    case 'NotAllowedError':
    case 'PermissionDeniedError':
      // Chromium's words; the specification has one name for all three.
      if (/system/i.test(message)) return 'system';
      return /dismissed/i.test(message) || state === 'prompt' ? 'dismissed' : 'denied';
    case 'SecurityError':
      return 'denied';
    case 'NotFoundError':
    case 'DevicesNotFoundError':
      return 'missing';
    case 'NotReadableError':
    case 'TrackStartError':
    case 'AbortError':
      return 'busy';
    case 'OverconstrainedError':
    case 'ConstraintNotSatisfiedError':
      return 'unfit';
    default:
      return 'broken';
  }
}

/** What the anchor chose; kept between visits by the caller. */
export interface Choice {
  camera: string;
  microphone: string;
  facing: 'user' | 'environment';
  quality: Quality;
  shape: Shape;
}

const sound: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

/** Fires `change` after every change; `picture` and `sound` when another track (or none) is to go out. */
export class Devices extends EventTarget {
  camera: MediaStreamTrack | null = null;
  microphone: MediaStreamTrack | null = null;
  screen: MediaStreamTrack | null = null;
  /** What is wrong with each, for the page to say. */
  readonly troubles = new Map<Kind, Trouble>();
  cameras: MediaDeviceInfo[] = [];
  microphones: MediaDeviceInfo[] = [];
  muted = false;
  dark = false;
  /** A device is being opened. */
  busy = false;
  /** The picture that `picture` was last fired for. */
  private told: MediaStreamTrack | null = null;

  constructor(readonly choice: Choice) {
    super();
    // Absent on pages without HTTPS.
    navigator.mediaDevices?.addEventListener?.('devicechange', () => void this.list());
  }

  /** The track that goes out as the picture. */
  get picture(): MediaStreamTrack | null {
    return this.screen ?? this.camera;
  }

  /** True for a picture in which the anchor looks at themselves. */
  get mirrored(): boolean {
    return !this.screen && this.camera?.getSettings().facingMode !== 'environment';
  }

  /** True where there is a second camera to switch to. */
  get canFlip(): boolean {
    return this.cameras.length > 1;
  }

  get canShare(): boolean {
    return typeof navigator.mediaDevices?.getDisplayMedia === 'function';
  }

  /** Asks for camera and microphone, whichever is not open yet. What cannot be had is in `troubles`. */
  async open(): Promise<void> {
    const kinds = (['camera', 'microphone'] as const).filter((k) => !this[k]);
    for (const k of kinds) this.troubles.delete(k);
    if (!navigator.mediaDevices?.getUserMedia) {
      for (const k of kinds) this.troubles.set(k, window.isSecureContext ? 'unsupported' : 'insecure');
      return this.changed();
    }
    await this.during(async () => {
      // One question for both, where both can be had.
      if (kinds.length === 2 && (await this.openBoth())) return;
      for (const k of kinds) if (!this[k] && !this.troubles.has(k)) await this.openOne(k);
    });
  }

  /** True when it is done: both are open, or both were refused in one answer. */
  private async openBoth(): Promise<boolean> {
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ video: this.video(), audio: this.audio() });
      this.take('camera', stream.getVideoTracks()[0] ?? null);
      this.take('microphone', stream.getAudioTracks()[0] ?? null);
      return true;
    } catch (e) {
      const trouble = troubleOf(e);
      // Which of the two it was is not said. A refusal is not asked again, unless the browser knows better.
      if (trouble !== 'denied' && trouble !== 'dismissed' && trouble !== 'system') return false;
      const [camera, microphone] = await Promise.all([permission('camera'), permission('microphone')]);
      const one = (camera === 'denied') !== (microphone === 'denied');
      if (!one || camera === 'denied') this.troubles.set('camera', troubleOf(e, camera));
      if (!one || microphone === 'denied') this.troubles.set('microphone', troubleOf(e, microphone));
      return !one;
    }
  }

  private async openOne(kind: 'camera' | 'microphone'): Promise<void> {
    try {
      this.take(kind, await this.ask(kind));
    } catch (e) {
      this.troubles.set(kind, troubleOf(e, await permission(kind)));
    }
  }

  /** Opens the chosen device, or any of its kind where the chosen one is not there any more. */
  private async ask(kind: 'camera' | 'microphone'): Promise<MediaStreamTrack | null> {
    const get = async (): Promise<MediaStreamTrack | null> => {
      const stream = await navigator.mediaDevices.getUserMedia(kind === 'camera' ? { video: this.video() } : { audio: this.audio() });
      return stream.getTracks()[0] ?? null;
    };
    try {
      return await get();
    } catch (e) {
      if (troubleOf(e) !== 'unfit' || !this.choice[kind]) throw e;
      this.choice[kind] = '';
      return get();
    }
  }

  /** Changes to another device. The one that is open is closed first: many phones have one camera open at a time. */
  async choose(kind: 'camera' | 'microphone', id: string): Promise<void> {
    await this.change(kind, () => {
      this.choice[kind] = id;
    });
  }

  /** Front to back and back again; where cameras do not say where they look, to the next one. */
  async flip(): Promise<void> {
    const facing = this.camera?.getSettings().facingMode;
    const at = this.cameras.findIndex((c) => c.deviceId === this.camera?.getSettings().deviceId);
    await this.change('camera', () => {
      if (facing === 'user' || facing === 'environment') {
        this.choice.facing = facing === 'user' ? 'environment' : 'user';
        this.choice.camera = '';
      } else {
        this.choice.camera = this.cameras[(at + 1) % this.cameras.length]?.deviceId ?? '';
      }
    });
  }

  private async change(kind: 'camera' | 'microphone', set: () => void): Promise<void> {
    if (this.busy) return;
    await this.during(async () => {
      const before = { ...this.choice };
      set();
      this.troubles.delete(kind);
      release(this[kind]);
      this[kind] = null;
      await this.openOne(kind);
      if (this[kind]) return;
      // Back to the one that worked; what went wrong with the other stays said.
      Object.assign(this.choice, before);
      const trouble = this.troubles.get(kind);
      await this.ask(kind).then((track) => this.take(kind, track), () => this.take(kind, null));
      if (trouble) this.troubles.set(kind, trouble);
    });
  }

  /** Takes up a quality or a shape while the camera runs. */
  async reshape(quality: Quality, shape: Shape): Promise<void> {
    Object.assign(this.choice, { quality, shape });
    const { camera } = this;
    if (!camera) return;
    const { deviceId: _, facingMode: __, ...rest } = cameraConstraints(quality, shape, {});
    await camera.applyConstraints(rest).catch(() => this.troubles.set('camera', 'unfit'));
    this.changed();
  }

  /** Shows the screen instead of the camera, until it is stopped here or in the browser's own bar. */
  async share(): Promise<void> {
    this.troubles.delete('screen');
    try {
      const stream = await navigator.mediaDevices.getDisplayMedia({ video: screenConstraints(this.choice.quality), audio: false });
      this.take('screen', stream.getVideoTracks()[0] ?? null);
    } catch (e) {
      const trouble = troubleOf(e);
      // Closing the browser's list of windows is an answer, not a fault.
      if (trouble !== 'denied' && trouble !== 'dismissed') this.troubles.set('screen', trouble);
      this.changed();
    }
  }

  stopSharing(): void {
    release(this.screen);
    this.take('screen', null);
  }

  mute(muted: boolean): void {
    this.muted = muted;
    if (this.microphone) this.microphone.enabled = !muted;
    this.changed();
  }

  /** Sends black instead of the picture; the line stays as it is. */
  darken(dark: boolean): void {
    this.dark = dark;
    if (this.picture) this.picture.enabled = !dark;
    this.changed();
  }

  /** Opens again what the system took while the page was not in sight. */
  async revive(): Promise<void> {
    if (this.busy) return;
    if (this.troubles.get('camera') === 'lost' || this.troubles.get('microphone') === 'lost') await this.open();
  }

  /** Lets go of everything. */
  close(): void {
    for (const kind of ['screen', 'camera', 'microphone'] as const) {
      release(this[kind]);
      this[kind] = null;
    }
    this.muted = this.dark = false;
    this.told = null;
    this.changed();
  }

  private video(): MediaTrackConstraints {
    const { camera, facing, quality, shape } = this.choice;
    return cameraConstraints(quality, shape, { id: camera, facing });
  }

  private audio(): MediaTrackConstraints {
    const { microphone } = this.choice;
    return microphone ? { ...sound, deviceId: { exact: microphone } } : sound;
  }

  private take(kind: Kind, track: MediaStreamTrack | null): void {
    this[kind] = track;
    if (track) {
      this.troubles.delete(kind);
      // Not on our own stop(), which fires nothing.
      track.addEventListener('ended', () => this.lost(kind, track));
      for (const e of ['mute', 'unmute']) track.addEventListener(e, () => this.changed());
      if (kind === 'microphone') track.enabled = !this.muted;
      // Movement is worth more than detail before a camera; on a screen it is the other way round.
      else track.contentHint = kind === 'screen' ? 'detail' : 'motion';
    }
    if (kind !== 'microphone' && this.picture) this.picture.enabled = !this.dark;
    if (kind === 'microphone') this.dispatchEvent(new Event('sound'));
    else if (this.picture !== this.told) {
      this.told = this.picture;
      this.dispatchEvent(new Event('picture'));
    }
    this.changed();
  }

  private lost(kind: Kind, track: MediaStreamTrack): void {
    if (this[kind] !== track) return;
    if (kind !== 'screen') this.troubles.set(kind, 'lost');
    this.take(kind, null);
  }

  private async list(): Promise<void> {
    const all = await navigator.mediaDevices.enumerateDevices().catch(() => []);
    // Without permission the entries have no names and are of no use.
    this.cameras = all.filter((d) => d.kind === 'videoinput' && d.deviceId);
    this.microphones = all.filter((d) => d.kind === 'audioinput' && d.deviceId);
    this.changed();
  }

  private async during(work: () => Promise<void>): Promise<void> {
    this.busy = true;
    this.changed();
    try {
      await work();
    } finally {
      this.busy = false;
      await this.list();
    }
  }

  private changed(): void {
    this.dispatchEvent(new Event('change'));
  }
}

function release(track: MediaStreamTrack | null): void {
  track?.stop();
}

async function permission(name: 'camera' | 'microphone'): Promise<PermissionState | undefined> {
  try {
    return (await navigator.permissions.query({ name: name as PermissionName })).state;
  } catch {
    return undefined; // a browser that does not tell
  }
}
