// How fast to play to come back to the intended delay without running dry. hls.js hurries only with more than a
// second of buffer, and at short parts there never is one: a viewer who started late stayed late.

/** Faster by this much is not heard: a second is caught up in 20. */
const hurried = 1.05;
/** Seconds behind from which to hurry, and below which to stop. */
const from = 0.12;
const until = 0.04;
/** How many parts must be in the buffer to hurry. */
const partsAhead = 1.5;
/** A cushion's upper bound in seconds, and how fast it goes away. */
const widest = 1.5;
const forgotten = 0.005;

/** Keeps a viewer's pace. Every stall makes the delay that it aims for wider by a part, for some minutes. */
export class Pace {
  private cushion = 0;
  private hurry = false;

  /** The picture stood; part is the part target in seconds. */
  stalled(part: number): void {
    this.cushion = Math.min(this.cushion + part, widest);
  }

  /**
   * The playback rate for the next half second. behind: seconds over the intended delay; ahead: seconds in the
   * buffer; part: the part target in seconds.
   */
  rate(behind: number, ahead: number, part: number): number {
    this.cushion = Math.max(0, this.cushion - forgotten);
    const over = behind - this.cushion;
    this.hurry = over > (this.hurry ? until : from) && ahead > partsAhead * part;
    return this.hurry ? hurried : 1;
  }
}
