import type { ReactiveController, ReactiveControllerHost } from 'lit';

/** Something that changes and tells. Models extend it; elements follow them with Watch. */
export class Observable {
  private readonly followers = new Set<() => void>();

  /** Calls follower after each change until the returned function is called. */
  follow(follower: () => void): () => void {
    this.followers.add(follower);
    return () => this.followers.delete(follower);
  }

  protected changed(): void {
    for (const follower of this.followers) follower();
  }
}

/** Re-renders its element whenever the model that `find` names has changed; the model may be swapped. */
export class Watch implements ReactiveController {
  private model?: Observable;
  private stop?: () => void;

  constructor(private readonly host: ReactiveControllerHost, private readonly find: () => Observable | undefined) {
    host.addController(this);
  }

  hostConnected(): void { this.attach(); }
  hostUpdate(): void { this.attach(); }

  hostDisconnected(): void {
    this.stop?.();
    this.stop = this.model = undefined;
  }

  private attach(): void {
    const model = this.find();
    if (model === this.model) return;
    this.stop?.();
    this.model = model;
    this.stop = model?.follow(() => this.host.requestUpdate());
  }
}

/** Re-renders its element once a second while it is connected: for "time since" texts. */
export class Ticker implements ReactiveController {
  private timer?: number;

  constructor(private readonly host: ReactiveControllerHost) { host.addController(this); }

  hostConnected(): void { this.timer = window.setInterval(() => this.host.requestUpdate(), 1000); }
  hostDisconnected(): void { window.clearInterval(this.timer); }
}
