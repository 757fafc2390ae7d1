// One line to the server: an RTCPeerConnection and its WHIP session. It is opened once, may restart its ICE, and is
// thrown away when that does not help; `publisher.ts` decides which.
import { ApiError } from '../lib/api';
import { fragmentOf, iceOf, withIce, withStartRate } from '../lib/sdp';
import type { Whip, WhipSession } from '../lib/whip';
import { encodings, fit, preferred, startRate, type Sending } from './quality';

/** The tracks that go out. Either may be missing. */
export interface Media {
  video: MediaStreamTrack | null;
  audio: MediaStreamTrack | null;
}

/** How long (ms) the offer waits for candidates; those that come later are sent after it. */
const gatherFor = 400;
/** How long (ms) candidates wait for one another before they are sent. */
const gatherMore = 60;

/** The server answers, but no picture gets through to it. */
export class NoPath extends Error {}

export class Line {
  /** Called with each new connectionState once the line is open. */
  onstate: (state: RTCPeerConnectionState) => void = () => {};
  readonly peer: RTCPeerConnection;
  private session: WhipSession | null = null;
  private video: RTCRtpSender | null = null;
  private audio: RTCRtpSender | null = null;
  /** Candidates that the server knows; null while an exchange of descriptions is under way. */
  private told: Set<string> | null = null;
  private saidAll = false;
  private later: ReturnType<typeof setTimeout> | undefined;
  private closed = false;

  constructor(
    private readonly whip: Whip,
    iceServers: RTCIceServer[],
  ) {
    this.peer = new RTCPeerConnection({ bundlePolicy: 'max-bundle', iceServers });
    this.peer.addEventListener('connectionstatechange', () => {
      if (!this.closed) this.onstate(this.peer.connectionState);
    });
    this.peer.addEventListener('icecandidate', () => this.trickleSoon());
  }

  /** Offers the tracks and takes the answer. Gives the ICE servers that came with it, for the next line. */
  async open(media: Media, sending: Sending, signal: AbortSignal): Promise<RTCIceServer[]> {
    const { peer } = this;
    if (media.video) {
      const transceiver = peer.addTransceiver(media.video, { direction: 'sendonly', sendEncodings: encodings(sending) });
      preferCodecs(transceiver);
      this.video = transceiver.sender;
    }
    if (media.audio) this.audio = peer.addTransceiver(media.audio, { direction: 'sendonly' }).sender;
    await peer.setLocalDescription();
    await gathered(peer, signal);
    const offer = peer.localDescription!.sdp;
    const { answer, session, iceServers } = await this.whip.open(offer, signal);
    this.session = session;
    if (this.closed) {
      void this.close();
      throw new NoPath();
    }
    this.tell(offer);
    await peer.setRemoteDescription({ type: 'answer', sdp: withStartRate(answer, startRate(sending)) });
    this.trickleSoon();
    return iceServers;
  }

  /** Waits until media can flow. Throws NoPath after `ms`, or as soon as the connection has failed. */
  connected(ms: number, signal: AbortSignal): Promise<void> {
    const { peer } = this;
    return new Promise((resolve, reject) => {
      const settle = (f: () => void): void => {
        clearTimeout(timer);
        peer.removeEventListener('connectionstatechange', look);
        signal.removeEventListener('abort', gone);
        f();
      };
      const look = (): void => {
        if (peer.connectionState === 'connected') settle(resolve);
        else if (peer.connectionState === 'failed' || peer.connectionState === 'closed') settle(() => reject(new NoPath()));
      };
      const gone = (): void => settle(() => reject(signal.reason));
      const timer = setTimeout(() => settle(() => reject(new NoPath())), ms);
      peer.addEventListener('connectionstatechange', look);
      signal.addEventListener('abort', gone);
      if (signal.aborted) gone();
      else look();
    });
  }

  /** Whether trying a restart of ICE makes sense. */
  get canRestart(): boolean {
    return this.session?.canPatch === true && this.peer.connectionState !== 'closed' && !this.hungUp;
  }

  /** True when the server closed the connection itself, which a lost line never looks like. */
  get hungUp(): boolean {
    return [this.video, this.audio].some((s) => s?.transport?.state === 'closed');
  }

  /** Looks for another way to the same session: the phone changed networks, or the line dropped. */
  async restart(signal: AbortSignal): Promise<void> {
    const { peer, session } = this;
    if (!session) throw new NoPath();
    this.told = null;
    this.saidAll = false;
    await peer.setLocalDescription(await peer.createOffer({ iceRestart: true }));
    await gathered(peer, signal);
    const offer = peer.localDescription!.sdp;
    const { candidates, complete } = iceOf(offer);
    const ice = await session.restart(fragmentOf(offer, candidates, complete), signal);
    this.tell(offer);
    await peer.setRemoteDescription({ type: 'answer', sdp: withIce(peer.remoteDescription!.sdp, ice) });
    this.trickleSoon();
  }

  /**
   * Whether the server still has the session, asked by a PATCH that changes nothing. The error of its answer, or
   * of none; null if it has, or knows no PATCH.
   */
  async whyGone(): Promise<ApiError | null> {
    const local = this.peer.localDescription;
    if (!this.session?.canPatch || !local) return null;
    try {
      await this.session.trickle(fragmentOf(local.sdp, [], false));
      return null;
    } catch (e) {
      return e instanceof ApiError ? e : null;
    }
  }

  /** Sends another track from now on. False: there is no place for one of this kind, a new line is needed. */
  async replace(kind: keyof Media, track: MediaStreamTrack | null): Promise<boolean> {
    const sender = this[kind];
    if (!sender) return track === null;
    await sender.replaceTrack(track);
    return true;
  }

  /** Changes the quality of what is sent. */
  async tune(sending: Sending): Promise<void> {
    if (!this.video) return;
    const p = this.video.getParameters();
    await this.video.setParameters({ ...p, encodings: fit(p.encodings, sending) });
  }

  stats(): Promise<RTCStatsReport> {
    return this.peer.getStats();
  }

  /**
   * Ends the line; again, if the server could not be told. True: the server has nothing of it any more.
   * `leaving`: the page is going away.
   */
  async close(leaving = false): Promise<boolean> {
    const { session } = this;
    this.closed = true;
    clearTimeout(this.later);
    // The server hears of the end before the connection closes, so it knows that nothing was lost.
    const told = session ? session.end(leaving).then(() => true, () => false) : Promise.resolve(true);
    if (leaving) return true;
    const done = await told;
    if (done) this.session = null;
    this.peer.close();
    return done;
  }

  private tell(offer: string): void {
    const { candidates, complete } = iceOf(offer);
    this.told = new Set(candidates);
    this.saidAll = complete;
  }

  private trickleSoon(): void {
    clearTimeout(this.later);
    if (!this.closed) this.later = setTimeout(() => void this.trickle(), gatherMore);
  }

  private async trickle(): Promise<void> {
    const local = this.peer.localDescription?.sdp;
    if (!local || !this.told || !this.session?.canPatch || this.saidAll) return;
    const { candidates, complete } = iceOf(local);
    const fresh = candidates.filter((c) => !this.told!.has(c));
    const all = complete || this.peer.iceGatheringState === 'complete';
    if (fresh.length === 0 && !all) return;
    for (const c of fresh) this.told.add(c);
    this.saidAll = all;
    try {
      await this.session.trickle(fragmentOf(local, fresh, all));
    } catch {
      // A candidate less: those of the offer may do, and if not, the line fails and is opened anew.
    }
  }
}

/** Resolves when every candidate is there or enough time has passed; on one network that takes a few milliseconds. */
function gathered(peer: RTCPeerConnection, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      if (peer.iceGatheringState === 'complete') settle(resolve);
    };
    const gone = (): void => settle(() => reject(signal.reason));
    const settle = (f: () => void): void => {
      clearTimeout(timer);
      peer.removeEventListener('icegatheringstatechange', look);
      signal.removeEventListener('abort', gone);
      f();
    };
    const timer = setTimeout(() => settle(resolve), gatherFor);
    peer.addEventListener('icegatheringstatechange', look);
    signal.addEventListener('abort', gone);
    if (signal.aborted) gone();
    else look();
  });
}

function preferCodecs(transceiver: RTCRtpTransceiver): void {
  const codecs = RTCRtpSender.getCapabilities?.('video')?.codecs;
  if (!codecs) return;
  try {
    transceiver.setCodecPreferences(preferred(codecs));
  } catch {
    // A browser that wants the receiver's codecs here keeps its own order; the server prefers H.264 too.
  }
}
