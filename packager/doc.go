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
// # Several qualities of one picture
//
// A stream's video tracks, the best first, become variants: renditions of their own, each with the same audio.
// The best one that has pictures leads: its keyframes say where segments end, in all renditions at once. The
// pictures of the others wait until it is certain that no segment begins before them, which is when the
// leading one's picture of that instant is here; each variant cuts parts by its own pictures. A segment of
// theirs begins with their own keyframe if that is within maxSkew of the leading one's; else it begins where
// there is none, and that is counted. A segment's end waits for late variants as it waits for late audio, a
// little. One that falls silent lists gaps in step with the others and begins again with a keyframe where a
// segment begins; when the leading one does, the next best leads.
//
// # What is shared
//
// A part is encoded once per rendition. Every publication of a part makes one immutable snapshot per
// rendition; its texts are rendered and compressed once, when the first viewer asks. Waiting is a channel
// that the successor closes.
package packager
