// Package hls answers players: the multivariant playlist, media playlists with the low-latency delivery
// directives, init segments, parts and segments of every show, under /live/{show}/.
//
// It renders nothing and keeps no media: package packager hands it finished, shared bytes, and it writes
// the same slice to every viewer. No answer depends on who asks (no cookie, no token, no per-viewer
// byte), so any HTTP cache can stand in front. It does not know shows, products or accounts.
//
// What a path asks for is decided in path.go, what the query asks for in query.go, what every class of
// answer carries in headers.go. On the way to a 200 nothing of ours is allocated; a benchmark holds that.
package hls
