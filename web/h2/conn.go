package h2

import (
	"crypto/tls"
	"encoding/binary"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"livesrv/internal/socket"
)

const (
	// patience is how long bytes wait for the end of their answer. Frames of an answer that is there come within some
	// tens of microseconds of each other, and of a few milliseconds when a thousand viewers get a part at once.
	patience = 3 * time.Millisecond
	// most is how much is held back: a part at 2.5 Mbit/s and 200 ms, with what TLS adds.
	most = 68 << 10
)

// Listener accepts connections whose TLS a Conn can collect.
type Listener struct{ net.Listener }

// Accept waits for a connection.
func (l Listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if sock, err := socket.New(c); err == nil {
		c = sock
	}
	return &below{Conn: c}, nil
}

// below is the connection under TLS: it holds records back while it is told to.
type below struct {
	net.Conn

	mu      sync.Mutex
	holding bool
	held    *[]byte
}

var buffers = sync.Pool{New: func() any {
	b := make([]byte, 0, most+32<<10) // a record more than is held back at the most
	return &b
}}

// Write sends a record, or holds it back.
func (b *below) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.holding {
		if err := b.flush(); err != nil {
			return 0, err
		}
		return b.Conn.Write(p)
	}
	if b.held == nil {
		b.held = buffers.Get().(*[]byte)
	}
	*b.held = append(*b.held, p...)
	if len(*b.held) >= most {
		if err := b.flush(); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// hold begins to hold records back.
func (b *below) hold() {
	b.mu.Lock()
	b.holding = true
	b.mu.Unlock()
}

// release sends what is held back, and from then on every record at once.
func (b *below) release() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.holding = false
	return b.flush()
}

// flush sends what is held back. The caller holds b.mu.
func (b *below) flush() error {
	if b.held == nil {
		return nil
	}
	held := b.held
	b.held = nil
	_, err := b.Conn.Write(*held)
	*held = (*held)[:0]
	buffers.Put(held)
	return err
}

// Conn is what HTTP/2 writes its frames to. Writing is for one goroutine at a time, as the server does it.
type Conn struct {
	*tls.Conn
	below *below
	turns *Turns
	// turn says that an answer on this connection has taken one of turns.
	turn atomic.Bool
	// timer runs while something is held back or a turn is taken.
	timer *time.Timer

	mu      sync.Mutex
	frames  frames
	holding bool
	err     error // of a write that nobody waited for
}

// New puts a Conn above TLS. It is the TLS connection itself where that does not come from a Listener of this package.
func New(c *tls.Conn, turns *Turns) net.Conn {
	b, ok := c.NetConn().(*below)
	if !ok {
		return c
	}
	above := &Conn{Conn: c, below: b, turns: turns}
	above.timer = time.AfterFunc(time.Hour, above.overdue)
	above.timer.Stop()
	return above
}

// Write takes bytes of frames. They leave when an answer ends with them, or soon.
func (c *Conn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return 0, c.err
	}
	if !c.holding {
		c.holding = true
		c.below.hold()
		c.timer.Reset(patience)
	}
	n, err := c.Conn.Write(p)
	if c.frames.pass(p) || err != nil {
		c.timer.Stop() // before the turn is given: whoever takes the next one starts it again
		c.giveTurn()
		if flushed := c.release(); err == nil {
			err = flushed
		}
	}
	return n, err
}

// release sends what is held back. The caller holds c.mu.
func (c *Conn) release() error {
	c.holding = false
	return c.below.release()
}

// overdue sends what is held back after patience, whatever comes.
func (c *Conn) overdue() {
	c.giveTurn() // a write that is stuck has c.mu
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.release(); err != nil && c.err == nil {
		c.err = err
	}
}

// Close sends what is held back, unless a write is stuck: closing ends that.
func (c *Conn) Close() error {
	if c.mu.TryLock() {
		c.timer.Stop()
		_ = c.release() // whoever closes has no more to say about it
		c.mu.Unlock()
	}
	c.giveTurn()
	return c.Conn.Close()
}

// frames follows frames of HTTP/2 as they are written (RFC 9113 §4.1): nine bytes of header, then the payload.
type frames struct {
	head [9]byte
	have int // bytes of head
	left int // bytes of the payload
}

const (
	frameData      = 0x0
	frameHeaders   = 0x1
	flagEndStream  = 0x1
	flagEndHeaders = 0x4
)

// pass takes bytes, and says whether they end where nothing of what came must follow at once.
func (f *frames) pass(p []byte) (ends bool) {
	for len(p) > 0 {
		if f.left > 0 {
			n := min(f.left, len(p))
			f.left -= n
			p = p[n:]
			continue
		}
		if f.have == len(f.head) {
			f.have = 0
		}
		n := copy(f.head[f.have:], p)
		f.have += n
		p = p[n:]
		if f.have == len(f.head) {
			f.left = int(binary.BigEndian.Uint32(f.head[:4]) >> 8)
		}
	}
	if f.left > 0 || f.have < len(f.head) {
		return false
	}
	switch kind, flags := f.head[3], f.head[4]; kind {
	case frameData:
		return flags&flagEndStream != 0
	case frameHeaders:
		return flags&flagEndStream != 0 && flags&flagEndHeaders != 0
	}
	return true
}
