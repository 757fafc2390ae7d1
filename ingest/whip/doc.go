// Package whip takes WebRTC publishers in by WHIP (RFC 9725): browsers, phones, OBS 30 and later. One HTTP request
// with an SDP offer makes a session; its media comes over one UDP port, or one TCP port, that all sessions share.
//
// What comes is not transcoded. HLS in fragmented MP4 carries H.264, HEVC, VP9 and AV1, of which H.264 is chosen
// wherever it is offered; VP8 it cannot carry, and a publisher that has nothing else is told what to use. Sound is
// Opus.
//
// # From packets to access units
//
// A session (session.go) owns a peer connection and a receiver (receiver.go), which knows nothing of pion and does
// no waiting of its own: it is given packets, sender reports and the time, and gives back what to send.
//
//  1. ingest.Jitter puts packets in order. A missing one is asked for (NACK) and waited for, at most as long as is
//     configured; where nothing is missing, nothing is delayed.
//  2. layer and sound gather pictures and frames (units.go). A picture of which a packet is lost for good is dropped,
//     a keyframe is asked for (PLI), and pictures are passed on again from the next keyframe of that layer on: a
//     decoder that is given what refers to a lost picture smears until then, and a still picture is the lesser evil.
//     Lost sound is replaced by empty Opus frames, which decoders conceal.
//  3. syncer (clock.go) puts all tracks on one timeline by their sender reports.
//
// Layers of a simulcast are video tracks of one stream, the largest picture first. One that falls silent, as those of
// libwebrtc do where bandwidth is short, leaves the stream's tracks and returns with its next keyframe. Keyframes are
// asked for from all layers at once, so that they align.
//
// It is not for WHEP, data channels or sending media.
package whip
