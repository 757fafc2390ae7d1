package packager

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"livesrv/internal/fault"
	"livesrv/internal/media"
	"livesrv/internal/stream"
)

// TestHub follows a stream through a real registry: on air, away, back, ended, on air again, removed.
func TestHub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := slog.New(slog.DiscardHandler)
		reg, err := stream.NewRegistry(stream.DefaultConfig(), log)
		if err != nil {
			t.Fatal(err)
		}
		cfg := DefaultConfig()
		cfg.EndAfter = 20 * time.Second
		var opened, closed []*Presentation
		var turns []string
		hub, err := NewHub(cfg, Deps{Streams: reg, Log: log,
			DataCue: func(d stream.Data) (Cue, bool) { return pin("pin_data", d.Wall), d.Name == "onTextData" },
			Opened: func(p *Presentation) {
				opened = append(opened, p)
				if _, err := p.PutCue(pin("pin_open", time.Now().Add(-time.Second))); err != nil {
					t.Error(err)
				}
			},
			Closed:       func(p *Presentation) { closed = append(closed, p) },
			OnAirChanged: func(name string) { turns = append(turns, name) }})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- hub.Run(ctx) }()
		synctest.Wait()
		if _, ok := hub.Presentation("shop"); ok {
			t.Fatal("a presentation of nothing")
		}
		publish := func(d time.Duration) {
			t.Helper()
			w, err := reg.Open("shop").Publish(tracks(true), stream.PublishOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			sound := int64(0)
			for i := range int(d / (time.Second / 30)) {
				dts := int64(i) * 3000
				for ; media.Rescale(sound, 48000, rate) <= dts; sound += 1024 {
					au := &media.AccessUnit{Track: 1, PTS: sound, DTS: sound, Key: true, Arrived: time.Now(), Units: [][]byte{make([]byte, 100)}}
					if err := w.Write(au); err != nil {
						t.Fatal(err)
					}
				}
				au := &media.AccessUnit{PTS: dts, DTS: dts, Key: i%60 == 0, Arrived: time.Now(), Units: [][]byte{{0x41, 1, 2, 3}}}
				if au.Key {
					au.Units[0][0] = 0x65
				}
				if err := w.Write(au); err != nil {
					t.Fatal(err)
				}
				if i == 100 {
					if err := w.WriteData(stream.Data{Name: "onTextData", PTS: dts, Payload: []byte("{}")}); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(time.Second / 30)
			}
		}
		publish(5 * time.Second)
		p, ok := hub.Presentation("shop")
		if !ok || len(opened) != 1 || opened[0] != p || len(hub.Presentations()) != 1 {
			t.Fatalf("%v, opened %d", ok, len(opened))
		}
		if m := list(t, p, "v0"); len(m.DateRanges) != 2 || len(m.Segments) < 2 {
			t.Errorf("%d segments, dateranges %+v", len(m.Segments), m.DateRanges)
		}
		synctest.Wait()
		if len(turns) != 2 || p.Stats().OnAir {
			t.Errorf("%d turns after one publication, on air %v", len(turns), p.Stats().OnAir)
		}
		edge, ok := p.Edge()
		if d := time.Since(edge); !ok || d < -50*time.Millisecond || d > time.Second {
			t.Errorf("the edge is %v old", d)
		}
		time.Sleep(5 * time.Second)
		publish(4 * time.Second)
		if st := p.Stats(); st.Discontinuities != 0 || st.GapSegments == 0 || len(opened) != 1 {
			t.Errorf("after an absence: %+v", st)
		}
		old := list(t, p, "v0")
		time.Sleep(25 * time.Second)
		if st := p.Stats(); !st.Ended || len(closed) != 1 {
			t.Errorf("after 25 s of absence: %+v, closed %d", st, len(closed))
		}
		publish(3 * time.Second)
		again, ok := hub.Presentation("shop")
		if !ok || again == p || len(opened) != 2 {
			t.Fatalf("no new presentation: %v, opened %d", ok, len(opened))
		}
		if m := list(t, again, "v0"); m.MediaSequence <= old.MediaSequence+uint64(len(old.Segments)) {
			t.Errorf("rule 7: the media sequence went from %d to %d", old.MediaSequence, m.MediaSequence)
		}
		reg.Remove("shop")
		synctest.Wait()
		if _, ok := hub.Presentation("shop"); ok || len(closed) != 2 {
			t.Errorf("still there after its removal: %v, closed %d", ok, len(closed))
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestConfig(t *testing.T) {
	if err := DefaultConfig().Validate(); err != nil {
		t.Fatal(err)
	}
	for field, change := range map[string]func(*Config){
		"segment_duration": func(c *Config) { c.SegmentDuration = time.Millisecond },
		"target_duration":  func(c *Config) { c.TargetDuration = 3500 * time.Millisecond },
		"part_duration":    func(c *Config) { c.PartDuration = 2 * time.Second },
		"window":           func(c *Config) { c.Window = 10 * time.Second },
		"gap_after":        func(c *Config) { c.GapAfter = 0 },
		"end_after":        func(c *Config) { c.EndAfter = time.Second },
	} {
		c := DefaultConfig()
		change(&c)
		if err := c.Validate(); fault.KindOf(err) != fault.Invalid || !strings.HasPrefix(err.Error(), field+": ") {
			t.Errorf("%s: %v", field, err)
		}
	}
	if _, err := NewHub(Config{}, Deps{}); err == nil {
		t.Error("a hub with an empty configuration")
	}
}

// TestPartTarget: the configured target is kept wherever parts of whole samples come near it.
func TestPartTarget(t *testing.T) {
	const aac = 1024 * time.Second / 48000
	for _, c := range []struct {
		configured, picture, want time.Duration
	}{
		{500 * time.Millisecond, time.Second / 30, 500 * time.Millisecond},
		{500 * time.Millisecond, time.Second / 25, 500 * time.Millisecond},
		{200 * time.Millisecond, time.Second / 60, 200 * time.Millisecond},
		{200 * time.Millisecond, time.Second / 24, 209 * time.Millisecond},
		{200 * time.Millisecond, 1001 * time.Second / 30000, 201 * time.Millisecond},
		{100 * time.Millisecond, time.Second / 15, 134 * time.Millisecond},
		{100 * time.Millisecond, time.Second / 30, 100 * time.Millisecond},
		{500 * time.Millisecond, 3 * time.Second, 500 * time.Millisecond},
	} {
		if got := partTarget(c.configured, c.picture, aac); got != c.want {
			t.Errorf("%v with pictures of %v: %v, want %v", c.configured, c.picture, got, c.want)
		}
	}
}

// TestExpects: no part becomes whole by a picture before the one that was expected to make it so, whatever the frame
// rate, the length of GOPs and the sound, and most pictures are not expected to.
func TestExpects(t *testing.T) {
	for _, c := range []struct {
		interval            int64
		gop, reorder, hertz int
	}{
		{3000, 60, 0, 48000}, {3000, 60, 2, 44100}, {3600, 33, 0, 48000}, {1500, 250, 1, 44100}, {3003, 7, 0, 0}, {3750, 48, 0, 48000},
	} {
		cfg := DefaultConfig()
		s := newSynth(cfg)
		s.interval, s.gop, s.reorder = constant(c.interval), c.gop, c.reorder
		if c.hertz == 0 {
			s.p.setTracks(tracks(false))
		} else {
			s.soundRate = c.hertz
			s.p.setTracks([]media.Track{videoTrack(), soundTrack(1, c.hertz)})
		}
		due, idle := 1, 0
		for s.dts < 20*rate {
			before := s.p.Stats().Parts
			second := s.picture == s.gop // how long GOPs are is known from the second keyframe on
			s.video()
			if due--; !second && due > 0 && s.p.Stats().Parts != before {
				t.Fatalf("%+v: a part was whole %d pictures before it was expected, at %v", c, due, media.Duration(s.dts, rate))
			}
			for c.hertz != 0 && media.Rescale(s.soundPTS, s.soundRate, rate) <= s.dts {
				s.sound()
			}
			if due <= 0 || second {
				due, _, _ = s.p.expects()
			}
			if due > 1 {
				idle++
			}
		}
		if idle < s.picture/2 {
			t.Errorf("%+v: something was expected of all but %d of %d pictures", c, idle, s.picture)
		}
	}
}
