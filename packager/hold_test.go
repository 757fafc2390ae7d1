package packager

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"livesrv/internal/fault"
)

// live is a synthetic stream that runs on the bubble's clock.
func live(until time.Duration) (*synth, *Rendition) {
	s := newSynth(DefaultConfig())
	s.p.setTracks(tracks(true))
	s.run(until, true, true)
	r, _ := s.p.Rendition("v0")
	return s, r
}

func TestRule24Refusals(t *testing.T) {
	s, r := live(5 * time.Second)
	open := r.snap.Load().open.msn
	ctx := context.Background()
	for name, q := range map[string]Query{
		"part without msn":  {HasPart: true},
		"negative part":     {HasMSN: true, MSN: open, HasPart: true, Part: -1},
		"msn too far":       {HasMSN: true, MSN: open + 2},
		"part too far":      {HasMSN: true, MSN: open, HasPart: true, Part: len(r.snap.Load().open.parts) + 6},
		"next part too far": {HasMSN: true, MSN: open + 1, HasPart: true, Part: 6},
	} {
		if b, err := r.Playlist(ctx, q); fault.KindOf(err) != fault.Invalid || b.TargetDuration != 4*time.Second {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, q := range map[string]Query{
		"plain":          {},
		"old":            {HasMSN: true, MSN: 1},
		"old part":       {HasMSN: true, MSN: 1, HasPart: true, Part: 99},
		"complete":       {HasMSN: true, MSN: open - 1},
		"past the last":  {HasMSN: true, MSN: open - 1, HasPart: true, Part: 50},
		"published part": {HasMSN: true, MSN: open, HasPart: true},
	} {
		if b, err := r.Playlist(ctx, q); err != nil || len(b.Plain) == 0 || len(b.Gzip) == 0 {
			t.Errorf("rule 23, %s: %v", name, err)
		}
	}
	s.p.close()
}

// TestRule22Blocking: a held request is answered by the publication of what it waits for, and by nothing
// before.
func TestRule22Blocking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := live(5100 * time.Millisecond)
		open, n := r.snap.Load().open.msn, len(r.snap.Load().open.parts)
		type answer struct {
			at   time.Duration
			text string
			err  error
		}
		var clock atomic.Int64
		ask := func(q Query) <-chan answer {
			ch := make(chan answer, 1)
			go func() {
				b, err := r.Playlist(context.Background(), q)
				ch <- answer{time.Duration(clock.Load()), string(b.Plain), err}
			}()
			return ch
		}
		part := ask(Query{HasMSN: true, MSN: open, HasPart: true, Part: n})
		over := ask(Query{HasMSN: true, MSN: open, HasPart: true, Part: n + 2}) // past the end: part 0 of the next
		whole := ask(Query{HasMSN: true, MSN: open})
		media1 := make(chan error, 1)
		go func() {
			b, err := r.Part(context.Background(), open, n)
			if err == nil && len(b.Plain) == 0 {
				err = errors.New("no bytes")
			}
			media1 <- err
		}()
		synctest.Wait()
		if _, err := s.p.PutCue(pin("pin_quiet", s.now)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		select {
		case a := <-part:
			t.Fatalf("answered before its part: %+v", a)
		default:
		}
		for d := 5100 * time.Millisecond; d < 7*time.Second; d += 20 * time.Millisecond {
			clock.Store(int64(d))
			s.run(d, true, true)
			synctest.Wait()
		}
		a, b, w := <-part, <-over, <-whole
		if a.err != nil || b.err != nil || w.err != nil || !strings.Contains(a.text, partURI(open, n)) {
			t.Errorf("%v, %v, %v", a.err, b.err, w.err)
		}
		if a.at > 5600*time.Millisecond || b.at < 6400*time.Millisecond || w.at < 6*time.Second || w.at > 6100*time.Millisecond {
			t.Errorf("answered at %v, %v and %v", a.at, b.at, w.at)
		}
		if err := <-media1; err != nil {
			t.Errorf("rule 20: %v", err)
		}
	})
}

// TestRule25Hold: nobody is held for more than three target durations, and who leaves is let go at once.
func TestRule25Hold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, r := live(5100 * time.Millisecond)
		open := r.snap.Load().open
		q := Query{HasMSN: true, MSN: open.msn, HasPart: true, Part: len(open.parts)}
		begin := time.Now()
		if _, err := r.Playlist(context.Background(), q); fault.KindOf(err) != fault.Unavailable || time.Since(begin) != 12*time.Second {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
		if _, err := r.Part(context.Background(), open.msn, len(open.parts)); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%v", err)
		}
		if _, err := r.Segment(context.Background(), open.msn); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%v", err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if _, err := r.Playlist(ctx, q); !errors.Is(err, context.Canceled) {
					t.Errorf("%v", err)
				}
			})
		}
		synctest.Wait()
		begin = time.Now()
		cancel()
		wg.Wait()
		if time.Since(begin) != 0 {
			t.Errorf("let go after %v", time.Since(begin))
		}
	})
}

// TestRule20Hints: what was announced and does not come is not found, as is everything unknown.
func TestRule20Hints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := live(5100 * time.Millisecond)
		open := r.snap.Load().open
		got := make(chan error, 1)
		go func() {
			_, err := r.Part(context.Background(), open.msn, len(open.parts))
			got <- err
		}()
		synctest.Wait()
		// The publisher goes before the part is begun: the next one is a gap.
		s.p.absent()
		s.skip(5 * time.Second)
		if err := <-got; err != nil && fault.KindOf(err) != fault.NotFound {
			t.Errorf("%v", err)
		}
		for name, id := range map[string][2]int{"future part": {int(open.msn) + 9, 0}, "second next": {int(r.snap.Load().open.msn), 50}, "ancient": {3, 0}, "gap": {int(r.snap.Load().open.msn) - 1, 0}} {
			if _, err := r.Part(context.Background(), uint64(id[0]), id[1]); fault.KindOf(err) != fault.NotFound {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := r.Segment(context.Background(), 3); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%v", err)
		}
	})
}

// TestRule17Segment: a segment is its parts, one after the other.
func TestRule17Segment(t *testing.T) {
	_, r := live(9 * time.Second)
	s := r.snap.Load()
	for _, g := range s.segs {
		b, err := r.Segment(context.Background(), g.msn)
		if err != nil || len(b.Parts) != len(g.parts) {
			t.Fatalf("%v, %d parts", err, len(b.Parts))
		}
		size := int64(0)
		for n := range b.Parts {
			p, err := r.Part(context.Background(), g.msn, n)
			if err != nil || &p.Plain[0] != &b.Parts[n][0] {
				t.Fatalf("part %d.%d is another: %v", g.msn, n, err)
			}
			size += int64(len(b.Parts[n]))
		}
		if size != b.Size {
			t.Errorf("%d bytes, said %d", size, b.Size)
		}
	}
}

// TestRule9Retention: what has left the list can be had for as long as a player may still want it.
func TestRule9Retention(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Window = 12 * time.Second
	s := newSynth(cfg)
	s.p.setTracks(tracks(true))
	first := s.p.firstMSN()
	s.run(13500*time.Millisecond, true, true)
	r, _ := s.p.Rendition("v0")
	if _, err := r.Segment(context.Background(), first); err != nil {
		t.Errorf("the first segment is gone after 13.5 s: %v", err)
	}
	s.run(16500*time.Millisecond, true, true)
	if m := list(t, s.p, "v0"); m.MediaSequence == first {
		t.Error("the first segment is still listed after 16.5 s")
	}
	if _, err := r.Part(context.Background(), first, 0); err != nil {
		t.Errorf("the first part is gone as soon as it is not listed: %v", err)
	}
	s.run(40*time.Second, true, true)
	if _, err := r.Segment(context.Background(), first); fault.KindOf(err) != fault.NotFound {
		t.Errorf("the first segment is still there after 40 s: %v", err)
	}
	if n := len(r.snap.Load().segs); n > 11 {
		t.Errorf("%d segments are kept", n)
	}
}

// TestMultivariantWaits: the multivariant playlist waits for the first part, no longer than three target
// durations.
func TestMultivariantWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPresentation("test", DefaultConfig(), slog.New(slog.DiscardHandler), time.Now)
		begin := time.Now()
		if _, err := p.Multivariant(context.Background()); fault.KindOf(err) != fault.Unavailable || time.Since(begin) != 12*time.Second {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
		s := newSynth(DefaultConfig())
		got := make(chan error, 1)
		go func() {
			_, err := s.p.Multivariant(context.Background())
			got <- err
		}()
		synctest.Wait()
		s.p.setTracks(tracks(true))
		s.run(time.Second, true, true)
		if err := <-got; err != nil {
			t.Error(err)
		}
	})
}
