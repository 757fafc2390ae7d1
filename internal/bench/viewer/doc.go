// Package viewer plays a show as many viewers at once, to measure what they cost a server and what they get.
//
// A virtual viewer does on the network what a low-latency player does: it reads the multivariant playlist, the first
// variant's playlist and init segment, starts PART-HOLD-BACK behind the live edge, and from then on keeps two requests
// open: the blocking reload of the playlist and the part that the preload hint announces. Where the variant names sound
// that is apart, it does all of that for the sound as well. It fetches every part, and it keeps a player's clock: a part
// that is not there when the clock comes to it is a stall. It follows redirects and keeps cookies, as browsers do.
//
// It does not decode: livetest checks what servers send, this package counts and times it. Every distinct playlist is
// parsed once for all viewers, and the bytes of a part are looked at once; the rest are thrown away as cheaply as the
// system can, so that the tool takes little of the processors that it shares with the server it measures.
//
// player.go is one viewer's mind, without a network, rendition.go what it thinks of one playlist; h1.go and h2.go are its
// two bodies; tally.go adds up, and arrivals.go keeps that small.
package viewer
