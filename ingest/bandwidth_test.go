package ingest

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"livesrv/internal/fault"
	"livesrv/internal/media"
)

func TestBandwidth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := DefaultConfig()
		cfg.MaxMbitPerAddress = 8 // a megabyte a second
		b := newBandwidth(cfg)
		good, bad, far := b.join("192.0.2.1:1"), b.join("192.0.2.1:2"), b.join("192.0.2.2:1")
		// An address may send at its limit for ever, and what a stalled line held back at once.
		for range 300 {
			time.Sleep(100 * time.Millisecond)
			if near, err := good.take(100_000); near || err != nil {
				t.Fatal(near, err)
			}
		}
		time.Sleep(5 * time.Second)
		if near, err := good.take(4_900_000); near || err != nil {
			t.Fatal(near, err)
		}
		// Of two on one address, the one who sends the most has to go.
		time.Sleep(30 * time.Second)
		var warned bool
		var ended error
		seconds := 0
		for ; ended == nil && seconds < 100; seconds++ {
			time.Sleep(time.Second)
			if _, err := good.take(500_000); err != nil {
				t.Fatalf("the good one was ended: %v", err)
			}
			near, err := bad.take(2_000_000)
			warned, ended = warned || near && err == nil, err
			if _, err := far.take(900_000); err != nil {
				t.Fatalf("another address was ended: %v", err)
			}
		}
		if fault.KindOf(ended) != fault.TooMany || !warned || seconds < 5 || seconds > 10 {
			t.Errorf("%v after %d s, warned: %v", ended, seconds, warned)
		}
		bad.leave()
		good.leave()
		far.leave()
		if len(b.lines) != 0 {
			t.Error("an address is remembered for ever")
		}
		home := b.join("127.0.0.1:1")
		if near, err := home.take(1 << 40); near || err != nil {
			t.Error("the machine itself is limited")
		}
		home.leave()
	})
}

// A publisher who sends too much is told first, then ended; the session says why.
func TestTooMuchFromOneAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t, func(c *Config) { c.MaxMbitPerAddress = 1 })
		p := k.enter("a", nil)
		if err := p.SetTracks(tracks); err != nil {
			t.Fatal(err)
		}
		var err error
		for i := int64(0); err == nil && i < 1000; i++ {
			time.Sleep(40 * time.Millisecond)
			unit := make([]byte, 20_000) // 4 Mbit/s
			unit[0] = 0x65
			err = p.Write(&media.AccessUnit{Track: 0, DTS: i * 3600, PTS: i * 3600, Units: [][]byte{unit}})
		}
		p.Close(err)
		if fault.KindOf(err) != fault.TooMany {
			t.Errorf("ended with %v", err)
		}
		if k.door.Stats().Findings[BandwidthOver] != 1 || !strings.Contains(k.log.String(), "1 Mbit/s") {
			t.Errorf("%+v\n%s", k.door.Stats().Findings, k.log)
		}
		if len(k.door.bandwidth.lines) != 0 {
			t.Error("the share was kept")
		}
	})
}
