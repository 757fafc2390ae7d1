package socket

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"livesrv/internal/livetest"
)

func TestMain(m *testing.M) { livetest.Main(m) }

// pair is a connection and its other end.
func pair(t testing.TB) (*Conn, *net.TCPConn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	far, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	near, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close(); far.Close() })
	c, err := New(near)
	if err != nil {
		t.Fatal(err)
	}
	return c, far.(*net.TCPConn)
}

// TestBothWays: what is written arrives whole and in order, however slow the other end takes it, while as much comes back.
func TestBothWays(t *testing.T) {
	c, far := pair(t)
	if err := far.SetReadBuffer(32 << 10); err != nil { // so that the sender has to wait
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	all := make([]byte, 4<<20)
	for i := range all {
		all[i] = byte(random.Uint32())
	}
	wrote := make(chan error, 1)
	go func() {
		for rest := all; len(rest) > 0; {
			head := random.IntN(min(len(rest), 1000) + 1)
			body := head + random.IntN(min(len(rest)-head, 3*most)+1)
			n, err := c.WriteBoth(rest[:head], rest[head:body])
			if err != nil || n != body {
				c.Close()
				wrote <- fmt.Errorf("%d of %d bytes written: %w", n, body, err)
				return
			}
			rest = rest[body:]
		}
		wrote <- c.Conn.(*net.TCPConn).CloseWrite()
	}()
	echoed := make(chan error, 1)
	go func() {
		_, err := io.CopyBuffer(struct{ io.Writer }{far}, struct{ io.Reader }{far}, make([]byte, 3000))
		echoed <- errors.Join(err, far.CloseWrite())
	}()
	got, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(<-wrote, <-echoed); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, all) {
		t.Errorf("%d bytes came back of %d, or others", len(got), len(all))
	}
}

// TestEnds: deadlines, closing and a connection that is cut end a read and a write as they do net's.
func TestEnds(t *testing.T) {
	for _, of := range []struct {
		name string
		end  func(c *Conn, far *net.TCPConn)
		is   func(err error) bool
	}{
		{"deadline", func(c *Conn, _ *net.TCPConn) { c.SetDeadline(time.Unix(1, 0)) },
			func(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }},
		{"closed", func(c *Conn, _ *net.TCPConn) { c.Close() }, func(err error) bool { return errors.Is(err, net.ErrClosed) }},
		{"cut", func(_ *Conn, far *net.TCPConn) { far.SetLinger(0); far.Close() },
			// One of the two is told, the other sees the end.
			func(err error) bool {
				return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || err == io.EOF
			}},
	} {
		t.Run(of.name, func(t *testing.T) {
			c, far := pair(t)
			ended := make(chan error, 2)
			go func() {
				_, err := c.Read(make([]byte, 100))
				ended <- err
			}()
			go func() {
				for block := make([]byte, 1<<20); ; { // until nothing more goes in, and then no more at all
					if _, err := c.Write(block); err != nil {
						ended <- err
						return
					}
				}
			}()
			if _, err := io.ReadFull(far, make([]byte, 2<<20)); err != nil { // so that both are at it
				t.Fatal(err)
			}
			of.end(c, far)
			for range 2 {
				if err := <-ended; !of.is(err) {
					t.Errorf("ended with %v", err)
				}
			}
		})
	}
}

// TestDeadlineMoves: a deadline that is over can be set anew.
func TestDeadlineMoves(t *testing.T) {
	c, far := pair(t)
	b := make([]byte, 10)
	c.SetReadDeadline(time.Unix(1, 0))
	if _, err := c.Read(b); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("read: %v", err)
	}
	c.SetReadDeadline(time.Time{})
	if _, err := far.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Read(b); err != nil || string(b[:n]) != "hello" {
		t.Errorf("read: %q, %v", b[:n], err)
	}
	if n, err := c.Read(nil); n != 0 || err != nil {
		t.Errorf("a read of nothing: %d, %v", n, err)
	}
	if n, err := c.WriteBoth(nil, nil); n != 0 || err != nil {
		t.Errorf("a write of nothing: %d, %v", n, err)
	}
	far.CloseWrite()
	if _, err := c.Read(b); err != io.EOF {
		t.Errorf("the end: %v", err)
	}
}

// TestLowWater: a read that waits goes on waiting for as much as was said, and who awaits more is not woken by what is there.
func TestLowWater(t *testing.T) {
	if !HasLowWater {
		t.Skip("for Linux alone")
	}
	c, far := pair(t)
	if err := c.SetLowWater(1000); err != nil {
		t.Fatal(err)
	}
	if _, err := far.Write(make([]byte, 400)); err != nil {
		t.Fatal(err)
	}
	more := make(chan error, 1)
	go func() { more <- c.AwaitMore() }()
	written := 400
	for waiting := true; waiting; { // what comes before it waits does not count
		if _, err := far.Write(make([]byte, 700)); err != nil {
			t.Fatal(err)
		}
		written += 700
		select {
		case err := <-more:
			if err != nil {
				t.Fatal(err)
			}
			waiting = false
		case <-time.After(time.Millisecond):
		}
	}
	if err := c.SetLowWater(1); err != nil { // so that a rest that is smaller is read as well
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, written)); err != nil {
		t.Error(err)
	}
	c.SetReadDeadline(time.Unix(1, 0))
	if err := c.AwaitMore(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("after the deadline: %v", err)
	}
}

// TestOthers: what has no socket of its own is refused.
func TestOthers(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	if _, err := New(near); HasLowWater && !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a pipe: %v", err)
	}
}

// TestAllocations: neither reading nor writing makes garbage.
func TestAllocations(t *testing.T) {
	c, far := pair(t)
	head, body, b := []byte("head"), make([]byte, 1000), make([]byte, 1004)
	if n := testing.AllocsPerRun(100, func() {
		if _, err := c.WriteBoth(head, body); err != nil {
			t.Error(err)
		}
		if _, err := io.ReadFull(far, b); err != nil {
			t.Error(err)
		}
		if _, err := far.Write(b); err != nil {
			t.Error(err)
		}
		if _, err := io.ReadFull(c, b); err != nil {
			t.Error(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
