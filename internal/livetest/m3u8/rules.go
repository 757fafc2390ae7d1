package m3u8

import (
	"strings"
	"time"
)

// partHeaders checks the numbers that steer a low-latency player (rules 15, 19, 20 and 26).
func (p *mediaReader) partHeaders() {
	m, c := &p.m, p.m.Control
	parts := p.seen["EXT-X-PART"] > 0
	if parts && m.PartInf == "" {
		p.bad("15", "there are parts without EXT-X-PART-INF")
	}
	if m.PartInf != "" {
		switch {
		case c == nil || c.PartHoldBack == 0:
			p.bad("19", "EXT-X-PART-INF without PART-HOLD-BACK")
		case c.PartHoldBack < 3*m.PartTarget:
			p.bad("19", "PART-HOLD-BACK %v is under three part targets of %v", c.PartHoldBack, m.PartTarget)
		}
		if c != nil && !c.CanBlockReload {
			p.bad("19", "low-latency playlist without CAN-BLOCK-RELOAD=YES")
		}
	}
	if c != nil && c.HoldBack > 0 && c.HoldBack < 3*m.TargetDuration {
		p.bad("19", "HOLD-BACK %v is under three target durations", c.HoldBack)
	}
	if c != nil && c.CanSkipUntil > 0 && c.CanSkipUntil < 6*m.TargetDuration {
		p.bad("26", "CAN-SKIP-UNTIL %v is under six target durations", c.CanSkipUntil)
	}
	if m.Skip != nil && (c == nil || c.CanSkipUntil == 0 || m.EndList) {
		p.bad("26", "EXT-X-SKIP where no delta may be")
	}
	kinds := map[string]int{}
	for _, h := range m.Hints {
		kinds[h.Type]++
		if kinds[h.Type] > 1 {
			p.bad("20", "two preload hints of TYPE %s", h.Type)
		}
		if h.Type != "PART" && h.Type != "MAP" {
			p.bad("20", "preload hint of TYPE %s", h.Type)
		}
	}
	if m.EndList && len(m.Hints) > 0 {
		p.bad("20", "preload hint in an ended playlist")
	}
	if parts && !m.EndList && kinds["PART"] != 1 {
		p.bad("20", "%d preload hints of TYPE PART, want 1", kinds["PART"])
	}
}

// segments checks durations and marks within the list (rules 6, 11, 12, 13, 15).
func (p *mediaReader) segments() {
	m := &p.m
	all := m.Segments
	if m.Tail != nil {
		all = append(append([]Segment(nil), all...), *m.Tail)
	}
	for i := range all {
		s := &all[i]
		p.line = s.Line
		if s.URI != "" {
			if s.Duration.Round(time.Second) > m.TargetDuration {
				p.bad("6", "EXTINF %v of %s rounds above the target duration %v", s.Duration, s.URI, m.TargetDuration)
			}
			if s.Duration > m.TargetDuration+500*time.Millisecond {
				p.bad("6", "EXTINF %v of %s is more than half a second over the target", s.Duration, s.URI)
			}
		}
		if s.PDT.IsZero() {
			p.bad("12", "segment %d has no EXT-X-PROGRAM-DATE-TIME", s.MSN)
		}
		if s.Map == nil && m.Skip == nil {
			p.bad("13", "segment %d has no EXT-X-MAP", s.MSN)
		}
		if s.Discontinuity && !m.HasDiscontinuitySequence {
			p.bad("11", "EXT-X-DISCONTINUITY without EXT-X-DISCONTINUITY-SEQUENCE")
		}
		p.parts(s)
	}
	p.line = 0
}

// parts checks the parts of one segment against the part target and EXTINF.
func (p *mediaReader) parts(s *Segment) {
	var sum time.Duration
	for i, part := range s.Parts {
		sum += part.Duration
		if part.Duration > p.m.PartTarget {
			p.bad("15", "part %s lasts %v, over the target %v", part.URI, part.Duration, p.m.PartTarget)
		}
		end := i == len(s.Parts)-1
		beforeGap := !end && s.Parts[i+1].Gap
		// The last part of a parent is exempt; of the growing segment nobody knows yet which is the last.
		if part.Duration*100 < p.m.PartTarget*85 && !part.Independent && !part.Gap && !beforeGap && !end {
			p.bad("15", "part %s lasts %v, under 85 %% of the target %v", part.URI, part.Duration, p.m.PartTarget)
		}
	}
	if s.URI == "" || len(s.Parts) == 0 {
		return
	}
	if d := (sum - s.Duration).Abs(); d > time.Millisecond*time.Duration(1+len(s.Parts)) {
		p.bad("17", "the parts of segment %d last %v together, its EXTINF says %v", s.MSN, sum, s.Duration)
	}
}

// daterange checks one EXT-X-DATERANGE on its own (rules 35, 37, 38 and 39).
func (p *mediaReader) daterange(a []Attr) {
	const tag = "EXT-X-DATERANGE"
	p.want(tag, a, "35", "ID", "START-DATE")
	d := Daterange{ID: Get(a, "ID"), Class: Get(a, "CLASS"), Attrs: a, Line: p.line}
	if v := Get(a, "START-DATE"); v != "" {
		d.Start = p.date("35", "START-DATE", v)
	}
	if v := Get(a, "END-DATE"); v != "" {
		if d.End = p.date("37", "END-DATE", v); d.End.Before(d.Start) {
			p.bad("37", "END-DATE of %s is before its START-DATE", d.ID)
		}
	}
	if v := Get(a, "DURATION"); v != "" {
		n := p.seconds("DURATION", v)
		if end := d.Start.Add(n); !d.End.IsZero() && !end.Equal(d.End) {
			p.bad("37", "DURATION and END-DATE of %s disagree", d.ID)
		} else {
			d.End = end
		}
	}
	if p.yes(a, "END-ON-NEXT") && (d.Class == "" || !d.End.IsZero()) {
		p.bad("38", "END-ON-NEXT of %s needs CLASS and no end", d.ID)
	}
	for _, x := range a {
		if strings.HasPrefix(x.Name, "X-") && !x.Quoted && !strings.HasPrefix(x.Value, "0x") && strings.Trim(x.Value, "+-.0123456789") != "" {
			p.bad("39", "%s=%s is neither quoted, hexadecimal nor a number", x.Name, x.Value)
		}
	}
	for _, o := range p.m.Dateranges {
		if o.ID == d.ID {
			p.conflict(o.Attrs, a)
		}
	}
	p.m.Dateranges = append(p.m.Dateranges, d)
}

// conflict reports attributes in which two tags with one ID differ (rule 36).
func (p *mediaReader) conflict(a, b []Attr) {
	for _, x := range b {
		for _, y := range a {
			if x.Name == y.Name && x.Value != y.Value {
				p.bad("36", "two dateranges %s differ in %s: %q and %q", Get(a, "ID"), x.Name, y.Value, x.Value)
			}
		}
	}
}
