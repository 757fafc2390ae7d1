// The page inside an iframe (/embed/{show}?origin=https://site.example) and the page around it talk by
// postMessage: messages are {source: "livesrv", version: 1, type, detail}. What happens goes out to the
// origin named in the address and to no other; commands ({type: "play" | "pause" | "mute" | "unmute" |
// "live"}) are taken from that origin alone.
import type { LiveWatch } from '../watch/live-watch';

const version = 1;
const types = ['ready', 'pin', 'unpin', 'add', 'order', 'error'] as const;

export interface Envelope {
  source: 'livesrv';
  version: number;
  type: string;
  detail?: unknown;
}

/** The exact origin of the page around us, as the address says it; null when it is not one. */
export function parentOrigin(search: string): string | null {
  const named = new URLSearchParams(search).get('origin');
  if (!named) return null;
  try {
    const url = new URL(named);
    return (url.protocol === 'https:' || url.protocol === 'http:') && url.origin === named ? url.origin : null;
  } catch {
    return null;
  }
}

/** Reads a message as one of ours; null when it is something else. */
export function readEnvelope(data: unknown): Envelope | null {
  const e = data as Partial<Envelope> | null;
  return e !== null && typeof e === 'object' && e.source === 'livesrv' && e.version === version && typeof e.type === 'string' ? (e as Envelope) : null;
}

/** Connects the element with the page around the frame. */
export function connectFrame(element: LiveWatch): void {
  const target = parentOrigin(location.search);
  if (window.parent === window || !target) return;
  for (const type of types) {
    element.addEventListener(`livesrv:${type}`, (e) => {
      const message: Envelope = { source: 'livesrv', version, type, detail: (e as CustomEvent).detail };
      window.parent.postMessage(message, target);
    });
  }
  window.addEventListener('message', (e) => {
    if (e.source !== window.parent || e.origin !== target) return;
    const command = readEnvelope(e.data);
    if (command) element.command(command.type);
  });
}
