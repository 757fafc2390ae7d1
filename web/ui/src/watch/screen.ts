// Fullscreen and picture-in-picture, as far as the browser has them.

/** What older Safari has instead of the Fullscreen API. */
interface AppleVideo extends HTMLVideoElement {
  webkitEnterFullscreen?: () => void;
}

export class Screen {
  /** @param stage what fills the screen: the whole element, so that the cards are there too */
  constructor(
    private readonly stage: HTMLElement,
    private readonly video: HTMLVideoElement,
  ) {}

  get canFull(): boolean {
    return document.fullscreenEnabled || typeof (this.video as AppleVideo).webkitEnterFullscreen === 'function';
  }

  get full(): boolean {
    return document.fullscreenElement === this.stage || (document.fullscreenElement?.contains(this.stage) ?? false);
  }

  get canPip(): boolean {
    return document.pictureInPictureEnabled === true && !this.video.disablePictureInPicture;
  }

  async toggleFull(): Promise<void> {
    try {
      if (this.full) await document.exitFullscreen();
      else if (document.fullscreenEnabled) await this.stage.requestFullscreen();
      else (this.video as AppleVideo).webkitEnterFullscreen?.();
    } catch {
      // Refused (no gesture, a frame without the permission): the page stays as it is.
    }
  }

  async togglePip(): Promise<void> {
    try {
      if (document.pictureInPictureElement) await document.exitPictureInPicture();
      else if (this.canPip) await this.video.requestPictureInPicture();
    } catch {
      // Refused, or no picture yet.
    }
  }
}
