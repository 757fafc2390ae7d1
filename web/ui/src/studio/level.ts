// How loud the microphone is.

/** A level in decibels under the loudest, as a share of the bar: -60 dB is empty, 0 dB full. */
export const share = (decibels: number): number => Math.min(1, Math.max(0, 1 + decibels / 60));

/** The level of samples between -1 and 1, in decibels. */
export function decibels(samples: Float32Array): number {
  let sum = 0;
  for (const s of samples) sum += s * s;
  return 10 * Math.log10(sum / Math.max(1, samples.length) + 1e-10);
}

/** Seconds without a sound after which a microphone is taken for broken or switched off at itself. */
const deaf = 5;
/** No microphone in a room is as quiet as this. */
const nothing = -75;

/** Listens to one track. */
export class Level {
  private readonly context = new AudioContext();
  private readonly analyser = this.context.createAnalyser();
  private readonly samples: Float32Array<ArrayBuffer>;
  private heard = Date.now();

  constructor(track: MediaStreamTrack) {
    this.analyser.fftSize = 1024;
    this.samples = new Float32Array(this.analyser.fftSize);
    this.context.createMediaStreamSource(new MediaStream([track])).connect(this.analyser);
    // A page that was not touched yet starts it suspended.
    void this.context.resume().catch(() => undefined);
  }

  /** The level now, in decibels under the loudest. */
  read(): number {
    this.analyser.getFloatTimeDomainData(this.samples);
    const level = decibels(this.samples);
    if (level > nothing || this.context.state !== 'running') this.heard = Date.now();
    return level;
  }

  /** True when there has been nothing at all to hear for a while. */
  get silent(): boolean {
    return Date.now() - this.heard > deaf * 1000;
  }

  stop(): void {
    void this.context.close();
  }
}
