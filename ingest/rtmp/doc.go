// Package rtmp takes RTMP and RTMPS publishers in: OBS, ffmpeg, phones, hardware encoders. H.264, HEVC and
// AV1, VP9; AAC, Opus and MP3; legacy and Enhanced RTMP. It plays nothing out.
//
// Handshake, commands and AMF0 are gortmplib's. Its message reader is not used: it ends a session over any
// message it does not know, drops timed texts, takes two seconds to find the tracks, and holds up to 62
// half-sent messages of 10 MiB for whoever connects. chunk.go reads chunks straight into one buffer per
// message, with the memory of a connection bounded from its first byte on; flv.go cuts access units out of
// that buffer without copying them again.
//
// The address is rtmp://HOST:1935/live with the stream key as OBS's key. The key may as well be the last
// part of the path; whatever follows a question mark is ignored.
package rtmp
