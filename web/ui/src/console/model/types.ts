// What the signed-in half of the API speaks, as the console reads it. Public shapes are in lib/api.ts.
import type { Image, OrderStatus, Pin, Position, Show as PublicShow, StockState } from '../../lib/api';
import type { Money } from '../../lib/money';

/** The person at this console. */
export interface User { id: string; name: string; role: 'admin' | 'merchant'; merchant: string }

/** One sellable choice, with the true number left: only its merchant sees that. */
export interface SKU {
  id: string; code: string; options: string[]; price: Money; compareAt?: number | null; stock: number;
  /** Where the number stands, by the shop's own line of what is few. */
  state: StockState;
  /** One of the product's pictures, or none. */
  image?: string;
}

export interface Product {
  id: string; handle: string; title: string; description: string; vendor: string;
  options: string[]; images: Image[]; skus: SKU[]; archived: boolean; rev: number;
}

/** A show as its merchant sees it. */
export interface Show extends PublicShow {
  /** Why it has ended, and since when nothing comes in for it while it is live. */
  endReason?: '' | 'by_hand' | 'publisher_away'; offAirSince?: string | null;
  paymentNote?: string; embedOrigins?: string[]; lineup?: string[]; rev?: number;
}

export interface Finding { code: string; message: string }

/** One publisher's connection: what it sends and how healthy that is. */
export interface StreamSession {
  protocol: string; remote: string; started: string;
  /** Empty until the publisher has said what it sends. */
  tracks: { kind: 'video' | 'audio'; codec: string; width?: number; height?: number; frameRate?: number;
    /** What the publisher sends where the server makes something else of it. */
    convertedFrom?: string }[];
  health: { bitrate: number; frameRate: number; findings: Finding[] | null };
}

export interface Totals { orders: number; units: number; revenue: Money }

/** Everything the desk of one show starts from. */
export interface Desk {
  show: Show; streamKey: string; pins: Pin[]; products: Product[]; viewers: number;
  position: Position; deskChannel: string; deskPosition: Position;
  now: string; ingest: { protocol: string; url: string }[]; stream?: StreamSession | null; openOrders: number; totals: Totals;
}

export interface OrderLine { sku: string; product: string; title: string; options: string[]; quantity: number; unit: Money; total: Money }

export interface Order {
  id: string; number: string; show: string; lines: OrderLine[]; total: Money; status: OrderStatus; way: string;
  contact: { name: string; phone?: string; email?: string };
  address: { line1?: string; line2?: string; city?: string; region?: string; postcode?: string; country?: string };
  note?: string; instructions?: string; reason?: string; created: string; updated: string; expires?: string | null;
}

/** What an import took and refused, row by row. */
export interface ImportReport {
  dialect: string; dryRun: boolean; created: number; updated: number; unchanged: number; refused: number;
  rows: {
    line: number; handle: string; result: 'created' | 'updated' | 'unchanged' | 'refused';
    taken?: string[]; reason?: string; hint?: string; warnings?: string[];
  }[];
}

/** What the product form sends. A SKU with an id is kept; one without is made; one left out is removed. */
export interface ProductDraft {
  title: string; description: string; vendor: string; options: string[]; rev?: number;
  skus: { id?: string; code: string; options: string[]; price: Money; compareAt?: number | null; stock?: number; image?: string }[];
}

/** What the show form sends. */
export interface ShowDraft {
  slug?: string; title: string; description: string; startsAt: string; currency?: string;
  ways: string[]; paymentNote: string; embedOrigins: string[];
}
