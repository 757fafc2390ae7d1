// Package rtsp takes RTSP publishers in, and fetches from cameras: H.264, HEVC, AV1 and VP9; AAC (RFC 3640 and
// LATM), Opus and MP3. Encoders push by ANNOUNCE and RECORD, over TCP or UDP, to rtsp://HOST:8554/live/KEY;
// IP cameras, which only answer, are pulled by configuration. It plays nothing out.
//
// Signalling, transports and RTP depacketisers are gortsplib's. What comes of either way goes through
// publisher.go, which makes access units, and clock.go, which brings sound and picture onto one clock: by
// their arrival until the sender reports say better. Over UDP, which repeats nothing, a packet is waited for a moment, in
// case others have overtaken it. A picture of which one is lost is left out; those that refer to it are passed on, and
// smear up to the next keyframe.
package rtsp
