// Package h1 answers plain GETs on HTTP/1.1 connections that net/http has accepted, with less work for each than
// net/http's own server does: thousands of players ask for a few hundred bytes of playlist and one part five times a
// second, and for those net/http reads in the background to learn of a viewer who leaves, parses twenty headers into a
// map to look at one, buffers what need not be buffered and writes twice. Here a request costs one read, one write and
// one small allocation, and a connection that waits holds a kilobyte and a stack.
//
// It is a fast path and no server. It takes a request only where it understands every byte: a GET below its prefix, in
// HTTP/1.1, without a body, without an expectation, without anything to decode. Everything else — another path, another
// method, an escape, a folded line, a head that is too long — goes back to net/http with not one byte of it consumed, on
// the same connection (Returned). So what is hard about HTTP stays with the library that does it well, and the two can
// never disagree about where a request ends: nothing that has a body is taken here. A fuzz test holds this parser
// against net/http's.
//
// The handler is an ordinary http.Handler. It sees of the request what Config says, sets Content-Length on every answer,
// and its header values are its own (they are not searched for line breaks). When it waits, its context ends within a
// second or two of the viewer's leaving: connections that wait long are looked at, which costs nothing while media flows.
package h1
