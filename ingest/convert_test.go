package ingest

import (
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"livesrv/internal/fault"
	"livesrv/internal/media"
	"livesrv/internal/stream"
)

// workshop is a Converter by hand: tests deliver what they like.
type workshop struct {
	missing error
	started []*piece
}

// piece is a Conversion by hand.
type piece struct {
	from    media.Track
	deliver func(*media.AccessUnit)
	in      int
	failed  error
	closed  bool
}

func (w *workshop) Convert(from media.Track, _ *slog.Logger, deliver func(*media.AccessUnit)) (Conversion, error) {
	if w.missing != nil {
		return nil, w.missing
	}
	p := &piece{from: from, deliver: deliver}
	w.started = append(w.started, p)
	return p, nil
}

func (p *piece) Track() media.Track {
	return media.Track{ID: p.from.ID, ClockRate: 48000, Codec: tracks[1].Codec}
}
func (p *piece) Close() { p.closed = true }
func (p *piece) Write(*media.AccessUnit) error {
	p.in++
	return p.failed
}

// aacFrame is what a conversion delivers.
func aacFrame(n int64) *media.AccessUnit {
	return &media.AccessUnit{Track: 1, PTS: n * 1024, DTS: n * 1024, Units: [][]byte{{0x21, byte(n)}}}
}

func opusTracks(channels int) []media.Track {
	return []media.Track{tracks[0], {ID: 1, ClockRate: 48000, Codec: &media.Opus{ChannelCount: channels}}}
}

// following is the next item of a reader, which has to be there.
func following(t *testing.T, r *stream.Reader) stream.Item {
	t.Helper()
	it, err := r.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return it
}

func TestConversion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, w := newKit(t, nil), &workshop{}
		k.door.SetConverter(w)
		p := k.enter("a", nil)
		if err := p.SetTracks(opusTracks(2)); err != nil {
			t.Fatal(err)
		}
		if s := p.Session(); len(s.Tracks) != 2 || s.Tracks[1].String() != "AAC 48 kHz stereo from Opus" {
			t.Errorf("the session says %+v", s.Tracks)
		}
		r := k.reg.Open("shoes").Subscribe()
		defer r.Close()
		if it := following(t, r); len(it.Tracks) != 2 || it.Tracks[1].Codec.Name() != "AAC" {
			t.Errorf("the stream has %+v", it)
		}
		for i := range int64(5) {
			if err := k.write(p, 0, i*40, i == 0); err != nil {
				t.Fatal(err)
			}
			following(t, r)
			if err := k.write(p, 1, i*40, true); err != nil {
				t.Fatal(err)
			}
			w.started[0].deliver(aacFrame(i))
			if it := following(t, r); it.AU == nil || it.AU.Track != 1 || it.AU.Units[0][0] != 0x21 {
				t.Fatalf("the stream has %+v", it.AU)
			}
		}
		// Tracks that are said again change nothing; others begin a conversion of their own.
		for _, c := range []struct {
			tracks []media.Track
			begun  int
		}{{opusTracks(2), 1}, {opusTracks(1), 2}, {tracks, 2}, {tracks[:1], 2}, {opusTracks(1), 3}} {
			if err := p.SetTracks(c.tracks); err != nil {
				t.Fatal(err)
			}
			if len(w.started) != c.begun {
				t.Errorf("%d conversions were begun, want %d", len(w.started), c.begun)
			}
		}
		if !w.started[0].closed || !w.started[1].closed || w.started[0].in != 5 {
			t.Errorf("%+v %+v", w.started[0], w.started[1])
		}
		sounds := func() uint64 { return k.reg.Open("shoes").Stats().Tracks[1].AUs }
		w.started[0].deliver(aacFrame(500)) // of a conversion that is over
		if n := sounds(); n != 0 {
			t.Errorf("%d frames of an old conversion were taken", n)
		}
		w.started[2].deliver(aacFrame(500))
		if n := sounds(); n != 1 {
			t.Errorf("%d frames of the present conversion were taken", n)
		}
		p.Close(nil)
		w.started[2].deliver(aacFrame(501))
		if !w.started[2].closed {
			t.Error("the conversion outlives its publication")
		}
	})
}

// TestConversionGivesUp: from there on viewers get the sound as it comes, and the desk says who hears nothing.
func TestConversionGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, w := newKit(t, nil), &workshop{}
		k.door.SetConverter(w)
		p := k.enter("a", nil)
		if err := p.SetTracks(opusTracks(2)); err != nil {
			t.Fatal(err)
		}
		for i := range int64(100) {
			if i == 10 {
				w.started[0].failed = fault.New(fault.Unavailable, "it is broken").WithHint("mend it")
			}
			if err := k.write(p, 0, i*40, i%25 == 0); err != nil {
				t.Fatal(err)
			}
			if err := k.write(p, 1, i*40, true); err != nil {
				t.Fatal(err)
			}
			time.Sleep(40 * time.Millisecond)
		}
		s := p.Session()
		if s.Tracks[1].String() != "Opus 48 kHz stereo" || !w.started[0].closed || w.started[0].in != 11 {
			t.Errorf("%+v, %+v", s.Tracks, w.started[0])
		}
		if st := k.reg.Open("shoes").Stats().Tracks[1]; st.Codec != "Opus" || st.AUs < 80 {
			t.Errorf("the stream has %+v", st)
		}
		unconverted(t, s, "it is broken. To convert it, mend it.")
		p.Close(nil)
	})
}

// TestNoConverter: without one the sound stays what it is, which is said once.
func TestNoConverter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t, nil)
		k.door.SetConverter(&workshop{missing: fault.New(fault.Unavailable, "ffmpeg was not found").WithHint("install it")})
		p := k.enter("a", nil)
		if err := p.SetTracks(opusTracks(2)); err != nil {
			t.Fatal(err)
		}
		for i := range int64(150) {
			if err := k.write(p, 0, i*40, i%25 == 0); err != nil {
				t.Fatal(err)
			}
			if err := k.write(p, 1, i*40, true); err != nil {
				t.Fatal(err)
			}
			time.Sleep(40 * time.Millisecond)
		}
		unconverted(t, p.Session(), "ffmpeg was not found. To convert it, install it.")
		if n := strings.Count(k.log.String(), "Safari and iPhones"); n != 1 {
			t.Errorf("the log says so %d times", n)
		}
		if err := p.SetTracks(tracks); err != nil {
			t.Fatal(err)
		}
		for i := range int64(100) {
			if err := k.write(p, 0, 6000+i*40, i%25 == 0); err != nil {
				t.Fatal(err)
			}
		}
		for _, f := range p.Session().Health.Findings {
			if f.Code == SoundUnconverted {
				t.Errorf("AAC needs no conversion: %+v", f)
			}
		}
		p.Close(nil)
	})
}

func unconverted(t *testing.T, s Session, says string) {
	t.Helper()
	for _, f := range s.Health.Findings {
		if f.Code == SoundUnconverted && strings.HasSuffix(f.Message, says) {
			return
		}
	}
	t.Errorf("the findings are %+v, want %s: … %s", s.Health.Findings, SoundUnconverted, says)
}
