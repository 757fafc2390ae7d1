package socket

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"unsafe"
)

// HasLowWater says whether SetLowWater does something: poll, and with it Go's network poller, heeds SO_RCVLOWAT on Linux
// (socket(7)).
const HasLowWater = true

// Conn is a TCP connection. Its deadlines, its end and its errors are those of the net.Conn that it is made of; it may be
// read by one goroutine while another writes. Make it with New.
type Conn struct {
	net.Conn
	raw syscall.RawConn
	in  reading
	out writing
}

// reading and writing are what a call works on. try is made once: made for every call, it would be garbage.
type reading struct {
	try func(fd uintptr) (done bool)
	b   []byte
	n   int
	err error
}

type writing struct {
	try  func(fd uintptr) (done bool)
	rest [2][]byte
	iov  [2]syscall.Iovec
	n    int
	err  error
}

// New takes a TCP connection, or what wraps one and gives its socket by SyscallConn; errors.ErrUnsupported for others.
func New(nc net.Conn) (*Conn, error) {
	of, ok := nc.(syscall.Conn)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	raw, err := of.SyscallConn()
	if err != nil {
		return nil, err
	}
	c := &Conn{Conn: nc, raw: raw}
	c.in.try, c.out.try = c.in.now, c.out.now
	return c, nil
}

// Read reads what there is, or waits until something is there.
func (c *Conn) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	c.in.b, c.in.n, c.in.err = b, 0, nil
	err := c.raw.Read(c.in.try)
	c.in.b = nil
	if err != nil {
		return 0, err
	}
	return c.in.n, c.in.err
}

// now reads without waiting; false means that nothing is there.
func (r *reading) now(fd uintptr) (done bool) {
	for {
		n, _, errno := syscall.RawSyscall(syscall.SYS_READ, fd, uintptr(unsafe.Pointer(&r.b[0])), uintptr(min(len(r.b), most)))
		switch {
		case errno == syscall.EINTR:
		case errno == syscall.EAGAIN:
			return false
		case errno != 0:
			r.err = os.NewSyscallError("read", errno)
			return true
		case n == 0:
			r.err = io.EOF
			return true
		default:
			r.n = int(n)
			return true
		}
	}
}

// SetLowWater lets a Read that waits go on waiting until n bytes are there, the connection ends or a deadline is over.
func (c *Conn) SetLowWater(n int) (err error) {
	if failed := c.raw.Control(func(fd uintptr) { err = setLowWater(fd, n) }); failed != nil {
		return failed
	}
	return err
}

// AwaitMore waits until something comes that was not there before, as much as SetLowWater says, or the connection ends;
// or a read deadline is over, or it is closed: then with an error.
func (c *Conn) AwaitMore() error {
	asked := false
	return c.raw.Read(func(uintptr) bool {
		again := asked
		asked = true
		return again
	})
}

// Write writes all of b.
func (c *Conn) Write(b []byte) (int, error) { return c.WriteBoth(b, nil) }

// WriteBoth writes two pieces one after the other, in one call where they fit.
func (c *Conn) WriteBoth(head, body []byte) (int, error) {
	c.out.rest, c.out.n, c.out.err = [2][]byte{head, body}, 0, nil
	err := c.raw.Write(c.out.try)
	c.out.rest, c.out.iov = [2][]byte{}, [2]syscall.Iovec{}
	if err == nil {
		err = c.out.err
	}
	return c.out.n, err
}

// now writes what the socket takes without waiting; false means that it takes no more and there is more.
func (w *writing) now(fd uintptr) (done bool) {
	for {
		pieces, room := 0, most
		for i := range w.rest {
			if n := min(len(w.rest[i]), room); n > 0 {
				w.iov[pieces].Base = &w.rest[i][0]
				w.iov[pieces].SetLen(n)
				pieces++
				room -= n
			}
		}
		if pieces == 0 {
			return true
		}
		n, _, errno := syscall.RawSyscall(syscall.SYS_WRITEV, fd, uintptr(unsafe.Pointer(&w.iov[0])), uintptr(pieces))
		switch {
		case errno == syscall.EINTR:
			continue
		case errno == syscall.EAGAIN:
			return false
		case errno != 0:
			w.err = os.NewSyscallError("writev", errno)
			return true
		}
		w.n += int(n)
		for i := range w.rest {
			taken := min(len(w.rest[i]), int(n))
			w.rest[i] = w.rest[i][taken:]
			n -= uintptr(taken)
		}
	}
}
