/** Keeps the screen from going dark. The browser takes the lock away whenever the page is out of sight. */
export class Wake {
  private wanted = false;
  private lock: WakeLockSentinel | null = null;

  constructor() {
    document.addEventListener('visibilitychange', () => void this.settle());
  }

  want(wanted: boolean): void {
    if (wanted === this.wanted) return;
    this.wanted = wanted;
    void this.settle();
  }

  private async settle(): Promise<void> {
    if (!this.wanted) {
      const { lock } = this;
      this.lock = null;
      await lock?.release().catch(() => undefined);
    } else if (document.visibilityState === 'visible' && (!this.lock || this.lock.released)) {
      // Absent without HTTPS; refused on an almost empty battery.
      this.lock = (await navigator.wakeLock?.request('screen').catch(() => null)) ?? null;
      if (!this.wanted) await this.settle();
    }
  }
}
