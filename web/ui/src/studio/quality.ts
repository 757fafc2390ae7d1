// What is asked of the camera and of the encoder for a quality that the anchor chose.

export const qualities = ['360p', '720p', '1080p'] as const;
export type Quality = (typeof qualities)[number];

/** `device`: as the phone is held. `wide` and `tall`: for a camera that does not turn; tall is cut out of the middle. */
export type Shape = 'device' | 'wide' | 'tall';

/** The sides in pixels and the most that the picture may take, in bits per second. */
const table: Record<Quality, { long: number; short: number; rate: number }> = {
  '360p': { long: 640, short: 360, rate: 800_000 },
  '720p': { long: 1280, short: 720, rate: 2_500_000 },
  '1080p': { long: 1920, short: 1080, rate: 4_500_000 },
};

/** Smaller pictures beside the full one, by how much smaller and their share of its rate. Its line may be worse. */
const layers = [
  { rid: 'h', scale: 1, share: 1 },
  { rid: 'm', scale: 2, share: 0.28 },
  { rid: 'l', scale: 4, share: 0.08 },
];

export interface Sending {
  quality: Quality;
  /** Send smaller pictures too (simulcast), which become qualities that viewers choose from. */
  layers: boolean;
}

/**
 * The constraints for the camera. A phone's camera counts its sides as if the phone lay on its side and turns the
 * picture as it is held, so only a camera that cannot turn is asked for an upright picture.
 */
export function cameraConstraints(quality: Quality, shape: Shape, which: { id?: string; facing?: string }): MediaTrackConstraints {
  const { long, short } = table[quality];
  const upright = shape === 'tall';
  const c: MediaTrackConstraints & { resizeMode?: string } = {
    width: { ideal: upright ? short : long },
    height: { ideal: upright ? long : short },
    frameRate: { ideal: 30, max: 30 },
  };
  if (shape !== 'device') c.aspectRatio = { ideal: upright ? short / long : long / short };
  if (upright) c.resizeMode = 'crop-and-scale';
  if (which.id) c.deviceId = { exact: which.id };
  else if (which.facing) c.facingMode = { ideal: which.facing };
  return c;
}

/** A screen's picture is worth its pixels more than its smoothness. */
export function screenConstraints(quality: Quality): MediaTrackConstraints {
  const { long, short } = table[quality];
  return { width: { max: Math.max(long, 1280) }, height: { max: Math.max(short, 720) }, frameRate: { ideal: 15, max: 30 } };
}

/** Whether there can be smaller pictures: those of 360p would be too small to read a label on. */
export function layered(quality: Quality): boolean {
  return quality !== '360p';
}

/** How many pictures are sent. */
function laid({ quality, layers: wanted }: Sending): typeof layers {
  return wanted && layered(quality) ? layers : layers.slice(0, 1);
}

/** The encodings of a new line. One alone has no rid: every WHIP server knows that. */
export function encodings(sending: Sending): RTCRtpEncodingParameters[] {
  const list = laid(sending);
  const { rate } = table[sending.quality];
  return list.map((l) => ({
    ...(list.length > 1 ? { rid: l.rid } : {}),
    active: true,
    maxBitrate: Math.round(rate * l.share),
    scaleResolutionDownBy: l.scale,
  }));
}

/** The rate to begin with, in bits per second: what most lines carry. A line that does not says so within a second. */
export function startRate({ quality }: Sending): number {
  return Math.min(1_200_000, table[quality].rate);
}

/** Fits the encodings of a line that is up to another quality; their number stays, so some may rest. */
export function fit(current: RTCRtpEncodingParameters[], sending: Sending): RTCRtpEncodingParameters[] {
  const list = laid(sending);
  const { rate } = table[sending.quality];
  return current.map((e, i) => {
    const l = list[i];
    return l ? { ...e, active: true, maxBitrate: Math.round(rate * l.share), scaleResolutionDownBy: l.scale } : { ...e, active: false };
  });
}

interface Codec {
  mimeType: string;
  sdpFmtpLine?: string;
}

/**
 * The browser's codecs with those first that most viewers can play: H.264, baseline in several packets before the
 * rest, then what HLS carries too. VP8 is last, HLS has no place for it; what repairs losses keeps its order.
 */
export function preferred<T extends Codec>(codecs: T[]): T[] {
  const rank = ({ mimeType, sdpFmtpLine = '' }: Codec): number => {
    switch (mimeType.toLowerCase()) {
      case 'video/h264':
        return (/profile-level-id=42e0/i.test(sdpFmtpLine) ? 0 : 1) + (/packetization-mode=1/.test(sdpFmtpLine) ? 0 : 2);
      case 'video/av1':
        return 4;
      case 'video/vp9':
        return 5;
      case 'video/h265':
        return 6;
      case 'video/vp8':
        return 9;
      default:
        return 8;
    }
  };
  return codecs.map((c, i) => ({ c, i })).sort((a, b) => rank(a.c) - rank(b.c) || a.i - b.i).map(({ c }) => c);
}
