package packager

import (
	"hash/fnv"
	"math"
	"slices"
	"time"

	"livesrv/internal/fault"
	"livesrv/internal/media"
	"livesrv/packager/fmp4"
	"livesrv/packager/playlist"
)

const (
	// maxCues bounds the cues of a presentation.
	maxCues = 512
	// maxAhead is how far in the future a cue may be put.
	maxAhead = time.Hour
	// maxPayload bounds what one event puts into every segment.
	maxPayload = 16 << 10
)

// cue is a Cue with its place.
type cue struct {
	Cue
	// line and endLine are Start and End on the line; bound and endBound say that they are final.
	line, endLine   int64
	bound, endBound bool
	// sent and endSent are per lane.
	sent, endSent [maxLanes]bool
	changed       time.Time
	id, endID     uint32
}

// cueList keeps cues and writes them into parts. The presentation's lock guards it.
type cueList struct {
	all []*cue
	// ranges and removed are shared with snapshots: never changed, only replaced.
	ranges  []dateRange
	removed []removedRange
	// place finds a wall time on the line; false while there is no media.
	place func(time.Time) (int64, bool)
}

// check refuses a cue that would spoil a playlist.
func (c *Cue) check(now time.Time) error {
	bad := func(field, format string, args ...any) error {
		return fault.New(fault.Invalid, format, args...).At(field)
	}
	switch {
	case !playlist.Quotable(c.ID) || len(c.ID) > 128 || numeric(c.ID):
		return bad("id", "a cue's id is a short text that is not a number and has no quotation mark or control character")
	case c.Class != "" && !playlist.Quotable(c.Class):
		return bad("class", "the class has a character that a playlist cannot carry")
	case c.Start.IsZero():
		return bad("start", "a cue needs a start")
	case c.Start.After(now.Add(maxAhead)):
		return bad("start", "the start is more than %s ahead", maxAhead)
	case !c.End.IsZero() && c.End.Before(c.Start):
		return bad("end", "the end is before the start")
	case len(c.Payload) > maxPayload || len(c.EndPayload) > maxPayload:
		return fault.New(fault.TooLarge, "a cue's payload may have %d bytes", maxPayload)
	}
	names := make(map[string]bool, len(c.Attrs))
	for _, a := range c.Attrs {
		if !playlist.AttributeName(a.Name) || !playlist.Quotable(a.Value) || names[a.Name] {
			return bad("attrs", "attribute %q cannot be written: names begin with X-, are upper case and unique, values have no line break, quotation mark or {$", a.Name)
		}
		names[a.Name] = true
	}
	return nil
}

func numeric(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != ""
}

func (l *cueList) find(id string) *cue {
	for _, c := range l.all {
		if c.ID == id {
			return c
		}
	}
	return nil
}

// put keeps a cue. Putting the same one again changes nothing.
func (l *cueList) put(c Cue, now time.Time) (*cue, error) {
	c.Start = c.Start.Round(time.Millisecond)
	if !c.End.IsZero() {
		c.End = c.End.Round(time.Millisecond)
	}
	if err := c.check(now); err != nil {
		return nil, err
	}
	if old := l.find(c.ID); old != nil {
		if !old.Start.Equal(c.Start) || old.Class != c.Class || !slices.Equal(old.Attrs, c.Attrs) {
			// "Two tags with one ID: any attribute in both MUST have the same value" (bis §4.4.5.1)
			return nil, fault.New(fault.Conflict, "there is another cue with the id %q", c.ID).
				WithHint("a cue cannot change: end it and put one with a new id")
		}
		return old, nil
	}
	if slices.ContainsFunc(l.removed, func(r removedRange) bool { return r.id == c.ID }) {
		return nil, fault.New(fault.Conflict, "the id %q has been used", c.ID).WithHint("use a new id")
	}
	if len(l.all) >= maxCues {
		return nil, fault.New(fault.TooMany, "there are %d cues already", maxCues).WithHint("end some")
	}
	k := &cue{Cue: c, changed: now, id: eventID(c.ID, "start"), endID: eventID(c.ID, "end")}
	k.Attrs = slices.Clone(c.Attrs)
	l.all = append(l.all, k)
	l.bind(k)
	l.rebuild()
	return k, nil
}

// end gives an open cue its end. An end before the start is the start. A second end changes nothing:
// END-DATE is written once.
func (l *cueList) end(id string, at, now time.Time) (*cue, error) {
	k := l.find(id)
	if k == nil {
		return nil, fault.New(fault.NotFound, "there is no cue %q", id)
	}
	if !k.End.IsZero() {
		return k, nil
	}
	k.End = at.Round(time.Millisecond)
	if k.End.Before(k.Start) {
		k.End = k.Start
	}
	k.changed = now
	l.bind(k)
	l.rebuild()
	return k, nil
}

// bind finds a cue's place, as well as it is known.
func (l *cueList) bind(k *cue) {
	if n, ok := l.place(k.Start); ok && !k.bound {
		k.line = n
	}
	if k.End.IsZero() || k.endBound {
		return
	}
	if n, ok := l.place(k.End); ok {
		k.endLine = n
	}
}

// eventID is the emsg id: the same for the same cue after a restart.
func eventID(id, what string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id)) // never fails
	_, _ = h.Write([]byte{0})
	_, _ = h.Write([]byte(what))
	return h.Sum32()
}

// events appends the events of a part from start to end: what begins or ends in it or is late, and at a
// segment's start what is still open, verbatim (docs/hls.md, rule 44).
func (l *cueList) events(ln *lane, b []fmp4.Event, start, end int64, segmentStart bool) []fmp4.Event {
	i := ln.index
	for _, k := range l.all {
		if k.Scheme == "" {
			continue
		}
		l.bind(k)
		due := k.line < end
		switch {
		case !due || k.Payload == nil:
		case !k.sent[i]:
			k.bound, k.sent[i] = true, true
			b = append(b, k.event(ln, k.id, k.line, k.Payload))
		case segmentStart && (k.End.IsZero() || k.endLine > start):
			b = append(b, k.event(ln, k.id, k.line, k.Payload))
		}
		if !due || k.End.IsZero() || k.EndPayload == nil || k.endSent[i] || k.endLine >= end {
			continue
		}
		k.endBound, k.endSent[i] = true, true
		b = append(b, k.event(ln, k.endID, k.endLine, k.EndPayload))
	}
	return b
}

// event is placed "on the same timeline as the tracks, in the timescale of one of them" (docs/hls.md rule 44).
func (k *cue) event(ln *lane, id uint32, line int64, data []byte) fmp4.Event {
	scale := rate
	if !ln.pictures {
		scale = ln.soundRate
	}
	e := fmp4.Event{
		Scheme:    k.Scheme,
		Timescale: uint32(scale),
		Time:      uint64(max(0, media.Rescale(line, rate, scale)+ln.shared.base*int64(scale))),
		Duration:  fmp4.DurationUnknown, // a repetition must not differ, and the end may come later
		ID:        id,
		Data:      data,
	}
	return e
}

// rebuild makes the dateranges of the next snapshots. They are the same in every rendition (bis §6.2.4).
func (l *cueList) rebuild() {
	l.ranges = make([]dateRange, 0, len(l.all))
	for _, k := range l.all {
		r := dateRange{DateRange: playlist.DateRange{ID: k.ID, Class: k.Class, Start: k.Start, End: k.End}, changed: k.changed}
		for _, a := range k.Attrs {
			r.Attrs = append(r.Attrs, playlist.Attr(a))
		}
		l.ranges = append(l.ranges, r)
	}
}

// expire drops the cues that ended before the first listed segment: "MUST NOT remove a DATERANGE while any
// of its dates maps to a segment in the list" (bis §6.2.1). An open one stays.
func (l *cueList) expire(first, now time.Time, forget time.Duration) {
	n := len(l.all)
	removed := slices.Clone(l.removed)
	l.all = slices.DeleteFunc(l.all, func(k *cue) bool {
		if k.End.IsZero() || !k.End.Before(first) {
			return false
		}
		removed = append(removed, removedRange{k.ID, now})
		return true
	})
	removed = slices.DeleteFunc(removed, func(r removedRange) bool { return now.Sub(r.at) > 2*forget })
	if n != len(l.all) || len(removed) != len(l.removed) {
		l.removed = removed
		l.rebuild()
	}
}

// lineAt is the line between wall time and the presentation's line, from one segment on.
type lineAt struct {
	line int64
	wall time.Time
}

func (a lineAt) place(t time.Time) int64 {
	d := min(max(t.Sub(a.wall), math.MinInt64/2), math.MaxInt64/2)
	return a.line + media.Ticks(d, rate)
}

func (a lineAt) date(line int64) time.Time {
	return a.wall.Add(media.Duration(line-a.line, rate)).Round(time.Millisecond)
}
