// Package stream is one live feed under one name, from whoever publishes it to whoever packages it: one
// Writer, many bounded Readers, and timestamps made sane on the way.
//
// It moves access units and knows no protocol, no container and no playlist: ingest pushes into it, the
// packager pulls from it.
//
// # The timeline
//
// A Stream outlives its publishers and has one timeline. It begins at 0 with the DTS of the first access
// unit ever and never goes back: per track the DTS strictly increases and PTS >= DTS. What a publisher
// stamps is only a hint. Every access unit goes through three steps:
//
//  1. the mapper takes the publisher's stamps to the stream's timeline by one shift that all tracks of a
//     publication share, and finds a new shift when the publisher's clock wraps, jumps or turns back;
//  2. the pacer of its kind makes the durations right: video of a constant frame rate is put back on its
//     grid where the protocol only carries milliseconds, audio is laid end to end by its own frame
//     lengths and follows the stamps slowly;
//  3. the clock gives the access unit its wall time. It follows the arrival times slowly (at most 500 ppm),
//     so that wall time is continuous while a publisher's clock drifts, and it places a publisher who
//     returns after an absence where wall time says it belongs.
//
// Every repair is counted in Stats; no timestamp, however wrong, ends a stream.
//
// # Readers
//
// A Reader has a bounded queue of its own. The publisher never waits: a reader that falls behind loses
// whole GOPs and goes on at a keyframe; that is counted, and logged at most once a second.
package stream
