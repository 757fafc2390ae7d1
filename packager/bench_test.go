package packager

import (
	"context"
	"encoding/base64"
	"fmt"
	"sync"
	"testing"
	"time"

	"livesrv/internal/media"
)

// BenchmarkSegmenter packages one second of 30 pictures and 47 audio frames, without viewers.
func BenchmarkSegmenter(b *testing.B) {
	for _, mbit := range []float64{1, 2.5, 6} {
		for _, part := range []time.Duration{200 * time.Millisecond, 500 * time.Millisecond} {
			b.Run(fmt.Sprintf("mbit=%v/part=%v", mbit, part), func(b *testing.B) {
				cfg := DefaultConfig()
				cfg.PartDuration = part
				s := newSynth(cfg)
				// A GOP of two seconds, whose keyframe is as large as eight other pictures.
				size := int(mbit * 1e6 / 8 * 2 / (59 + 8))
				s.fat = [2][]byte{newUnit(size, false), newUnit(8*size, true)}
				s.p.setTracks(tracks(true))
				d := time.Second
				s.run(d, true, true)
				b.ReportAllocs()
				b.SetBytes(int64(mbit * 1e6 / 8))
				for b.Loop() {
					d += time.Second
					s.run(d, true, true)
				}
			})
		}
	}
}

// BenchmarkPlaylist renders and compresses a full window, as happens once per part and form.
func BenchmarkPlaylist(b *testing.B) {
	for _, c := range []struct {
		window time.Duration
		pins   int
	}{{20 * time.Second, 0}, {time.Minute, 0}, {5 * time.Minute, 0}, {time.Minute, 3}, {time.Minute, 60}} {
		cfg := DefaultConfig()
		cfg.Window = c.window
		s := newSynth(cfg)
		s.p.setTracks(tracks(true))
		s.run(c.window+10*time.Second, true, true)
		for i := range c.pins {
			k := pin(fmt.Sprintf("pin_%016x", 0x9e3779b97f4a7c15*uint64(i+1)), s.now.Add(-time.Duration(i)*time.Second))
			k.Attrs[0].Value = base64.RawURLEncoding.EncodeToString([]byte(`{"pin":"` + k.ID + `","product":"prd_0123456789abcdef"}`))
			if _, err := s.p.PutCue(k); err != nil {
				b.Fatal(err)
			}
		}
		r, _ := s.p.Rendition("v0")
		snap := r.snap.Load()
		for mode, form := range []string{SkipNone: "whole", SkipV1: "delta"} {
			name := fmt.Sprintf("window=%v/pins=%d/%s", c.window, c.pins, form)
			text := snap.render(nil, SkipMode(mode), snap.skippable())
			b.Run(name, func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(len(text)))
				var buf []byte
				for b.Loop() {
					buf = snap.render(buf[:0], SkipMode(mode), snap.skippable())
				}
			})
			b.Run(name+"-gzip", func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(len(text)))
				var z []byte
				for b.Loop() {
					z = compress(text)
				}
				b.ReportMetric(float64(len(z)), "sent-B")
			})
		}
	}
}

// blocked holds n requests, publishes a part, and waits until all are answered.
type blocked struct {
	s    *synth
	r    *Rendition
	ask  func(msn uint64, n int) error
	wg   sync.WaitGroup
	todo chan [2]uint64
}

func newBlocked(tb testing.TB, n int, media bool) *blocked {
	s, r := live(5 * time.Second)
	k := &blocked{s: s, r: r, todo: make(chan [2]uint64, n)}
	ctx, cancel := context.WithCancel(context.Background())
	k.ask = func(msn uint64, n int) error {
		if media {
			_, err := r.Part(ctx, msn, n)
			return err
		}
		_, err := r.Playlist(ctx, Query{HasMSN: true, MSN: msn, HasPart: true, Part: n})
		return err
	}
	for range n {
		go func() {
			for at := range k.todo {
				if err := k.ask(at[0], int(at[1])); err != nil {
					tb.Error(err)
				}
				k.wg.Done()
			}
		}()
	}
	tb.Cleanup(func() { close(k.todo); cancel() })
	return k
}

// round is one part, asked for by n viewers before it is there.
func (k *blocked) round(n int) {
	snap := k.r.snap.Load()
	k.wg.Add(n)
	for range n {
		k.todo <- [2]uint64{snap.open.msn, uint64(len(snap.open.parts))}
	}
	for k.r.snap.Load() == snap {
		k.s.run(media.Duration(k.s.dts, rate)+time.Millisecond, true, true)
	}
	k.wg.Wait()
}

func BenchmarkBlockedPlaylist(b *testing.B) { benchmarkBlocked(b, false) }
func BenchmarkBlockedPart(b *testing.B)     { benchmarkBlocked(b, true) }

func benchmarkBlocked(b *testing.B, media bool) {
	for _, n := range []int{1, 1000} {
		b.Run(map[int]string{1: "1", 1000: "1000"}[n], func(b *testing.B) {
			k := newBlocked(b, n, media)
			b.ReportAllocs()
			for b.Loop() {
				k.round(n)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/request")
		})
	}
}

// TestBlockedAllocations: a blocked request costs at most two heap allocations of ours. What a part and
// its playlist cost once is taken off by comparing few viewers with many.
func TestBlockedAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	for _, media := range []bool{false, true} {
		cost := func(n int) float64 {
			k := newBlocked(t, n, media)
			k.round(n)
			return testing.AllocsPerRun(20, func() { k.round(n) })
		}
		few, many := cost(10), cost(1010)
		if per := (many - few) / 1000; per > 2 {
			t.Errorf("media %v: %.2f allocations a request", media, per)
		} else {
			t.Logf("media %v: %.3f allocations a request", media, per)
		}
	}
}

// TestLookupAllocations: what is asked for and is not there costs nothing (docs/hls.md P20).
func TestLookupAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	s, r := live(5 * time.Second)
	ctx := context.Background()
	if n := testing.AllocsPerRun(100, func() {
		s.p.Rendition("v7")
		_, _ = r.Part(ctx, 3, 0)
		_, _ = r.Segment(ctx, 3)
		_, _ = r.Playlist(ctx, Query{HasMSN: true, MSN: 1 << 50})
		_, _ = r.Playlist(ctx, Query{})
		r.Init(9)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
