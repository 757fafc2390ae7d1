// How soon a viewer sees a publisher who has returned: counted in his media, not by the clock. On a machine with other
// things to do all of it is late, his media too.
import assert from 'node:assert/strict';

/** How much media of a returned publisher there may be when the first picture of it is shown, in milliseconds. */
const twoSegments = 4000;

/** Runs in a page: the date up to which hls.js knows the playlist. */
export const edgeOf = `(hls) => {
  const list = hls?.latestLevelDetails;
  const dated = list?.fragments.findLast((f) => f.programDateTime);
  return dated ? dated.programDateTime + (list.edge - dated.start) * 1000 : 0;
}`;

/** The date of the first media after a time in a playlist. */
export function firstMedia(list, after) {
  const segments = list.split('#EXT-X-PROGRAM-DATE-TIME:').slice(1);
  const media = segments.filter((s) => !s.includes('#EXT-X-GAP') && /^#EXTINF|^#EXT-X-PART:(?!.*GAP)/m.test(s));
  return Math.min(...media.map((s) => Date.parse(s.slice(0, s.indexOf('\n')))).filter((date) => date >= after));
}

/** The returns that a test has seen. */
export class Returns {
  #media = [];

  /** Takes one: how much media there was at its first picture. The limit is one that no busy machine meets. */
  take(t, what, media) {
    t.diagnostic(`${what}: picture after ${Math.round(media)} ms of media`);
    this.#media.push(media);
    assert.ok(media < 3 * twoSegments, `${what}: the picture came after ${media} ms of media`);
  }

  /**
   * Holds the quickest to two segments: what a browser adds where the machine gives it time. That the server lists every
   * return within two segments is held to the tick by internal/e2e, on a clock of its own.
   */
  check(least) {
    assert.ok(this.#media.length >= least, `${this.#media.length} returns`);
    const quickest = Math.min(...this.#media);
    assert.ok(quickest < twoSegments, `the picture comes after ${quickest} ms of media at best`);
  }
}
