package packager

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	mfmp4 "github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"livesrv/internal/media"
	"livesrv/packager/playlist"
)

// checker holds every published snapshot of a presentation against the rules of docs/hls.md. It fails with
// the number of the rule.
type checker struct {
	p     *Presentation
	fatal func(format string, args ...any)
	last  [maxLanes]*snapshot
	prev  [maxLanes]*playlist.Media
	// checked is the next part whose bytes have not been read.
	checked [maxLanes][2]uint64
	// end is where the last sample of a track ended, in its ticks, per lane and track id.
	end [maxLanes]map[int]int64
	// shown counts what was packaged.
	shown [maxLanes]map[int]int
	// longest is the longest interval of pictures, for rule 14.
	longest time.Duration
	// loose is for sources with holes: video may run over the end of its part, as it does when audio goes on
	// without pictures, and a track may begin later than it ended.
	loose bool
	// apart is how far apart the ends of the renditions may be; 0 does not look.
	apart time.Duration
}

func newChecker(p *Presentation, fatal func(string, ...any)) *checker {
	c := &checker{p: p, fatal: fatal, longest: 70 * time.Millisecond}
	for i := range c.end {
		c.end[i], c.shown[i] = map[int]int64{}, map[int]int{}
	}
	return c
}

func (c *checker) rule(n int, ok bool, format string, args ...any) {
	if !ok {
		c.fatal("rule %d: %s", n, fmt.Sprintf(format, args...))
	}
}

// look checks what has been published since the last look.
func (c *checker) look() {
	seen := c.prev[laneMuxed] != nil
	for i := range laneNames {
		r := c.p.lanes[i].Load()
		if r == nil {
			continue
		}
		s := r.snap.Load()
		if s == c.last[i] || len(s.segs) == 0 && len(s.open.parts) == 0 {
			continue
		}
		c.last[i] = s
		text := string(s.blob(SkipNone).Plain)
		m, err := playlist.Parse([]byte(text))
		if err != nil {
			c.fatal("%s: %v in\n%s", r.name, err, text)
			return
		}
		c.list(m, text, s.ended)
		if c.prev[i] != nil {
			c.step(c.prev[i], m)
		}
		c.delta(s, m, SkipV1)
		c.delta(s, m, SkipV2)
		c.prev[i] = m
		c.bytes(i, s)
		if i == laneSound && seen {
			c.rule(21, len(m.Reports) >= 1, "%s has %d reports", r.name, len(m.Reports))
		}
	}
	c.together()
}

// together checks what is the same in all renditions: header, numbers, where segments begin, dateranges.
func (c *checker) together() {
	a := c.prev[laneMuxed]
	if a == nil {
		return
	}
	ends := func(m *playlist.Media) time.Time {
		g, d := m.Segments[len(m.Segments)-1:], time.Duration(0)
		if m.Open != nil {
			g = []playlist.Segment{*m.Open}
		}
		for _, p := range g[0].Parts {
			d += p.Duration
		}
		return g[0].DateTime.Add(d)
	}
	starts := func(m *playlist.Media) map[uint64]playlist.Segment {
		all := map[uint64]playlist.Segment{}
		for i, g := range append(slices.Clone(m.Segments), tail(m)...) {
			all[m.MediaSequence+uint64(i)] = g
		}
		return all
	}
	for i, m := range c.prev {
		if m == nil || i == laneMuxed {
			continue
		}
		c.rule(19, m.TargetDuration == a.TargetDuration && m.PartTarget == a.PartTarget && m.Control == a.Control, "%s: header %+v, %+v in v0", laneNames[i], m.Header, a.Header)
		c.rule(40, cmp.Equal(m.DateRanges, a.DateRanges, cmpopts.EquateEmpty()), "%s: other dateranges", laneNames[i])
		if c.apart == 0 || len(m.Segments) == 0 || len(a.Segments) == 0 {
			continue
		}
		c.rule(21, m.MediaSequence+uint64(len(m.Segments)) == a.MediaSequence+uint64(len(a.Segments)), "%s has complete %d, v0 %d", laneNames[i], m.MediaSequence+uint64(len(m.Segments)), a.MediaSequence+uint64(len(a.Segments)))
		off := ends(m).Sub(ends(a))
		c.rule(21, off.Abs() <= c.apart, "%s ends %v from v0", laneNames[i], off)
		discs, adiscs := m.DiscontinuitySequence, a.DiscontinuitySequence
		is, was := starts(m), starts(a)
		for msn := max(m.MediaSequence, a.MediaSequence); ; msn++ {
			g, ok := is[msn]
			h, both := was[msn]
			if !ok || !both {
				break
			}
			if m.MediaSequence == a.MediaSequence {
				discs, adiscs = discs+count(g.Discontinuity), adiscs+count(h.Discontinuity)
				c.rule(11, discs == adiscs, "segment %d is after %d discontinuities in %s, %d in v0", msn, discs, laneNames[i], adiscs)
			}
			if i != laneSound {
				c.rule(21, g.DateTime.Sub(h.DateTime).Abs() <= media.Duration(2*maxSkew, rate)+2*time.Millisecond, "segment %d begins at %v in %s, at %v in v0", msn, g.DateTime, laneNames[i], h.DateTime)
			}
		}
	}
}

func tail(m *playlist.Media) []playlist.Segment {
	if m.Open == nil {
		return nil
	}
	return []playlist.Segment{*m.Open}
}

func count(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// list checks one playlist by itself.
func (c *checker) list(m *playlist.Media, text string, ended bool) {
	target, td := m.PartTarget, time.Duration(m.TargetDuration)*time.Second
	c.rule(4, m.Version == 6, "version %d", m.Version)
	c.rule(11, strings.Contains(text, "#EXT-X-DISCONTINUITY-SEQUENCE:"), "no discontinuity sequence")
	ctl := m.Control
	c.rule(19, ctl.CanBlock && ctl.PartHoldBack >= 3*target && ctl.HoldBack >= 3*td, "server control %+v", ctl)
	c.rule(26, ctl.CanSkipUntil >= 6*td && ctl.CanSkipDateRanges, "server control %+v", ctl)
	all := slices.Clone(m.Segments)
	if m.Open != nil {
		all = append(all, *m.Open)
	}
	var sum time.Duration
	for i, g := range all {
		c.rule(12, !g.DateTime.IsZero(), "no date")
		c.rule(13, i > 0 || g.Map != "", "no map before the first segment")
		if i < len(m.Segments) {
			c.rule(6, g.Duration.Round(time.Second) <= td, "a segment of %v, target %v", g.Duration, td)
			c.rule(5, g.URI == segmentURI(m.MediaSequence+uint64(i)), "segment %d is %s", i, g.URI)
		}
		if i > 0 && !g.Discontinuity && !g.Gap && !all[i-1].Gap {
			off := g.DateTime.Sub(all[i-1].DateTime) - all[i-1].Duration
			c.rule(14, off.Abs() <= c.longest+2*time.Millisecond, "a segment of %v and %v between dates", all[i-1].Duration, off+all[i-1].Duration)
		}
		sum += g.Duration
		c.parts(m, i, g, all, target)
	}
	for i := range m.Segments {
		from := time.Duration(0)
		for _, g := range all[i+1:] {
			from += g.Duration
		}
		if from > 3*td+time.Millisecond { // the sum of what was rounded
			c.rule(9, len(m.Segments[i].Parts) == 0, "parts are listed %v from the end", from)
		}
	}
	c.rule(20, (m.Hint == nil) == ended, "hint %v, ended %v", m.Hint, ended)
	if m.Hint != nil {
		n := 0
		if m.Open != nil {
			n = len(m.Open.Parts)
		}
		c.rule(20, m.Hint.Part == partURI(m.MediaSequence+uint64(len(m.Segments)), n), "hint %s", m.Hint.Part)
	}
	want := 0
	for i := range laneNames {
		if r := c.p.lanes[i].Load(); r != nil && r.snap.Load() != nil && len(r.snap.Load().segs)+len(r.snap.Load().open.parts) > 0 {
			want++
		}
	}
	c.rule(21, len(m.Reports) <= want, "%d reports", len(m.Reports))
	// The list is at least the window, and at most a segment more: "a segment is at most TD + 0.5 s" (App 7.7).
	c.rule(8, sum < c.p.cfg.Window+td+500*time.Millisecond, "%v listed", sum)
}

func (c *checker) parts(m *playlist.Media, i int, g playlist.Segment, all []playlist.Segment, target time.Duration) {
	var sum time.Duration
	for j, p := range g.Parts {
		sum += p.Duration
		c.rule(15, p.Duration <= target, "part %s of %v, target %v", p.URI, p.Duration, target)
		last := i < len(m.Segments) && j == len(g.Parts)-1
		beforeGap := j+1 < len(g.Parts) && g.Parts[j+1].Gap
		if !last && !p.Gap && !beforeGap {
			c.rule(15, p.Duration >= target*85/100, "part %s of %v, target %v", p.URI, p.Duration, target)
		}
		c.rule(10, p.Gap || !g.Gap, "a part with media in a gap")
	}
	if i < len(m.Segments) && len(g.Parts) > 0 {
		off := (sum - g.Duration).Abs()
		c.rule(17, off <= time.Duration(len(g.Parts)+1)*time.Microsecond, "parts of %v in a segment of %v", sum, g.Duration)
	}
}

// step checks that a playlist was changed in no way but the allowed ones.
func (c *checker) step(old, m *playlist.Media) {
	frozen := func(h playlist.Header) playlist.Header {
		h.MediaSequence, h.DiscontinuitySequence = 0, 0
		return h
	}
	c.rule(5, frozen(old.Header) == frozen(m.Header), "the header has changed: %+v, %+v", old.Header, m.Header)
	c.rule(7, m.MediaSequence >= old.MediaSequence, "the media sequence went from %d to %d", old.MediaSequence, m.MediaSequence)
	gone := int(m.MediaSequence - old.MediaSequence)
	if gone > len(old.Segments) {
		c.fatal("rule 7: %d segments are gone of %d", gone, len(old.Segments))
		return
	}
	discs := uint64(0)
	for _, g := range old.Segments[:gone] {
		if g.Discontinuity {
			discs++
		}
	}
	c.rule(11, m.DiscontinuitySequence == old.DiscontinuitySequence+discs, "discontinuity sequence %d, was %d, %d went", m.DiscontinuitySequence, old.DiscontinuitySequence, discs)
	c.rule(5, len(m.Segments) >= len(old.Segments)-gone, "segments are gone from the end")
	for i, g := range old.Segments[gone:] {
		now := m.Segments[i]
		if len(now.Parts) == 0 {
			g.Parts = nil
		}
		if i == 0 {
			g.Map = now.Map
		}
		if !sameSegment(g, now) {
			c.fatal("rule 5: segment %s has changed: %s", g.URI, cmp.Diff(g, now, cmpopts.EquateEmpty()))
		}
	}
	if old.Open == nil {
		return
	}
	next := m.Open
	k := len(old.Segments) - gone
	if k < len(m.Segments) {
		next = &m.Segments[k]
	}
	if next == nil || len(next.Parts) < len(old.Open.Parts) && len(next.Parts) > 0 || !next.DateTime.Equal(old.Open.DateTime) {
		c.fatal("rule 5: the open segment has changed: %+v, %+v", old.Open, next)
		return
	}
	c.rule(5, k == 0 || next.Map == old.Open.Map && next.Discontinuity == old.Open.Discontinuity, "the open segment had map %q, now %q; a discontinuity: %v, now %v",
		old.Open.Map, next.Map, old.Open.Discontinuity, next.Discontinuity)
	if len(next.Parts) > 0 {
		c.rule(5, slices.Equal(next.Parts[:len(old.Open.Parts)], old.Open.Parts), "published parts have changed")
	}
}

// delta checks that a delta update, put onto the full playlist, gives the full playlist.
func (c *checker) delta(s *snapshot, m *playlist.Media, mode SkipMode) {
	text := s.blob(mode).Plain
	d, err := playlist.Parse(text)
	if err != nil {
		c.fatal("rule 26: %v in\n%s", err, text)
		return
	}
	if d.Skip == nil {
		c.rule(26, string(text) == string(s.blob(SkipNone).Plain), "neither a delta nor the whole")
		return
	}
	c.rule(4, d.Version == 8+int(mode), "version %d", d.Version)
	c.rule(26, d.Skip.DateRanges == (mode == SkipV2), "skip %+v", d.Skip)
	k := d.Skip.Segments
	if k <= 0 || k > len(m.Segments) {
		c.fatal("rule 26: %d of %d segments skipped", k, len(m.Segments))
		return
	}
	rest := time.Duration(0)
	for _, g := range m.Segments[k:] {
		rest += g.Duration
	}
	if m.Open != nil {
		for _, p := range m.Open.Parts {
			rest += p.Duration
		}
	}
	c.rule(26, rest >= m.Control.CanSkipUntil-time.Millisecond, "only %v are left, the boundary is %v", rest, m.Control.CanSkipUntil)
	d.Segments = append(slices.Clone(m.Segments[:k]), d.Segments...)
	d.Skip, d.Version = nil, 6
	if mode == SkipV2 {
		d.DateRanges = m.DateRanges
	}
	if string(d.Append(nil)) != string(m.Append(nil)) {
		c.fatal("rule 26: the delta leads elsewhere: %s", cmp.Diff(m, d, cmpopts.EquateEmpty()))
	}
}

func sameSegment(a, b playlist.Segment) bool {
	return a.Discontinuity == b.Discontinuity && a.Map == b.Map && a.DateTime.Equal(b.DateTime) && a.Gap == b.Gap &&
		a.Duration == b.Duration && a.URI == b.URI && slices.Equal(a.Parts, b.Parts)
}

// bytes reads the parts that are new and checks their samples against the playlist.
func (c *checker) bytes(lane int, s *snapshot) {
	all := append(slices.Clone(s.segs), &s.open)
	for _, g := range all {
		for n := range g.parts {
			at := [2]uint64{g.msn, uint64(n)}
			if g.msn < c.checked[lane][0] || g.msn == c.checked[lane][0] && at[1] < c.checked[lane][1] {
				continue
			}
			c.checked[lane] = [2]uint64{g.msn, uint64(n + 1)}
			p := &g.parts[n]
			if p.gap {
				c.end[lane] = map[int]int64{}
				continue
			}
			if g.disc && n == 0 {
				c.end[lane] = map[int]int64{}
			}
			c.part(lane, g, p, n)
		}
	}
}

func (c *checker) part(lane int, g *segment, p *part, n int) {
	var parts mfmp4.Parts
	if err := parts.Unmarshal(p.data); err != nil || len(parts) != 1 {
		c.fatal("rule 13: part %s: %v", p.uri, err)
		return
	}
	for _, tr := range parts[0].Tracks {
		video := lane != laneSound && tr.ID == 1
		scale := rate
		if !video {
			scale = c.p.cut.sound.track.ClockRate
		}
		base := int64(tr.BaseTime)
		if end, ok := c.end[lane][tr.ID]; ok {
			c.rule(13, base == end || c.loose && base > end, "part %s, track %d begins at %d, the one before ended at %d", p.uri, tr.ID, base, end)
		}
		c.shown[lane][tr.ID] += len(tr.Samples)
		at := base
		for i, smp := range tr.Samples {
			if video && i == 0 && n == 0 && g.independent {
				// The date of a segment is that of its first picture, on every line of the timeline.
				pts := at + int64(smp.PTSOffset) - c.p.cut.base*rate
				off := g.pdt.Sub(wallAt(pts)) - media.Duration(g.start-pts, rate)
				c.rule(12, off.Abs() <= time.Millisecond, "segment %d is dated %v off", g.msn, off)
			}
			at += int64(smp.Duration)
		}
		c.end[lane][tr.ID] = at
		if !video && lane != laneSound || c.loose && video {
			continue
		}
		length := media.Duration(at-base, scale)
		c.rule(17, math.Abs(float64(length-p.dur)) < 2000, "part %s is listed with %v and has %v of track %d", p.uri, p.dur, length, tr.ID)
	}
}
