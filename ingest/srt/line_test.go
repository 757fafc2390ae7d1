package srt

import (
	"crypto/rand"
	mrand "math/rand/v2"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"livesrv/ingest"
	"livesrv/internal/livetest"
)

// line relays datagrams between one publisher and a server, and loses some of them in both directions by a seeded chance.
type line struct {
	front net.PacketConn
	back  net.Conn
	lost  atomic.Int64
}

func newLine(t *testing.T, server net.Addr, loss float64) *line {
	t.Helper()
	front, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	back, err := net.Dial("udp", server.String())
	if err != nil {
		t.Fatal(err)
	}
	l := &line{front: front, back: back}
	var publisher atomic.Value
	var group sync.WaitGroup
	relay := func(seed uint64, read func([]byte) (int, error), write func([]byte)) {
		rnd := mrand.New(mrand.NewPCG(seed, 0))
		for b := make([]byte, 2048); ; {
			n, err := read(b)
			if err != nil {
				return
			}
			if rnd.Float64() < loss {
				l.lost.Add(1)
				continue
			}
			write(b[:n])
		}
	}
	group.Go(func() {
		relay(1, func(b []byte) (int, error) {
			n, from, err := front.ReadFrom(b)
			if err == nil {
				publisher.Store(from)
			}
			return n, err
		}, func(b []byte) { back.Write(b) }) //nolint:errcheck // as lost as any
	})
	group.Go(func() {
		relay(2, back.Read, func(b []byte) { front.WriteTo(b, publisher.Load().(net.Addr)) }) //nolint:errcheck // as above
	})
	t.Cleanup(func() {
		front.Close()
		back.Close()
		group.Wait()
	})
	return l
}

// calm gives what is lost a second to come again: by the default, a machine that does other things for a moment is late.
// A publisher whose goodbye is lost too has left three seconds later.
func calm(i *ingest.Config, c *Config) { i.ReadTimeout, c.Latency = 3*time.Second, time.Second }

// A line that loses every fiftieth packet costs no picture and no sound: what is lost is sent again in time.
func TestLossyLine(t *testing.T) {
	t.Parallel()
	k := start(t, calm)
	l := newLine(t, k.srv.Addr(), 0.02)
	r := k.Streams.Open("show").Subscribe()
	_, wait := k.ffmpeg("srt://"+l.front.LocalAddr().String()+"?streamid=publish:key-show",
		slices.Concat(livetest.Picture("30"), livetest.Tone("48000"), livetest.X264("-b:v", "2M", "-minrate", "2M", "-maxrate", "2M", "-bufsize", "1M", "-c:a", "aac", "-t", "7"))...)
	got := k.Collect(r)
	if out, err := wait(); err != nil {
		t.Errorf("ffmpeg: %v %s", err, out)
	}
	check(t, got, "H.264+AAC", 3000, false, 1024)
	st, _ := k.Streams.Stream("show")
	if r := st.Stats().Repairs; l.lost.Load() < 10 || r.Gaps+r.Jumps+r.Undecodable > 0 || len(got.AUs[0]) < 150 {
		t.Errorf("%d packets lost, %d pictures came, %+v", l.lost.Load(), len(got.AUs[0]), r)
	}
	t.Logf("%d packets lost, %d pictures and %d frames of sound came", l.lost.Load(), len(got.AUs[0]), len(got.AUs[1]))
}

// A flood on the port costs a good publisher nothing that is not sent again.
func TestFlood(t *testing.T) {
	t.Parallel()
	k := start(t, calm)
	r := k.Streams.Open("good").Subscribe()
	_, wait := k.ffmpeg(k.url("streamid=publish:key-good"), slices.Concat(livetest.Picture("30"), livetest.Tone("48000"), livetest.X264("-c:a", "aac", "-t", "7"))...)
	k.WaitCame()
	udp, err := net.Dial("udp", k.srv.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	packet := make([]byte, 1400)
	sent := 0
	for began := time.Now(); time.Since(began) < 3*time.Second; sent++ {
		rand.Read(packet) //nolint:errcheck // never fails
		if sent%2 == 0 {
			copy(packet, []byte{0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5}) // as if it were a handshake
		}
		if _, err := udp.Write(packet); err != nil {
			t.Fatal(err)
		}
		if sent%16 == 0 { // at most 22 Mbit/s: what is caught up with at once costs more than a flood does
			time.Sleep(16 * time.Second / 2000)
		}
	}
	got := k.Collect(r)
	if out, err := wait(); err != nil {
		t.Errorf("ffmpeg: %v %s", err, out)
	}
	check(t, got, "H.264+AAC", 3000, false, 1024)
	if e := k.WaitLeft(); e.Err != nil {
		t.Errorf("the good publisher ended with %v", e.Err)
	}
	t.Logf("%d packets of rubbish", sent)
}
