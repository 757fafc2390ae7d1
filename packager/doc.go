// Package packager turns one stream into a presentation: it cuts access units into parts and segments,
// keeps a window of them, writes cues into playlist and media, and answers blocking reads.
//
// It does not speak HTTP (web/hls does), knows no products (a Cue is an id, two times and opaque bytes)
// and repairs no timestamps (internal/stream has done that). What it alone owns is the mapping between
// media time and wall time: PROGRAM-DATE-TIME, DATERANGE and emsg come from the same lines and cannot
// disagree.
//
// # From access unit to part
//
// The segmenter works on one line of ticks, 90 kHz, on which a keyframe stands at its PTS and every other
// picture at its DTS plus the composition offset of the keyframes. A part covers a stretch of that line.
// A picture belongs to the part in whose stretch it starts; its duration is known when the next one is
// here, or at once where the frame rate has been constant. A part is closed before the picture that would
// make it longer than PART-TARGET. Where that would leave it under 85 % of the target, which only happens
// when the frame rate varies, the part ends at the target exactly and the next picture's DTS is taken
// back to that instant: DTS may always be earlier, PTS never changes.
//
// # What is shared
//
// A part is encoded once per rendition. Every publication of a part makes one immutable snapshot per
// rendition; its texts are rendered and compressed once, when the first viewer asks. Waiting is a channel
// that the successor closes.
package packager
