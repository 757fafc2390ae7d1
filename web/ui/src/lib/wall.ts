// Between the player's timeline (seconds) and wall time, by the PROGRAM-DATE-TIME of a playlist's segments.

/** What is needed of a playlist's segments, oldest first: hls.js's fragments fit. */
export interface Dated {
  /** Where it begins on the player's timeline, in seconds. */
  start: number;
  /** Its wall time in milliseconds since the epoch, or null where the playlist has none. */
  programDateTime: number | null;
}

/** The wall time of the picture at `time`, reckoned from the last dated segment that begins at or before it. */
export function wallAt(segments: readonly Dated[], time: number): Date | null {
  let from: Dated | null = null;
  // Newest first: the playhead of a live viewer is near the end.
  for (let i = segments.length - 1; i >= 0; i--) {
    const s = segments[i]!;
    if (s.programDateTime === null) continue;
    from = s;
    if (s.start <= time) break;
  }
  return from && new Date(from.programDateTime! + (time - from.start) * 1000);
}

/** Where on the player's timeline a wall time is; null when it is before the first segment. */
export function timeAt(segments: readonly Dated[], wall: Date): number | null {
  const ms = wall.getTime();
  for (let i = segments.length - 1; i >= 0; i--) {
    const s = segments[i]!;
    if (s.programDateTime !== null && s.programDateTime <= ms) return s.start + (ms - s.programDateTime) / 1000;
  }
  return null;
}

/** The wall time at a moment of a video that the browser plays by itself; null where it does not tell. */
export function nativeWallAt(video: HTMLVideoElement, time: number): Date | null {
  const start = (video as HTMLVideoElement & { getStartDate?: () => Date }).getStartDate?.();
  const ms = start?.getTime();
  return ms === undefined || Number.isNaN(ms) ? null : new Date(ms + time * 1000);
}
