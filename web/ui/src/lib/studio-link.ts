/** The link that opens the studio with a stream key. Behind #, the key never goes to a server in an address. */
export function studioLink(origin: string, key: string): string {
  return `${origin}/studio/live#key=${encodeURIComponent(key)}`;
}
