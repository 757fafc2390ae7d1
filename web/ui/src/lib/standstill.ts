// What to do about a picture that stands although the viewer wants it to move. hls.js plays over gaps by itself, but
// only looks for media again after a second's wait, and 1.7 may go on reading playlists without loading what they list.

/** What is needed of hls.js's LevelDetails. */
export interface Listing {
  live: boolean;
  edge: number;
  fragments: readonly { start: number; gap?: boolean }[];
  partList?: readonly { start: number; gap?: boolean }[] | null;
}

/** `wait` · `over`: the stream has ended in a gap · `load`: begin to load anew · `reload`: begin everything anew. */
export type Step = 'wait' | 'over' | 'load' | 'reload';

/** After this long (ms) in spite of newer media in the playlist, loading is begun anew; after as long again, everything. */
const stuckAfter = 3000;

/** Whether the newest that a playlist lists is a gap: nothing comes from the publisher. */
export function endsInGap(list: Listing | null): boolean {
  return (list?.partList?.at(-1) ?? list?.fragments.at(-1))?.gap === true;
}

/** Where the media at the end of a playlist begins: behind the last gap. */
export function mediaFrom(list: Listing): number {
  let from = list.edge;
  for (const pieces of [list.partList ?? [], list.fragments]) {
    for (let i = pieces.length - 1; i >= 0; i--) {
      const piece = pieces[i]!;
      if (piece.start >= from) continue;
      if (piece.gap) return from;
      from = piece.start;
    }
  }
  return from;
}

/** One standstill, from the last moving picture to the next. */
export class Standstill {
  /** The playlist has said GAP since the picture stopped. */
  sawGap = false;
  private loadedAnew = false;
  /** Since when there is newer media in the playlist than the standing picture. */
  private newerSince = 0;

  /** The picture moves. */
  over(): void {
    this.sawGap = this.loadedAnew = false;
    this.newerSince = 0;
  }

  /** loaded: where the buffer ends, in seconds; now in milliseconds. */
  step(list: Listing, loaded: number, now: number): Step {
    if (endsInGap(list)) {
      this.sawGap = true;
      this.newerSince = 0;
      return list.live ? 'wait' : 'over';
    }
    if (list.edge < loaded + 1 && !this.sawGap) {
      this.newerSince = 0;
      return 'wait';
    }
    this.newerSince ||= now;
    const long = now - this.newerSince >= stuckAfter;
    if (!this.loadedAnew && (this.sawGap || long)) {
      this.loadedAnew = true;
      this.newerSince = now;
      return 'load';
    }
    if (!long) return 'wait';
    this.over();
    return 'reload';
  }
}
