package packager

import (
	"context"
	"sync"
	"testing"
	"time"

	"livesrv/internal/media"
)

// BenchmarkSegmenter packages one second of 30 pictures and 47 audio frames, 2.5 Mbit/s, without viewers.
func BenchmarkSegmenter(b *testing.B) {
	for _, part := range []time.Duration{200 * time.Millisecond, 500 * time.Millisecond} {
		b.Run(part.String(), func(b *testing.B) {
			cfg := DefaultConfig()
			cfg.PartDuration = part
			s := newSynth(cfg)
			s.p.setTracks(tracks(true))
			d := time.Second
			s.run(d, true, true)
			b.ReportAllocs()
			for b.Loop() {
				d += time.Second
				s.run(d, true, true)
			}
		})
	}
}

// BenchmarkPlaylist renders and compresses a full window, as happens once per part and form.
func BenchmarkPlaylist(b *testing.B) {
	s, r := live(70 * time.Second)
	for range 3 {
		if _, err := s.p.PutCue(pin("pin_"+string(rune('a'+len(s.p.cues.all))), s.now)); err != nil {
			b.Fatal(err)
		}
	}
	snap := r.snap.Load()
	for mode, name := range map[SkipMode]string{SkipNone: "whole", SkipV1: "delta"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var buf []byte
			skip := snap.skippable()
			for b.Loop() {
				buf = snap.render(buf[:0], mode, skip)
			}
			b.SetBytes(int64(len(buf)))
		})
		b.Run(name+"-gzip", func(b *testing.B) {
			b.ReportAllocs()
			text := snap.render(nil, mode, snap.skippable())
			for b.Loop() {
				compress(text)
			}
		})
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
