package packager

import (
	"sync"
	"time"

	"livesrv/packager/playlist"
)

// part is one published part. Immutable.
type part struct {
	uri string
	// data is nil for a gap.
	data []byte
	dur  time.Duration
	// independent says that it has a keyframe.
	independent, gap bool
}

// segment is one segment. Immutable once it is in a snapshot; parts is only ever appended to.
type segment struct {
	msn uint64
	uri string
	// start is on the presentation's line, in ticks of 90 kHz; pdt is its wall time, to the millisecond.
	start int64
	pdt   time.Time
	dur   time.Duration
	parts []part
	// init and initURI name the init segment.
	init    int
	initURI string
	// disc says that a discontinuity comes before it.
	disc, gap bool
	// independent says that it begins with a keyframe.
	independent bool

	// The rest is set when it is complete. bodies are the parts' bytes; short and long are its tags and
	// URI without and with its parts, from PROGRAM-DATE-TIME on.
	bodies      [][]byte
	size        int64
	short, long []byte
	// left is when it left the list; only its lane may look.
	left time.Time
}

// complete fills in what is only known at the end.
func (g *segment) complete() {
	g.bodies = make([][]byte, 0, len(g.parts))
	list := make([]playlist.Part, len(g.parts))
	for i := range g.parts {
		p := &g.parts[i]
		g.dur += p.dur
		g.size += int64(len(p.data))
		if p.data != nil {
			g.bodies = append(g.bodies, p.data)
		}
		list[i] = p.tag()
	}
	text := playlist.Segment{DateTime: g.pdt, Gap: g.gap, Duration: g.dur, URI: g.uri}
	g.short = text.Append(nil)
	text.Parts = list
	g.long = text.Append(nil)
}

func (p *part) tag() playlist.Part {
	return playlist.Part{Duration: p.dur, URI: p.uri, Independent: p.independent, Gap: p.gap}
}

// snapshot is a rendition at one instant. It never changes; media and then next are closed when there is a newer one:
// the one for those who wait for a part or a segment, the other for those who wait for a playlist.
type snapshot struct {
	next, media chan struct{}
	head        *playlist.Header
	// segs are the complete segments that are kept, the oldest first; those from first on are listed.
	segs  []*segment
	first int
	// open is the segment that is being made, its msn is set even while it has no part.
	open    segment
	discSeq uint64
	ranges  []dateRange
	removed []removedRange
	reports []playlist.Report
	hintMap string
	at      time.Time
	ended   bool

	texts [3]struct {
		once sync.Once
		blob Blob
	}
}

// dateRange is a daterange with the time at which it last changed in the playlist.
type dateRange struct {
	playlist.DateRange
	changed time.Time
}

type removedRange struct {
	id string
	at time.Time
}

// segment finds a kept segment.
func (s *snapshot) segment(msn uint64) (*segment, bool) {
	if len(s.segs) == 0 || msn < s.segs[0].msn || msn >= s.open.msn {
		return nil, false
	}
	return s.segs[msn-s.segs[0].msn], true
}

// ready says whether the playlist has what the query waits for.
func (s *snapshot) ready(q Query) bool {
	if s.ended || !q.HasMSN {
		return true // "ignore both directives after ENDLIST"
	}
	if !q.HasPart {
		return q.MSN < s.open.msn
	}
	msn, n := q.MSN, q.Part
	if msn < s.open.msn {
		g, ok := s.segment(msn)
		if !ok || n < len(g.parts) {
			return true
		}
		// "a part past the last one of its segment is part 0 of the next" (bis §6.2.5.2)
		msn, n = msn+1, 0
	}
	return msn < s.open.msn || msn == s.open.msn && n < len(s.open.parts)
}

// tooFar: "_HLS_msn greater than the last segment plus two, or a part beyond the last one by more than
// the advance part limit: 400 at once" (bis §6.2.5.2).
func (s *snapshot) tooFar(q Query) error {
	if q.MSN > s.open.msn+1 {
		return errMSNFar
	}
	if q.HasPart && q.MSN >= s.open.msn {
		limit := 3
		if t := s.head.PartTarget; t < time.Second {
			limit = int((3*time.Second + t - 1) / t)
		}
		ahead := q.Part + 1
		if q.MSN == s.open.msn {
			ahead -= len(s.open.parts)
		}
		if ahead > limit {
			return errPartFar
		}
	}
	return nil
}

// blob is the playlist's text in one of its forms, rendered and compressed when first asked for.
func (s *snapshot) blob(mode SkipMode) Blob {
	if s.ended || mode > SkipV2 {
		mode = SkipNone
	}
	skip := 0
	if mode != SkipNone {
		// With nothing before the boundary there is nothing to leave out, and the whole list is the update.
		if skip = s.skippable(); skip == 0 {
			mode = SkipNone
		}
	}
	t := &s.texts[mode]
	t.once.Do(func() {
		buf := s.render(make([]byte, 0, 4096+512*(len(s.segs)-s.first)), mode, skip)
		t.blob = Blob{
			Plain:          buf,
			Gzip:           compress(buf),
			TargetDuration: time.Duration(s.head.TargetDuration) * time.Second,
			Ended:          s.ended,
		}
	})
	return t.blob
}

// skippable counts the listed segments that end before the skip boundary.
func (s *snapshot) skippable() int {
	until := s.head.Control.CanSkipUntil
	if until == 0 {
		return 0
	}
	var behind time.Duration
	for i := range s.open.parts {
		behind += s.open.parts[i].dur
	}
	i := len(s.segs)
	for ; i > s.first && behind < until; i-- {
		behind += s.segs[i-1].dur
	}
	return i - s.first
}

// partsFrom is the index of the first segment whose parts are listed: "PART tags SHOULD leave the list
// once they are more than three target durations from its end" (bis §6.2.2).
func (s *snapshot) partsFrom() int {
	keep := 3 * time.Duration(s.head.TargetDuration) * time.Second
	var behind time.Duration
	for i := range s.open.parts {
		behind += s.open.parts[i].dur
	}
	i := len(s.segs)
	for ; i > s.first && behind < keep; i-- {
		behind += s.segs[i-1].dur
	}
	return i
}

func (s *snapshot) render(b []byte, mode SkipMode, skip int) []byte {
	head := *s.head
	head.Version = 6
	if mode == SkipV1 {
		head.Version = 9
	} else if mode == SkipV2 {
		head.Version = 10
	}
	head.MediaSequence = s.open.msn
	if s.first < len(s.segs) {
		head.MediaSequence = s.segs[s.first].msn
	}
	head.DiscontinuitySequence = s.discSeq
	b = head.Append(b)
	b = s.renderRanges(b, mode)
	from := s.first
	if mode != SkipNone {
		b = s.renderSkip(b, mode, skip)
		from += skip
	}
	b = s.renderSegments(b, from)
	b = s.renderOpen(b)
	for i := range s.reports {
		b = s.reports[i].Append(b)
	}
	if s.ended {
		b = playlist.AppendEnd(b)
	}
	return b
}

func (s *snapshot) renderRanges(b []byte, mode SkipMode) []byte {
	for i := range s.ranges {
		if mode == SkipV2 && s.at.Sub(s.ranges[i].changed) > s.head.Control.CanSkipUntil {
			continue
		}
		b = s.ranges[i].Append(b)
	}
	return b
}

func (s *snapshot) renderSkip(b []byte, mode SkipMode, skip int) []byte {
	t := playlist.Skip{Segments: skip, DateRanges: mode == SkipV2}
	if t.DateRanges {
		for _, r := range s.removed {
			if s.at.Sub(r.at) <= s.head.Control.CanSkipUntil {
				t.RemovedDateRanges = append(t.RemovedDateRanges, r.id)
			}
		}
	}
	return t.Append(b)
}

// renderSegments: EXT-X-MAP goes before the first listed segment and wherever it changes; a delta update
// takes it over from the segments that it skips.
func (s *snapshot) renderSegments(b []byte, from int) []byte {
	parts := s.partsFrom()
	for i := from; i < len(s.segs); i++ {
		g := s.segs[i]
		if g.disc {
			b = playlist.AppendDiscontinuity(b)
		}
		if i == s.first || g.init != s.segs[i-1].init {
			b = playlist.AppendMap(b, g.initURI)
		}
		if i >= parts {
			b = append(b, g.long...)
		} else {
			b = append(b, g.short...)
		}
	}
	return b
}

func (s *snapshot) renderOpen(b []byte) []byte {
	n := len(s.open.parts)
	if n > 0 {
		t := playlist.Segment{Discontinuity: s.open.disc, DateTime: s.open.pdt}
		if len(s.segs) == s.first || s.segs[len(s.segs)-1].init != s.open.init {
			t.Map = s.open.initURI
		}
		b = t.AppendHead(b)
		for i := range n {
			p := s.open.parts[i].tag()
			b = p.Append(b)
		}
	}
	if s.ended {
		return b // "no hint with ENDLIST"
	}
	hint := playlist.Hint{Part: partURI(s.open.msn, n), Map: s.hintMap}
	return hint.Append(b)
}
