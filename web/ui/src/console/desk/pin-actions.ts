import { ApiError, type Pin } from '../../lib/api';
import { t, tn } from '../../lib/i18n';
import type { DeskModel } from '../model/desk';
import { explain } from '../model/faults';
import { Observable } from '../model/observable';
import { maxPins } from '../model/pin-board';
import { say, toast } from '../ui/toasts';

/** Which moment a pin is put at: the wall time now, or the wall time of the picture that the merchant sees. */
export type PinMoment = 'now' | 'seen';

/** Pinning as the merchant does it: by button or key, at either moment, with every refusal said in words. */
export class PinActions extends Observable {
  moment: PinMoment = 'now';
  /** The wall time of the picture on this desk; null while there is none. */
  seen: () => Date | null = () => null;

  constructor(readonly model: DeskModel) { super(); }

  choose(moment: PinMoment): void {
    this.moment = moment;
    this.changed();
  }

  /** Takes the product down if it is up, else puts it up. With `other`, at the moment that the switch does not say. */
  async toggle(product: string, sku?: string, other = false): Promise<void> {
    const board = this.model.board;
    if (board.isPending(product)) return;
    const up = board.of(product);
    if (up) return this.unpin(up, other);
    const title = this.title(product);
    const at = this.at(other);
    if (at === null) return toast({ kind: 'bad', text: t('console.pin.noPicture'), hint: t('console.pin.noPicture.hint') });
    try {
      await board.pin(product, sku, at);
      say(t('console.pin.done', { title, n: board.open.length, max: maxPins }));
    } catch (e) {
      this.refused(e);
    }
  }

  async unpin(pin: Pin, other = false): Promise<void> {
    const at = this.at(other);
    try {
      await this.model.board.unpin(pin.id, at ?? undefined);
      say(t('console.unpin.done', { title: this.title(pin.product) }));
    } catch (e) {
      this.refused(e);
    }
  }

  /** Takes all cards down and offers to put them back. */
  async unpinAll(): Promise<void> {
    if (!this.model.board.open.length) return;
    try {
      const were = await this.model.board.unpinAll();
      toast({ kind: 'ok', text: tn('console.unpinAll.done', were.length), action: { label: t('console.putBack'), run: () => void this.putBack(were) } });
    } catch (e) {
      this.refused(e);
    }
  }

  private async putBack(pins: Pin[]): Promise<void> {
    for (const p of pins) {
      if (!this.model.board.of(p.product)) await this.toggle(p.product, p.sku);
    }
  }

  /** The wall time to send: undefined means now; null, that the picture has none. */
  private at(other: boolean): number | undefined | null {
    const moment = other === (this.moment === 'now') ? 'seen' : 'now';
    return moment === 'now' ? undefined : this.seen()?.getTime() ?? null;
  }

  private title(product: string): string { return this.model.product(product)?.title ?? ''; }

  private refused(e: unknown): void {
    const full = e instanceof ApiError && e.kind === 'conflict' && this.model.board.full;
    if (full) {
      toast({
        kind: 'bad', text: t('console.pin.full', { max: maxPins }), hint: t('console.pin.full.hint'),
        action: { label: t('console.unpinAll'), run: () => void this.unpinAll() },
      });
    } else {
      toast({ kind: 'bad', ...explain(e) });
    }
    void this.model.refresh();
  }
}
