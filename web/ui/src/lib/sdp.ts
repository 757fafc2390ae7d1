// The few lines of SDP that trickle ICE and an ICE restart need (RFC 8840, RFC 9725 section 4.3).

/** One side's ICE credentials and the candidates it has so far. */
export interface Ice {
  ufrag: string;
  pwd: string;
  /** Values of a=candidate, without "a=candidate:". */
  candidates: string[];
  /** No more will come. */
  complete: boolean;
}

const lines = (sdp: string): string[] => sdp.split(/\r?\n/).filter((l) => l !== '');
const value = (all: string[], name: string): string | undefined => all.find((l) => l.startsWith(name))?.slice(name.length);

/** Reads what a description or a fragment says of ICE; with bundling, its first m-section says everything. */
export function iceOf(sdp: string): Ice {
  const all = lines(sdp);
  return {
    ufrag: value(all, 'a=ice-ufrag:') ?? '',
    pwd: value(all, 'a=ice-pwd:') ?? '',
    candidates: [...new Set(all.filter((l) => l.startsWith('a=candidate:')).map((l) => l.slice('a=candidate:'.length)))],
    complete: all.includes('a=end-of-candidates'),
  };
}

/**
 * The fragment that tells the server of candidates of `local`, our description: the credentials, the bundle and its
 * first m-section. "The SDP fragment will contain only the offerer-tagged m= line of the bundle group."
 */
export function fragmentOf(local: string, candidates: string[], complete: boolean): string {
  const all = lines(local);
  const { ufrag, pwd } = iceOf(local);
  const out = [
    ...all.filter((l) => l.startsWith('a=group:BUNDLE')).slice(0, 1),
    ...all.filter((l) => l.startsWith('m=')).slice(0, 1),
    `a=mid:${value(all, 'a=mid:') ?? '0'}`,
    `a=ice-ufrag:${ufrag}`,
    `a=ice-pwd:${pwd}`,
    ...candidates.map((c) => `a=candidate:${c}`),
  ];
  if (complete) out.push('a=end-of-candidates');
  return out.join('\r\n') + '\r\n';
}

/** The server's description `remote` with other ICE credentials and candidates: the answer to an ICE restart. */
export function withIce(remote: string, ice: Ice): string {
  const out: string[] = [];
  let first = true;
  const close = (): void => {
    if (!first) return;
    first = false;
    out.push(...ice.candidates.map((c) => `a=candidate:${c}`));
    if (ice.complete) out.push('a=end-of-candidates');
  };
  let inMedia = false;
  for (const l of lines(remote)) {
    if (l.startsWith('a=candidate:') || l === 'a=end-of-candidates') continue;
    if (l.startsWith('m=')) {
      if (inMedia) close();
      inMedia = true;
    }
    if (l.startsWith('a=ice-ufrag:')) out.push(`a=ice-ufrag:${ice.ufrag}`);
    else if (l.startsWith('a=ice-pwd:')) out.push(`a=ice-pwd:${ice.pwd}`);
    else out.push(l);
  }
  if (inMedia) close();
  return out.join('\r\n') + '\r\n';
}

/**
 * The server's answer with the rate, in bits per second, at which Chromium begins to send the picture. Left alone it
 * begins at 300 kbit/s with a small picture, and every step up to the full one is a change of the stream's format.
 * Other browsers do not know the parameter and pass it over.
 */
export function withStartRate(answer: string, rate: number): string {
  const sections = answer.split(/^(?=m=)/m);
  return sections
    .map((section) => {
      if (!section.startsWith('m=video')) return section;
      const first = section.split(/\s+/)[3];
      const add = `x-google-start-bitrate=${Math.round(rate / 1000)}`;
      const line = new RegExp(`^(a=fmtp:${first} .*?)(\\r?\\n)`, 'm');
      if (line.test(section)) return section.replace(line, `$1;${add}$2`);
      return section.replace(new RegExp(`^(a=rtpmap:${first} .*?)(\\r?\\n)`, 'm'), `$1$2a=fmtp:${first} ${add}$2`);
    })
    .join('');
}
