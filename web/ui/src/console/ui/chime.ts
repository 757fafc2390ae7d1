let audio: AudioContext | undefined;

/** Wakes the sound up; browsers allow that only in answer to a click or a key. */
export function wakeSound(): void {
  audio ??= new AudioContext();
  void audio.resume();
}

/** Two soft notes, under half a second: an order came in. Silent until wakeSound was allowed. */
export function chime(): void {
  if (!audio || audio.state !== 'running') return;
  const start = audio.currentTime;
  for (const [i, hertz] of [659.25, 880].entries()) {
    const tone = audio.createOscillator();
    const loudness = audio.createGain();
    const at = start + i * 0.13;
    tone.type = 'sine';
    tone.frequency.value = hertz;
    loudness.gain.setValueAtTime(0, at);
    loudness.gain.linearRampToValueAtTime(0.16, at + 0.02);
    loudness.gain.exponentialRampToValueAtTime(0.0005, at + 0.32);
    tone.connect(loudness).connect(audio.destination);
    tone.start(at);
    tone.stop(at + 0.35);
  }
}
