// Which cards are on screen at the picture's own moment. A pin has a wall time; the picture that a viewer
// sees has one too (PROGRAM-DATE-TIME at the playhead), so a card shows when the picture reaches the pin,
// whether the viewer is one second behind or twenty.
//
// Pins come by two ways and are merged by id: the playlist's dateranges (there with the first playlist, even
// for who joins late) and the state with its events (knows the product at once). The daterange's times count,
// because they are bound to the media. Cues (text tracks) are not used: hls.js 1.7 loses them in replays.
import type { Pin } from './api';

/** A pin as the playlist tells it. */
export interface RangedPin {
  id: string;
  start: number;
  end: number | null;
  card: { pin: string; product: string; sku?: string; rev?: number } | null;
}

/** A pin as the page shows it. */
export interface ShownPin {
  id: string;
  product: string;
  sku?: string;
  /** Milliseconds since the epoch. */
  start: number;
  end: number | null;
}

/** What the tracker needs of a player. */
export interface PinSource {
  /** The wall time of the picture on screen, or null while it is unknown. */
  wallNow(): Date | null;
  /** The pins that the playlist tells of. */
  rangedPins(): RangedPin[];
  /** Calls back at every picture, and at least four times a second; gives a function that ends it. */
  onPicture(callback: () => void): () => void;
}

const daterangeClass = 'dev.livesrv.pin';

/** Reads a daterange as a pin; null when it is none of ours or cannot be read. */
export function readRange(range: { id: string; class: string; startDate: Date; endDate: Date | null; attr: Record<string, unknown> }): RangedPin | null {
  if (range.class !== daterangeClass) return null;
  const start = range.startDate.getTime();
  if (!Number.isFinite(start)) return null;
  const end = range.endDate?.getTime() ?? null;
  return { id: range.id, start, end: end !== null && Number.isFinite(end) ? end : null, card: readCard(range.attr['X-LIVESRV-CARD']) };
}

function readCard(value: unknown): RangedPin['card'] {
  if (typeof value !== 'string') return null;
  try {
    const bytes = Uint8Array.from(atob(value.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
    const card = JSON.parse(new TextDecoder().decode(bytes)) as RangedPin['card'];
    return typeof card?.product === 'string' ? card : null;
  } catch {
    return null;
  }
}

/** Joins what the state and the playlist say of the same pins. */
export function mergePins(known: readonly Pin[], ranged: readonly RangedPin[]): ShownPin[] {
  const all = new Map<string, ShownPin>();
  for (const p of known) {
    all.set(p.id, { id: p.id, product: p.product, sku: p.sku, start: Date.parse(p.start), end: p.end ? Date.parse(p.end) : null });
  }
  for (const r of ranged) {
    const have = all.get(r.id);
    // Until the playlist has the unpin, the state's end stands.
    if (have) all.set(r.id, { ...have, start: r.start, end: r.end ?? have.end });
    else if (r.card) all.set(r.id, { id: r.id, product: r.card.product, sku: r.card.sku, start: r.start, end: r.end });
  }
  return [...all.values()].sort((a, b) => a.start - b.start || (a.id < b.id ? -1 : 1));
}

/** The pins on screen at a wall time; at an unknown one those that are open now. */
export function pinsAt(pins: readonly ShownPin[], at: Date | null): ShownPin[] {
  if (!at) return pins.filter((p) => p.end === null);
  const now = at.getTime();
  return pins.filter((p) => p.start <= now && (p.end === null || now < p.end));
}

/** How long a closed pin is remembered, in ms: a viewer may be this far behind (the window and some more). */
const keepClosed = 10 * 60_000;

/** Says which pins are on screen, whenever that changes. */
export class PinTracker {
  private known: Pin[] = [];
  private shown: ShownPin[] = [];
  private stopPictures: (() => void) | null = null;

  /** @param onChange gets the pins on screen, oldest first, at every change */
  constructor(
    private readonly source: PinSource,
    private readonly onChange: (shown: ShownPin[], came: ShownPin[], went: ShownPin[]) => void,
  ) {}

  start(): void {
    this.stopPictures ??= this.source.onPicture(() => this.update());
  }

  stop(): void {
    this.stopPictures?.();
    this.stopPictures = null;
  }

  /** The pins on screen now. */
  get current(): readonly ShownPin[] {
    return this.shown;
  }

  /**
   * Takes a snapshot's pins. Those that it does not list any more are closed; their end may still be ahead of
   * the viewer.
   * @param now the server's clock at the snapshot, in milliseconds
   */
  setPins(pins: readonly Pin[], now = Date.now()): void {
    const listed = new Set(pins.map((p) => p.id));
    const end = new Date(now).toISOString();
    const gone = this.known.filter((p) => !listed.has(p.id)).map((p) => (p.end ? p : { ...p, end }));
    this.known = this.fresh([...gone, ...pins]);
    this.update();
  }

  /** Takes a `pin` or `unpin` event. An older revision does not replace a newer one. */
  apply(pin: Pin): void {
    const have = this.known.find((p) => p.id === pin.id);
    if (have && have.rev > pin.rev) return;
    this.known = this.fresh([...this.known.filter((p) => p.id !== pin.id), pin]);
    this.update();
  }

  /** Looks again at once. */
  update(): void {
    const next = pinsAt(mergePins(this.known, this.source.rangedPins()), this.source.wallNow());
    const before = new Set(this.shown.map((p) => p.id));
    const after = new Set(next.map((p) => p.id));
    const came = next.filter((p) => !before.has(p.id));
    const went = this.shown.filter((p) => !after.has(p.id));
    this.shown = next;
    if (came.length > 0 || went.length > 0) this.onChange(next, came, went);
  }

  /** Drops what ended long before the picture; without one, long before the newest pin. This computer's clock may be wrong. */
  private fresh(pins: Pin[]): Pin[] {
    const now = this.source.wallNow()?.getTime() ?? Math.max(...pins.map((p) => Date.parse(p.end ?? p.start)));
    return pins.filter((p) => !p.end || Date.parse(p.end) > now - keepClosed);
  }
}
