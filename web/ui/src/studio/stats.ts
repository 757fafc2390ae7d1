// What the connection's statistics say to an anchor: how much goes out, how far the server is, what holds it back.

export interface Reading {
  /** Bits per second since the reading before; null in the first. */
  bitrate: number | null;
  /** Milliseconds to the server and back; null while unknown. */
  roundTrip: number | null;
  /** Pictures per second and size of the largest picture that is sent. */
  frameRate: number;
  height: number;
  width: number;
  /** Share of packets that the server missed of late, 0 to 1. */
  loss: number;
  /** What keeps the picture under its quality. */
  limited: 'line' | 'device' | null;
  /** Milliseconds since the server was last heard of, by the readings. */
  silentFor: number;
  /** For the next reading. */
  readonly bytes: number;
  readonly heard: number;
  readonly at: number;
}

interface Stat {
  id: string;
  type: string;
  timestamp: number;
  [name: string]: unknown;
}

const num = (v: unknown): number => (typeof v === 'number' && Number.isFinite(v) ? v : 0);

/** Reads a report (RTCStatsReport's values). `before` is the reading of about a second ago, of the same line. */
export function readStats(report: Iterable<unknown>, before: Reading | null): Reading {
  const all = [...report] as Stat[];
  const out = all.filter((s) => s.type === 'outbound-rtp');
  const video = out.filter((s) => s.kind === 'video').sort((a, b) => num(b.frameHeight) - num(a.frameHeight))[0];
  const remote = all.filter((s) => s.type === 'remote-inbound-rtp');
  const transport = all.find((s) => s.type === 'transport');
  const pair = all.find((s) => s.type === 'candidate-pair' && (s.id === transport?.selectedCandidatePairId || (!transport && s.nominated === true)));
  const bytes = out.reduce((n, s) => n + num(s.bytesSent) + num(s.headerBytesSent), 0);
  const at = out[0]?.timestamp ?? 0;
  const heard = num(transport?.bytesReceived ?? pair?.bytesReceived);
  // Whoever counts bytes anew (a new line) shows no negative rate.
  const bitrate = before && at > before.at && bytes >= before.bytes ? ((bytes - before.bytes) * 8000) / (at - before.at) : null;
  const trips = [pair?.currentRoundTripTime, ...remote.map((s) => s.roundTripTime)].filter((v): v is number => typeof v === 'number');
  const reason = video?.qualityLimitationReason;
  return {
    bitrate,
    roundTrip: trips[0] === undefined ? null : trips[0] * 1000,
    frameRate: num(video?.framesPerSecond),
    width: num(video?.frameWidth),
    height: num(video?.frameHeight),
    loss: Math.max(0, ...remote.map((s) => num(s.fractionLost))),
    limited: reason === 'bandwidth' ? 'line' : reason === 'cpu' ? 'device' : null,
    silentFor: before && heard === before.heard ? before.silentFor + Math.max(0, at - before.at) : 0,
    bytes,
    heard,
    at,
  };
}
