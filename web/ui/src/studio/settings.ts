// The anchor's choices at this device.
import type { Choice } from './devices';
import { qualities, type Quality, type Shape } from './quality';

export interface Settings extends Choice {
  layers: boolean;
}

const name = 'livesrv.studio';
const shapes: Shape[] = ['device', 'wide', 'tall'];

/** Reads what was kept; whatever is missing or makes no sense has its default. */
export function readSettings(text: string | null, turns: boolean): Settings {
  let kept: Partial<Record<keyof Settings, unknown>> = {};
  try {
    kept = (JSON.parse(text ?? '{}') as typeof kept | null) ?? {};
  } catch {
    // Kept by something else: defaults.
  }
  const word = (v: unknown): string => (typeof v === 'string' ? v : '');
  const shape = shapes.find((s) => s === kept.shape && (s === 'device') === turns);
  return {
    camera: word(kept.camera),
    microphone: word(kept.microphone),
    facing: kept.facing === 'environment' ? 'environment' : 'user',
    quality: qualities.find((q) => q === kept.quality) ?? ('720p' satisfies Quality),
    shape: shape ?? (turns ? 'device' : 'wide'),
    layers: kept.layers !== false,
  };
}

export function loadSettings(turns: boolean): Settings {
  try {
    return readSettings(localStorage.getItem(name), turns);
  } catch {
    return readSettings(null, turns);
  }
}

export function saveSettings({ camera, microphone, facing, quality, shape, layers }: Settings): void {
  try {
    localStorage.setItem(name, JSON.stringify({ camera, microphone, facing, quality, shape, layers }));
  } catch {
    // Not kept: the same questions next time.
  }
}
