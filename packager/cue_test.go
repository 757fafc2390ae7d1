package packager

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"livesrv/internal/fault"
	"livesrv/internal/media"
	"livesrv/packager/playlist"
)

const scheme = "https://aomedia.org/emsg/ID3"

func pin(id string, start time.Time) Cue {
	return Cue{ID: id, Class: "dev.livesrv.pin", Start: start, Scheme: scheme, Payload: []byte("on " + id), EndPayload: []byte("off " + id),
		Attrs: []Attr{{"X-LIVESRV-CARD", "eyJwaW4i" + id}}}
}

// event is an emsg as found in a part.
type event struct {
	MSN  uint64
	Part int
	Wall time.Time
	ID   uint32
	Data string
}

// events reads every emsg of a rendition's parts.
func events(t *testing.T, p *Presentation, name string) (all []event) {
	t.Helper()
	r, ok := p.Rendition(name)
	if !ok {
		t.Fatalf("no rendition %s", name)
	}
	s := r.snap.Load()
	for _, g := range append(slices.Clone(s.segs), &s.open) {
		for n := range g.parts {
			for b := g.parts[n].data; len(b) > 8 && string(b[4:8]) == "emsg"; {
				size := binary.BigEndian.Uint32(b)
				box := b[8:size]
				scale := binary.BigEndian.Uint32(box[4:])
				at := int64(binary.BigEndian.Uint64(box[8:]))
				rest := bytes.SplitN(box[24:], []byte{0}, 3)
				if string(rest[0]) != scheme || binary.BigEndian.Uint32(box[16:]) != 0xFFFFFFFF {
					t.Errorf("rule 43: scheme %s, duration %d", rest[0], binary.BigEndian.Uint32(box[16:]))
				}
				wall := epoch.Add(media.Duration(at-p.cut.base*int64(scale), int(scale)))
				all = append(all, event{g.msn, n, wall, binary.BigEndian.Uint32(box[20:]), string(rest[2])})
				b = b[size:]
			}
		}
	}
	return all
}

// partAt finds the part that holds a wall time, by the playlist's dates.
func partAt(t *testing.T, m *playlist.Media, at time.Time) (uint64, int) {
	t.Helper()
	all := slices.Clone(m.Segments)
	if m.Open != nil {
		all = append(all, *m.Open)
	}
	for i, g := range all {
		begin := g.DateTime
		for n, p := range g.Parts {
			if end := begin.Add(p.Duration); !at.Before(begin) && at.Before(end) {
				return m.MediaSequence + uint64(i), n
			}
			begin = begin.Add(p.Duration)
		}
	}
	t.Fatalf("no part at %v", at)
	return 0, 0
}

// TestCueEverywhere: one pin, ahead of the edge, is in every rendition at the same instant: in the part
// that holds it, again at each segment's start while it stands, and as a daterange; its end likewise.
func TestCueEverywhere(t *testing.T) {
	s := newSynth(DefaultConfig())
	s.reorder = 2
	s.p.setTracks(tracks(true))
	c := newChecker(s.p, t.Fatalf)
	drive(c, s, 3*time.Second, true, true)
	start := epoch.Add(3777 * time.Millisecond)
	b, err := s.p.PutCue(pin("pin_a", start.Add(300*time.Microsecond)))
	if err != nil {
		t.Fatal(err)
	}
	if !b.Start.Equal(start) || (b.Media-(3777-66)*time.Millisecond).Abs() > 2*time.Millisecond {
		t.Errorf("bound to %+v", b)
	}
	drive(c, s, 8500*time.Millisecond, true, true)
	end := epoch.Add(9123 * time.Millisecond)
	if b, err = s.p.EndCue("pin_a", end); err != nil || !b.End.Equal(end) {
		t.Fatalf("%+v, %v", b, err)
	}
	drive(c, s, 11900*time.Millisecond, true, true)
	var ranges []playlist.DateRange
	for _, name := range []string{"v0", "a0"} {
		m := list(t, s.p, name)
		if ranges == nil {
			ranges = m.DateRanges
		}
		if d := cmp.Diff(ranges, m.DateRanges); d != "" || len(ranges) != 1 || !ranges[0].Start.Equal(start) || !ranges[0].End.Equal(end) {
			t.Errorf("rule 40: the dateranges of %s: %+v, %s", name, m.DateRanges, d)
		}
		got := events(t, s.p, name)
		on := slices.DeleteFunc(slices.Clone(got), func(e event) bool { return e.Data != "on pin_a" })
		off := slices.DeleteFunc(slices.Clone(got), func(e event) bool { return e.Data != "off pin_a" })
		if len(on)+len(off) != len(got) || len(off) != 1 || len(on) != 4 {
			t.Fatalf("%s: events %+v", name, got)
		}
		for i, e := range on {
			if d := e.Wall.Sub(start).Abs(); d > time.Millisecond || e.ID != on[0].ID {
				t.Errorf("%s: event %d at %v, want %v", name, i, e.Wall, start)
			}
			if i > 0 && (e.Part != 0 || e.MSN != on[i-1].MSN+1) {
				t.Errorf("%s: the event is repeated in %d.%d", name, e.MSN, e.Part)
			}
		}
		if msn, n := partAt(t, m, start); on[0].MSN != msn || on[0].Part != n {
			t.Errorf("%s: the event is in %d.%d, its time in %d.%d", name, on[0].MSN, on[0].Part, msn, n)
		}
		if d := off[0].Wall.Sub(end).Abs(); d > time.Millisecond || off[0].ID == on[0].ID {
			t.Errorf("%s: the end is at %v, want %v", name, off[0].Wall, end)
		}
		if msn, n := partAt(t, m, end); off[0].MSN != msn || off[0].Part != n {
			t.Errorf("%s: the end is in %d.%d, its time in %d.%d", name, off[0].MSN, off[0].Part, msn, n)
		}
	}
}

// TestCuePast: 'at what I am seeing' is in the past: the daterange is in the next snapshot, the event in
// the next part with its own time.
func TestCuePast(t *testing.T) {
	s := newSynth(DefaultConfig())
	s.p.setTracks(tracks(true))
	c := newChecker(s.p, t.Fatalf)
	drive(c, s, 9*time.Second, true, true)
	start := epoch.Add(4321 * time.Millisecond)
	b, err := s.p.PutCue(pin("pin_past", start))
	if err != nil || (b.Media-4321*time.Millisecond).Abs() > time.Millisecond {
		t.Fatalf("%+v, %v", b, err)
	}
	if m := list(t, s.p, "a0"); len(m.DateRanges) != 1 {
		t.Errorf("no daterange at once: %+v", m.DateRanges)
	}
	drive(c, s, 9600*time.Millisecond, true, true)
	if got := events(t, s.p, "v0"); len(got) == 0 || got[0].Wall.Sub(start).Abs() > time.Millisecond {
		t.Errorf("events %+v", got)
	}
}

// TestCueBeforeMedia: a cue that was put before there was media is in the first playlist, and in the first
// part.
func TestCueBeforeMedia(t *testing.T) {
	s := newSynth(DefaultConfig())
	b, err := s.p.PutCue(pin("pin_early", epoch.Add(-time.Minute)))
	if err != nil || !b.Start.Equal(epoch.Add(-time.Minute)) {
		t.Fatalf("%+v, %v", b, err)
	}
	s.p.setTracks(tracks(true))
	s.run(1200*time.Millisecond, true, true)
	for _, name := range []string{"v0", "a0"} {
		if m := list(t, s.p, name); len(m.DateRanges) != 1 {
			t.Errorf("%s: no daterange in the first playlist", name)
		}
		if got := events(t, s.p, name); len(got) == 0 || got[0].Part != 0 {
			t.Errorf("%s: events %+v", name, got)
		}
	}
}

// TestRule40Expiry: an open pin stays however old it is; an ended one goes when its end has left the
// window, and its id is then told to who asks for a v2 delta.
func TestRule40Expiry(t *testing.T) {
	cfg := DefaultConfig()
	cfg.SegmentDuration, cfg.TargetDuration, cfg.Window = time.Second, 2*time.Second, 14*time.Second
	s := newSynth(cfg)
	s.gop = 30
	s.p.setTracks(tracks(true))
	c := newChecker(s.p, t.Fatalf)
	drive(c, s, 2*time.Second, true, true)
	for _, id := range []string{"pin_open", "pin_ended"} {
		if _, err := s.p.PutCue(pin(id, epoch.Add(1500*time.Millisecond))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.p.EndCue("pin_ended", epoch.Add(2*time.Second)); err != nil {
		t.Fatal(err)
	}
	drive(c, s, 14*time.Second, true, true)
	if m := list(t, s.p, "v0"); len(m.DateRanges) != 2 {
		t.Errorf("rule 40: a daterange went while its end was listed: %+v", m.DateRanges)
	}
	drive(c, s, 20*time.Second, true, true)
	m := list(t, s.p, "v0")
	if len(m.DateRanges) != 1 || m.DateRanges[0].ID != "pin_open" {
		t.Errorf("%+v", m.DateRanges)
	}
	r, _ := s.p.Rendition("v0")
	d, err := playlist.Parse(r.snap.Load().blob(SkipV2).Plain)
	if err != nil || d.Skip == nil || !slices.Equal(d.Skip.RemovedDateRanges, []string{"pin_ended"}) || len(d.DateRanges) != 0 {
		t.Errorf("rule 26: %v, %+v, %+v", err, d.Skip, d.DateRanges)
	}
	v1, err := playlist.Parse(r.snap.Load().blob(SkipV1).Plain)
	if err != nil || len(v1.DateRanges) != 1 {
		t.Errorf("rule 26: a v1 delta has all dateranges: %v, %+v", err, v1.DateRanges)
	}
	if _, err := s.p.PutCue(pin("pin_ended", s.now)); fault.KindOf(err) != fault.Conflict {
		t.Errorf("an id was used again: %v", err)
	}
}

func TestCueRefusals(t *testing.T) {
	s := newSynth(DefaultConfig())
	s.p.setTracks(tracks(true))
	s.run(3*time.Second, true, true)
	good := func() Cue { return pin("pin_1", epoch.Add(time.Second)) }
	if _, err := s.p.PutCue(good()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.p.PutCue(good()); err != nil {
		t.Errorf("the same cue again: %v", err)
	}
	for name, c := range map[string]struct {
		change func(*Cue)
		kind   fault.Kind
	}{
		"other start": {func(c *Cue) { c.Start = c.Start.Add(time.Second) }, fault.Conflict},
		"numeric id":  {func(c *Cue) { c.ID = "12" }, fault.Invalid},
		"quote":       {func(c *Cue) { c.ID = `a"b` }, fault.Invalid},
		"no start":    {func(c *Cue) { c.ID, c.Start = "pin_2", time.Time{} }, fault.Invalid},
		"far":         {func(c *Cue) { c.ID, c.Start = "pin_2", epoch.Add(24*time.Hour) }, fault.Invalid},
		"backwards":   {func(c *Cue) { c.ID, c.End = "pin_2", c.Start.Add(-time.Second) }, fault.Invalid},
		"over":        {func(c *Cue) { c.ID, c.Start, c.End = "pin_2", epoch.Add(-2*time.Hour), epoch.Add(-time.Hour) }, fault.Invalid},
		"variable":    {func(c *Cue) { c.ID, c.Attrs = "pin_2", []Attr{{"X-A", "{$x}"}} }, fault.Invalid},
		"name":        {func(c *Cue) { c.ID, c.Attrs = "pin_2", []Attr{{"A", "x"}} }, fault.Invalid},
		"twice":       {func(c *Cue) { c.ID, c.Attrs = "pin_2", []Attr{{"X-A", "x"}, {"X-A", "y"}} }, fault.Invalid},
		"big":         {func(c *Cue) { c.ID, c.Payload = "pin_2", make([]byte, maxPayload+1) }, fault.TooLarge},
	} {
		q := good()
		c.change(&q)
		if _, err := s.p.PutCue(q); err == nil || fault.KindOf(err) != c.kind {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.p.EndCue("pin_9", s.now); fault.KindOf(err) != fault.NotFound {
		t.Errorf("an unknown cue was ended: %v", err)
	}
	if _, err := s.p.EndCue("pin_1", time.Time{}); fault.KindOf(err) != fault.Invalid || !strings.HasPrefix(err.Error(), "end: ") {
		t.Errorf("an end at no time: %v", err)
	}
	first, err := s.p.EndCue("pin_1", epoch)
	if err != nil || !first.End.Equal(first.Start) {
		t.Errorf("an end before the start: %+v, %v", first, err)
	}
	if again, err := s.p.EndCue("pin_1", s.now); err != nil || again != first {
		t.Errorf("END-DATE was changed: %+v, %v", again, err)
	}
	for i := len(s.p.cues.all); i < maxCues; i++ {
		if _, err := s.p.PutCue(pin("pin_n"+strings.Repeat("x", 1+i/26)+string(rune('a'+i%26)), s.now)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.p.PutCue(pin("pin_over", s.now)); fault.KindOf(err) != fault.TooMany {
		t.Errorf("one cue too many: %v", err)
	}
}

// TestCueWhileAway: a cue that is put while the publisher is away has the media time that it keeps when he is back.
func TestCueWhileAway(t *testing.T) {
	s := newSynth(DefaultConfig())
	s.p.setTracks(tracks(true))
	c := newChecker(s.p, t.Fatalf)
	drive(c, s, 5100*time.Millisecond, true, true)
	s.p.absent()
	s.skip(7300 * time.Millisecond)
	k := pin("pin_a", s.now)
	b, err := s.p.PutCue(k)
	if err != nil || !b.Placed || b.Media != s.now.Round(time.Millisecond).Sub(epoch) {
		t.Fatalf("%+v, %v, %v into the stream", b, err, s.now.Sub(epoch))
	}
	s.skip(4 * time.Second)
	s.p.setTracks(tracks(true))
	drive(c, s, media.Duration(s.dts, rate)+5*time.Second, true, true)
	if now, err := s.p.PutCue(k); err != nil || now != b {
		t.Errorf("%+v, %v; was %+v", now, err, b)
	}
}
