import type { HlsConfig } from 'hls.js';

/** How hls.js plays our low-latency streams. */
export const config: Partial<HlsConfig> = {
  lowLatencyMode: true,
  // We keep the pace ourselves: see pace.ts.
  maxLiveSyncPlaybackRate: 1,
  // Don't let one stall push the viewer back for the rest of the show.
  liveSyncOnStallIncrease: 0,
  backBufferLength: 20,
  maxBufferLength: 12,
  maxMaxBufferLength: 30,
  // fMP4 needs no transmuxing worth a worker, and a worker costs start time.
  enableWorker: false,
  startFragPrefetch: true,
  testBandwidth: false,
  abrEwmaDefaultEstimate: 4_000_000,
  capLevelToPlayerSize: true,
  // A publisher pauses its best quality while its line is thin: left for a gap, it is tried again.
  errorPenaltyExpireMs: 10_000,
  maxBufferHole: 0.3,
  highBufferWatchdogPeriod: 1,
  // Cues are not read (see pins.ts); do not make any.
  enableDateRangeMetadataCues: false,
  enableEmsgMetadataCues: false,
  enableID3MetadataCues: false,
  manifestLoadPolicy: {
    default: { maxTimeToFirstByteMs: 8000, maxLoadTimeMs: 12_000, timeoutRetry: null, errorRetry: null },
  },
  playlistLoadPolicy: {
    default: {
      maxTimeToFirstByteMs: 15_000,
      maxLoadTimeMs: 20_000,
      timeoutRetry: { maxNumRetry: 4, retryDelayMs: 0, maxRetryDelayMs: 2000 },
      errorRetry: { maxNumRetry: 6, retryDelayMs: 400, maxRetryDelayMs: 4000 },
    },
  },
  fragLoadPolicy: {
    default: {
      maxTimeToFirstByteMs: 10_000,
      maxLoadTimeMs: 30_000,
      timeoutRetry: { maxNumRetry: 4, retryDelayMs: 0, maxRetryDelayMs: 2000 },
      errorRetry: { maxNumRetry: 6, retryDelayMs: 300, maxRetryDelayMs: 4000 },
    },
  },
};
