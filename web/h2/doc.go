// Package h2 lets an answer of HTTP/2 over TLS leave in one piece. The server is golang.org/x/net/http2's and does all
// that is HTTP/2; what it does not do is collect: it hands every frame to TLS as it comes, TLS cuts each of them into
// records, since a full frame with its nine bytes of header is just too long for one, and every record is a system call.
// A part of 62 kB takes ten of them.
//
// Between the two, Conn watches the frames go by. While an answer is under way what TLS makes of it is held back; with
// the frame that ends the stream it leaves. What is held is bounded in size, and in time: a stream that pauses in the
// middle, for flow control or because its handler does, is sent after a few milliseconds.
//
// Turns keeps a crowd that waits for the same part from being answered all at once.
package h2
