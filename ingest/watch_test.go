package ingest

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"livesrv/internal/fault"
)

func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t, func(c *Config) { c.StartTimeout, c.ReadTimeout = 5*time.Second, 2*time.Second })
		var cuts atomic.Int32
		began := time.Now()
		w := k.door.Watch(nil, func() { cuts.Add(1) })
		time.Sleep(4 * time.Second)
		w.Publishing()
		for range 10 {
			time.Sleep(1900 * time.Millisecond)
			w.Alive()
		}
		synctest.Wait()
		if cuts.Load() != 0 {
			t.Fatal("a live publisher was cut")
		}
		time.Sleep(2*time.Second + time.Millisecond)
		synctest.Wait()
		if cuts.Load() != 1 || time.Since(began) < 25*time.Second {
			t.Errorf("cut %d times after %v", cuts.Load(), time.Since(began))
		}
		if err := w.Explain(io.EOF); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("explained as %v", err)
		}
		w.Kick(errors.New("late"))
		if cuts.Load() != 1 {
			t.Error("cut again")
		}

		w = k.door.Watch(nil, func() { cuts.Add(1) })
		time.Sleep(6 * time.Second)
		synctest.Wait()
		if cuts.Load() != 2 {
			t.Error("whoever never publishes was not cut")
		}

		kicked := fault.New(fault.Conflict, "another one")
		w = k.door.Watch(nil, func() { cuts.Add(1) })
		w.Kick(kicked)
		if err := w.Explain(nil); cuts.Load() != 3 || !errors.Is(err, kicked) {
			t.Errorf("cut %d times, %v", cuts.Load(), err)
		}

		w = k.door.Watch(nil, func() { t.Error("cut after its end") })
		w.Stop()
		w.Kick(kicked)
		time.Sleep(time.Minute)
		for in, want := range map[error]fault.Kind{
			io.EOF: fault.Gone, os.ErrDeadlineExceeded: fault.Unavailable, errors.New("reset"): fault.Gone,
			fault.New(fault.TooLarge, "big"): fault.TooLarge,
		} {
			if err := w.Explain(in); fault.KindOf(err) != want {
				t.Errorf("%v explained as %v", in, err)
			}
		}
		if err := w.Explain(nil); err != nil {
			t.Errorf("a goodbye explained as %v", err)
		}
	})
}

// scarce is a listener without file descriptors for a while.
type scarce struct {
	net.Listener
	fails int
}

func (s *scarce) Accept() (net.Conn, error) {
	if s.fails > 0 {
		s.fails--
		return nil, errors.New("too many open files")
	}
	return s.Listener.Accept()
}

// stranger is a connection from an address that is not free of limits.
type stranger struct{ net.Conn }

func (stranger) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 5} }

type strangers struct{ net.Listener }

func (s strangers) Accept() (net.Conn, error) {
	nc, err := s.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return stranger{nc}, nil
}

func TestListener(t *testing.T) {
	k := newKit(t, func(c *Config) { c.MaxSessionsPerAddress = 1 })
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := k.door.Listener("rtsp", &scarce{Listener: strangers{tcp}, fails: 3})
	dial := func() net.Conn {
		nc, err := net.Dial("tcp", tcp.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { nc.Close() })
		return nc
	}
	dial()
	first, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if n := k.door.Stats().Connections; n != 1 {
		t.Errorf("%d connections", n)
	}
	refused := dial()
	accepted := make(chan net.Conn, 1)
	go func() {
		if nc, err := l.Accept(); err == nil {
			accepted <- nc
		}
		close(accepted)
	}()
	if _, err := refused.Read(make([]byte, 1)); err == nil {
		t.Error("one too many was let in")
	}
	first.Close()
	first.Close()
	dial()
	second := <-accepted
	if second == nil {
		t.Fatal("nobody came in after the first had left")
	}
	if n := k.door.Stats().Connections; n != 1 {
		t.Errorf("%d connections", n)
	}
	second.Close()
	l.Close()
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a closed listener says %v", err)
	}
	if log := k.log.String(); !strings.Contains(log, "too many open files") || !strings.Contains(log, "protocol=rtsp") {
		t.Error(log)
	}
}
