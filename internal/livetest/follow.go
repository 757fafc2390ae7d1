package livetest

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"livesrv/internal/livetest/box"
	"livesrv/internal/livetest/m3u8"
)

// follower plays one rendition.
type follower struct {
	c        *checker
	name     string
	url      *url.URL
	video    bool
	first    bool // the first rendition also tries what a player must not
	siblings []*follower

	prev    *m3u8.Media // the last full playlist
	changed time.Time   // when it came
	joined  uint64      // the first segment that is followed from its start
	rounds  int
	misused bool
	// absent says that no media has been listed since the last gap or discontinuity.
	absent bool

	inits     map[string]*box.Init
	initBytes map[string][]byte
	// bodies holds the parts of the segments that are not compared yet, by URI.
	bodies map[string][]byte
	clock  clock
	// gone are media URIs that left the playlist a moment ago.
	gone []removed

	cues      map[cueKey]Cue
	cueSeen   map[cueKey]time.Time
	rangeSeen map[string]time.Time

	peak       float64 // bit/s
	mediaBytes int
	mediaTime  time.Duration

	// last are the segments for Report.Media.
	last []keptSegment
}

// removed is a URI that left the playlist, when, and how long it must stay all the same.
type removed struct {
	uri   string
	at    time.Time
	stays time.Duration
}

func newFollower(c *checker, v m3u8.Variant, first bool) *follower {
	u, err := c.base.Parse(v.URI)
	if err != nil {
		c.find("32", v.URI, "bad URI: %v", err)
		u = c.base
	}
	return &follower{
		c: c, name: v.URI, url: u, first: first, video: m3u8.IsVideo(m3u8.Get(v.Attrs, "CODECS")),
		inits: map[string]*box.Init{}, initBytes: map[string][]byte{}, bodies: map[string][]byte{},
		cues: map[cueKey]Cue{}, cueSeen: map[cueKey]time.Time{}, rangeSeen: map[string]time.Time{},
	}
}

func (f *follower) find(rule, format string, args ...any) { f.c.find(rule, f.name, format, args...) }

// run follows the playlist until the time is up, it ends, or it fails.
func (f *follower) run(ctx context.Context) {
	r := f.c.get(ctx, f.url, classPlain)
	if !f.good(ctx, f.url, r) {
		return
	}
	m := f.parse(r)
	f.c.lifetime(f.url, r, m.TargetDuration, 1, 2)
	// Start with the segment that is growing: of that and all later ones everything is fetched.
	f.joined = m.NextMSN()
	f.accept(ctx, m, r.done)
	until := time.Now().Add(f.c.opt.For)
	for f.rounds = 1; !f.c.opt.over(until) && ctx.Err() == nil && !f.prev.EndList; f.rounds++ {
		if !f.reload(ctx) {
			return
		}
		if f.first && !f.c.opt.Polite && !f.misused && len(f.prev.Segments) > 2 {
			f.misused = true
			f.misuse(ctx)
		}
		f.revisit(ctx)
	}
	f.c.note(func(rep *Report) { rep.Ended = rep.Ended || f.prev.EndList })
}

// over says whether the time to follow is up.
func (o *Options) over(until time.Time) bool {
	if o.Until == nil {
		return !time.Now().Before(until)
	}
	select {
	case <-o.Until:
		return true
	default:
		return false
	}
}

// good reports an answer that is not 200.
func (f *follower) good(ctx context.Context, u *url.URL, r response) bool {
	switch {
	case ctx.Err() != nil:
		return false
	case r.err != nil:
		f.find("P4", "%s: %v", u.RequestURI(), r.err)
		return false
	case r.status != http.StatusOK:
		f.find("P4", "%s answers %d: %.200s", u.RequestURI(), r.status, r.body)
		return false
	}
	return true
}

// parse reads a playlist and records its problems.
func (f *follower) parse(r response) *m3u8.Media {
	m, problems := m3u8.ParseMedia(r.body)
	for _, p := range problems {
		f.c.find(p.Rule, fmt.Sprintf("%s line %d", f.name, p.Line), "%s", p.Text)
	}
	f.c.note(func(rep *Report) { rep.Playlists++ })
	return m
}

// next is the part that the playlist m does not have yet.
func next(m *m3u8.Media) (msn uint64, part int) {
	if m.Tail != nil {
		return m.Tail.MSN, len(m.Tail.Parts)
	}
	return m.NextMSN(), 0
}

// has says whether m has part of segment msn, or anything later (rules 22 and 23).
func has(m *m3u8.Media, msn uint64, part int) bool {
	gotMSN, gotPart := next(m)
	return gotMSN > msn || gotMSN == msn && gotPart > part
}

func (f *follower) directive(msn uint64, part int, more string) *url.URL {
	u := *f.url
	u.RawQuery = fmt.Sprintf("_HLS_msn=%d&_HLS_part=%d%s", msn, part, more)
	return &u
}

// reload asks for the next part by playlist and by hint at the same time, and digests both.
func (f *follower) reload(ctx context.Context) bool {
	msn, part := next(f.prev)
	var hinted chan response
	hint := f.hint("PART")
	if hint != "" {
		hinted = make(chan response, 1)
		go func() { hinted <- f.c.get(ctx, f.resolve(hint), classMedia) }()
	}
	var delta chan response
	if f.rounds%3 == 0 && f.prev.Control != nil && f.prev.Control.CanSkipUntil > 0 {
		delta = make(chan response, 1)
		mode := "&_HLS_skip=YES"
		if f.rounds%2 == 0 && f.prev.Control.CanSkipDaterange {
			mode = "&_HLS_skip=v2"
		}
		go func() { delta <- f.c.get(ctx, f.directive(msn, part, mode), classBlocking) }()
	}
	u := f.directive(msn, part, "")
	r := f.c.get(ctx, u, classBlocking)
	var m *m3u8.Media
	ok := f.good(ctx, u, r)
	if ok {
		m = f.parse(r)
		f.c.lifetime(u, r, m.TargetDuration, 6, 1)
		if !has(m, msn, part) && !m.EndList {
			f.find("22", "asked for segment %d part %d, the answer ends before it", msn, part)
		}
		f.pace(m, r)
	}
	if hinted != nil {
		hr := <-hinted
		if ok {
			f.hinted(ctx, m, hint, msn, part, hr)
		}
	}
	if delta != nil {
		if dr := <-delta; ok && f.good(ctx, f.url, dr) {
			f.delta(m, f.parse(dr))
		}
	}
	if ok {
		f.accept(ctx, m, r.done)
	}
	return ok
}

func (f *follower) hint(kind string) string {
	for _, h := range f.prev.Hints {
		if h.Type == kind {
			return h.URI
		}
	}
	return ""
}

func (f *follower) resolve(uri string) *url.URL {
	u, err := f.url.Parse(uri)
	if err != nil {
		f.find("1", "bad URI %q: %v", uri, err)
		return f.url
	}
	return u
}

// pace checks that updates come as often as they must (rule 10).
func (f *follower) pace(m *m3u8.Media, r response) {
	if m.EndList || f.changed.IsZero() {
		return
	}
	most := m.PartTarget
	if most == 0 {
		most = m.TargetDuration * 3 / 2
	}
	if took := r.done.Sub(f.changed); took > most+f.c.opt.Slack+f.c.opt.Absent {
		f.find("10", "the update to segment %d came after %v, the part target is %v", m.NextMSN(), took.Round(time.Millisecond), m.PartTarget)
	}
}

// hinted judges the answer to a hinted part (rule 20).
func (f *follower) hinted(ctx context.Context, m *m3u8.Media, hint string, msn uint64, part int, r response) {
	got := partOf(m, msn, part)
	if got == nil || got.Gap || ctx.Err() != nil {
		return // what was hinted did not come to be
	}
	if got.URI != hint {
		f.find("20", "the hint said %s, the part is %s", hint, got.URI)
		return
	}
	if !f.good(ctx, f.resolve(hint), r) {
		return
	}
	f.c.lifetime(f.resolve(hint), r, m.TargetDuration, 6, 1)
	if late := r.done.Sub(f.changed); late > m.PartTarget+f.c.opt.Slack+f.c.opt.Absent {
		f.find("20", "the hinted part %s came after %v", hint, late)
	}
	f.bodies[hint] = r.body
}

// partOf is part number part of segment msn, nil if m does not list it.
func partOf(m *m3u8.Media, msn uint64, part int) *m3u8.Part {
	for _, s := range withTail(m) {
		if s.MSN == msn && part < len(s.Parts) {
			return &s.Parts[part]
		}
	}
	return nil
}

// withTail are all segments of m, the growing one too.
func withTail(m *m3u8.Media) []m3u8.Segment {
	if m.Tail == nil {
		return m.Segments
	}
	return append(m.Segments[:len(m.Segments):len(m.Segments)], *m.Tail)
}

// accept takes m as the newest playlist: compares it with the one before and fetches what is new.
func (f *follower) accept(ctx context.Context, m *m3u8.Media, at time.Time) {
	old := f.prev
	if old != nil {
		f.compare(old, m)
	}
	if old == nil || !f.same(old, m) {
		f.changed = at
	}
	f.reports(m)
	f.ranges(old, m, at)
	f.prev = m
	for _, s := range withTail(m) {
		if s.MSN < f.joined {
			continue
		}
		f.segment(ctx, m, &s)
	}
}

func (f *follower) same(a, b *m3u8.Media) bool {
	am, ap := next(a)
	bm, bp := next(b)
	return am == bm && ap == bp && a.EndList == b.EndList
}

// reports checks that every other rendition is told of, and is in step (rule 21).
func (f *follower) reports(m *m3u8.Media) {
	if m.EndList {
		return
	}
	msn, part := next(m)
	for _, o := range f.siblings {
		if o == f {
			continue
		}
		n := 0
		for _, r := range m.Reports {
			if f.resolve(r.URI).Path != o.url.Path {
				continue
			}
			n++
			// Sound's parts are a little shorter than the picture's, as its frames go into the target, so
			// the same moment has a higher index there; in step means by time.
			ahead := int64(r.LastMSN) - int64(msn)
			off := r.LastPart - (part - 1)
			near := ahead == 0 && max(off, -off) <= 2+part/4 || ahead == 1 && r.LastPart <= 1 || ahead == -1
			if !near {
				f.find("21", "%s is at segment %d part %d, its report of %s says %d part %d", f.name, msn, part-1, o.name, r.LastMSN, r.LastPart)
			}
			if r.LastPart < 0 && m.PartInf != "" {
				f.find("21", "the report of %s lacks LAST-PART", o.name)
			}
		}
		if n != 1 {
			f.find("21", "%d rendition reports of %s, want 1", n, o.name)
		}
	}
}
