// Package publisher is the load tool that pushes many streams by RTMP from one process, to learn what a server takes
// in. It measures the server from outside and costs little itself, so that it does not drown what it measures: one
// clip serves every stream, made once, and nothing is encoded or decoded. It does not play (internal/bench/viewer
// does), and it does not look at what the server makes of the pictures.
//
// Every picture carries the wall time at which it was written, in a message that players ignore: whoever plays the
// stream on the same machine reads from it how old a picture is when it comes out (LastStamp).
package publisher
