package rtmp

import (
	"bytes"
	"crypto/rand"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bluenviron/gortmplib/pkg/codecs"
	"github.com/bluenviron/gortmplib/pkg/handshake"

	"livesrv/ingest"
	"livesrv/internal/fault"
)

func impatient(c *ingest.Config, _ *Config) {
	c.StartTimeout, c.ReadTimeout = time.Second, time.Second
}

// hungUp waits until the server closes the connection, for much longer than the impatient one waits, and less than a
// whole C1 takes byte by byte.
func hungUp(t *testing.T, nc net.Conn) {
	t.Helper()
	nc.SetReadDeadline(time.Now().Add(20 * time.Second)) //nolint:errcheck // the read says so
	if _, err := io.Copy(io.Discard, nc); err != nil && strings.Contains(err.Error(), "timeout") {
		t.Fatal("the server never hung up")
	}
}

// Garbage at every stage is refused with a reason and one line of log, while another publisher goes on.
func TestGarbage(t *testing.T) {
	k := start(t, impatient, func(c *ingest.Config, _ *Config) { c.ReadTimeout = time.Minute })
	good := k.dialRTMP("/live/key-show")
	w, tr := writer(t, good, &codecs.H264{SPS: sps, PPS: pps})
	random := make([]byte, 100_000)
	rand.Read(random) //nolint:errcheck // never fails
	random[0] = 0x42 | 0x80
	for i, c := range []struct {
		name  string
		shake bool
		send  []byte
		said  string
	}{
		{"HTTP", false, []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP came to the port for RTMP"},
		{"TLS", false, []byte{0x16, 3, 1, 2, 0, 1}, "TLS came to the port for RTMP"},
		{"RTMPE", false, []byte{6, 0, 0, 0}, "RTMPE is not supported"},
		{"random bytes", false, random, "what came is not RTMP"},
		{"zeros", false, make([]byte, 10_000), "what came is not RTMP"},
		{"threes", false, bytes.Repeat([]byte{3}, 10_000), ""},
		{"random bytes after the handshake", true, random, ""},
		{"zeros after the handshake", true, make([]byte, 10_000), ""},
		{"media before connect", true, []byte{0x04, 0, 0, 5, 0, 0, 1, 8, 1, 0, 0, 0, 0xAA}, "nothing whole came in time"},
		{"a message of 16 MB", true, []byte{0x04, 0, 0, 5, 0xFF, 0xFF, 0xFF, 20, 0, 0, 0, 0}, "16777215 bytes is over the limit"},
		{"a command that is no AMF", true, []byte{0x03, 0, 0, 0, 0, 0, 2, 20, 0, 0, 0, 0, 0xFF, 0xFF}, "an AMF message cannot be read"},
		{"a command before connect", true, command0("publish", 1), "came before connect"},
		{"a short command", true, []byte{0x03, 0, 0, 0, 0, 0, 1, 20, 0, 0, 0, 0, 5}, "a command is too short"},
		{"connect without an address", true, command0("connect", 1), "not in /live"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := k.Said.Count("publisher refused")
			nc := k.dial()
			if c.shake {
				if _, _, err := handshake.DoClient(nc, false, false); err != nil {
					t.Fatal(err)
				}
			}
			nc.Write(c.send) //nolint:errcheck // the server may have hung up
			hungUp(t, nc)
			k.WaitSaid(c.said)
			k.Said.WaitCount(t, "publisher refused", before+1, 30*time.Second)
			if n := k.Said.Count("publisher refused"); n != before+1 {
				t.Errorf("logged %d times", n-before)
			}
			at := time.Duration(i) * 40 * time.Millisecond
			must(t, w.WriteH264(tr[0], at, at, [][]byte{{0x65, 1}}))
		})
	}
	if len(k.Left) != 0 {
		t.Error("the good publisher was disturbed")
	}
}

// command0 is a command without arguments in one chunk.
func command0(name string, id byte) []byte {
	body := append([]byte{2, 0, byte(len(name))}, name...)
	body = append(body, 0, 0x3F, 0xF0, 0, 0, 0, 0, 0, 0)
	body = append(body, 3, 0, 0, 9)
	return append([]byte{3, 0, 0, 0, 0, 0, byte(len(body)), 20, 0, 0, 0, 0}, body...)
}

// Whoever stops half way, or sends a byte now and then, is out when the time is up.
func TestHalfOpenAndSlow(t *testing.T) {
	k := start(t, impatient)
	c1 := append([]byte{3}, make([]byte, 1536)...)
	for name, send := range map[string][]byte{"nothing": nil, "C0": {3}, "half of C1": c1[:700], "C0 and C1": c1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nc := k.dial()
			nc.Write(send) //nolint:errcheck // the server may have hung up
			hungUp(t, nc)
		})
	}
	t.Run("a byte now and then", func(t *testing.T) {
		t.Parallel()
		nc := k.dial()
		go func() {
			for _, b := range c1 {
				if _, err := nc.Write([]byte{b}); err != nil {
					return
				}
				time.Sleep(20 * time.Millisecond)
			}
		}()
		hungUp(t, nc)
	})
}

// Hundreds who are slow, each from another address, take no place from a publisher.
func TestSlowFromEverywhere(t *testing.T) {
	const places, addresses = 100, 100
	k := start(t, func(c *ingest.Config, _ *Config) { c.MaxSessions, c.StartTimeout = places, time.Minute })
	var gone sync.WaitGroup
	for i := range 3 * addresses {
		from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(i%addresses+1))}}
		nc, err := from.DialContext(t.Context(), "tcp", k.srv.Addr().String())
		must(t, err)
		defer nc.Close()
		nc.Write([]byte{3}) //nolint:errcheck // the server may have hung up
		if i < addresses {
			gone.Go(func() { hungUp(t, nc) })
		}
	}
	c := k.dialRTMP("/live/key-show")
	w, tr := writer(t, c, &codecs.H264{SPS: sps, PPS: pps})
	must(t, w.WriteH264(tr[0], 0, 0, [][]byte{{0x65, 1}}))
	k.WaitCame()
	gone.Wait() // the oldest
	k.WaitSaid("too many connections wait to be admitted")
	for deadline := time.Now().Add(time.Minute); k.Door.Stats().Refused["too_many"] < 2*addresses; time.Sleep(10 * time.Millisecond) { // a count has no event
		if time.Now().After(deadline) {
			t.Fatalf("%d gave way", k.Door.Stats().Refused["too_many"])
		}
	}
	if len(k.Left) != 0 {
		t.Error("the publisher was disturbed")
	}
}

func TestSilentPublisher(t *testing.T) {
	for name, dribble := range map[string]bool{"silent": false, "a byte now and then": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := start(t, impatient)
			c := k.dialRTMP("/live/key-show")
			w, tr := writer(t, c, &codecs.H264{SPS: sps, PPS: pps})
			must(t, w.WriteH264(tr[0], 0, 0, [][]byte{{0x65, 1}}))
			k.WaitCame()
			if dribble {
				go func() {
					c.NetConn().Write([]byte{0x06, 0, 0, 5, 0, 0x40, 0, 9, 1, 0, 0, 0}) //nolint:errcheck // the server hangs up
					for {
						if _, err := c.NetConn().Write([]byte{1}); err != nil {
							return
						}
						time.Sleep(20 * time.Millisecond)
					}
				}()
			}
			if e := k.WaitLeft(); fault.KindOf(e.Err) != fault.Unavailable {
				t.Errorf("ended with %v", e.Err)
			}
		})
	}
}

// A message over the limit, and many halves of messages, end the session that sends them and cost nothing.
func TestHugeMessages(t *testing.T) {
	k := start(t)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for name, send := range map[string]func(net.Conn){
		"one": func(nc net.Conn) { nc.Write([]byte{0x06, 0, 0, 5, 0xFF, 0xFF, 0xFF, 9, 1, 0, 0, 0}) }, //nolint:errcheck // hung up
		"halves": func(nc net.Conn) {
			for id := byte(8); id < 30; id++ {
				nc.Write([]byte{id, 0, 0, 5, 0x10, 0, 0, 9, 1, 0, 0, 0}) //nolint:errcheck // hung up
				nc.Write(make([]byte, 65536))                            //nolint:errcheck // hung up
			}
		},
	} {
		c := k.dialRTMP("/live/key-" + name)
		w, tr := writer(t, c, &codecs.H264{SPS: sps, PPS: pps})
		must(t, w.WriteH264(tr[0], 0, 0, [][]byte{{0x65, 1}}))
		k.WaitCame()
		send(c.NetConn())
		if e := k.WaitLeft(); fault.KindOf(e.Err) != fault.TooLarge {
			t.Errorf("%s: ended with %v", name, e.Err)
		}
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 16<<20 {
		t.Errorf("%d bytes allocated", n)
	}
}

// Media that cannot be read is left out; when nothing else comes, the session ends.
func TestDamagedMedia(t *testing.T) {
	k := start(t)
	c := k.dialRTMP("/live/key-show")
	w, tr := writer(t, c, &codecs.H264{SPS: sps, PPS: pps})
	must(t, w.WriteH264(tr[0], 0, 0, [][]byte{{0x65, 1}}))
	k.WaitCame()
	damaged := []byte{0x06, 0, 0, 5, 0, 0, 9, 9, 1, 0, 0, 0, 0x17, 1, 0, 0, 0, 0, 0, 1, 0}
	for range maxDamaged - 1 {
		_, err := c.NetConn().Write(damaged)
		must(t, err)
	}
	must(t, w.WriteH264(tr[0], 40*time.Millisecond, 40*time.Millisecond, [][]byte{{0x41, 1}}))
	for range maxDamaged {
		_, err := c.NetConn().Write(damaged)
		must(t, err)
	}
	e := k.WaitLeft()
	if fault.KindOf(e.Err) != fault.Invalid || !strings.Contains(e.Err.Error(), "in a row") {
		t.Errorf("ended with %v", e.Err)
	}
	if n := k.Said.Count("finding=" + ingest.MediaDamaged); n != 1 {
		t.Errorf("said %d times", n)
	}
}

func TestServerStopsWithEverybodyConnected(t *testing.T) {
	k := start(t)
	for range 3 {
		k.dial()
	}
	c := k.dialRTMP("/live/key-show")
	w, tr := writer(t, c, &codecs.H264{SPS: sps, PPS: pps})
	must(t, w.WriteH264(tr[0], 0, 0, [][]byte{{0x65, 1}}))
	k.WaitCame()
	// The test's end stops the server and checks that nothing is left.
}

func TestListenOnATakenPort(t *testing.T) {
	k := start(t)
	srv, err := New(Config{Address: k.srv.Addr().String(), App: "live", MaxMessage: 1 << 20, TrackWait: time.Second}, k.Door, testLog())
	must(t, err)
	if err := srv.Listen(); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("%v", err)
	}
}
