// Package socket reads and writes TCP connections past Go's scheduler.
//
// A system call that may wait tells the scheduler before and after. The first one after a moment in which nothing ran
// also wakes the scheduler's watchman (runtime.sysmon), who from then on looks every 20 µs whether a call has returned.
// A server that is woken some thousand times a second, and has each time only some tens of microseconds to do, spends a
// tenth to a fifth of its processor time on that. But Go's sockets do not block: their calls never wait, the network
// poller does. So the calls here are made without telling anybody, on Linux; elsewhere a Conn is the connection itself.
//
// A collection of garbage waits for a call that is under way, so one is given at most 256 KiB: some tens of microseconds.
package socket

// most is what one call is given.
const most = 256 << 10
