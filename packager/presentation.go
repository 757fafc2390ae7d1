package packager

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"livesrv/internal/fault"
	"livesrv/internal/media"
	"livesrv/packager/playlist"
)

// Presentation is one stream as packaged. It outlives its publishers and ends when none has come back for
// Config.EndAfter. It is safe for concurrent use.
type Presentation struct {
	name  string
	cfg   Config
	log   *slog.Logger
	now   func() time.Time
	holds holds

	// What readers use without a lock.
	lanes [maxLanes]atomic.Pointer[Rendition]
	multi atomic.Pointer[multi]

	mu    sync.Mutex
	cut   *cutter
	cues  cueList
	stats Stats
	start *starter
	// videos and sound are those of the stream's tracks that can be packaged, the best picture first.
	videos []media.Track
	sound  *media.Track
	ended  bool
	// origin is where the presentation begins, on the line.
	origin    int64
	hasOrigin bool
	// lastIn is when the last access unit came, lag how late it came by its own wall time; lastOut is when
	// the last one came that could be packaged.
	lastIn, lastOut time.Time
	lag             time.Duration
	endedAt         time.Time
	// told is what turned said last.
	told onAir
	// refused is what was last said of a stream that cannot be packaged.
	refused string
}

func newPresentation(name string, cfg Config, log *slog.Logger, now func() time.Time) *Presentation {
	p := &Presentation{name: name, cfg: cfg, now: now, holds: holds{limit: 3 * cfg.TargetDuration}}
	p.log = log.With("room", "packager", "stream", name)
	p.cues.place = p.place
	s := &shared{cfg: cfg, cues: &p.cues, stats: &p.stats, now: now}
	p.cut = newCutter(s, p.log, &p.holds)
	p.cut.begin = p.begin
	p.start = &starter{}
	p.multi.Store(&multi{next: make(chan struct{}), target: cfg.TargetDuration})
	return p
}

// Name is the stream's name.
func (p *Presentation) Name() string { return p.name }

// Rendition finds a rendition: "v0" has the best video and audio together, "v1" the next best, "a0" audio
// alone. Renditions are there from their first part on.
func (p *Presentation) Rendition(name string) (*Rendition, bool) {
	for i, n := range laneNames {
		if n == name {
			r := p.lanes[i].Load()
			return r, r != nil
		}
	}
	return nil, false
}

// PutCue puts a cue into playlists and media. Before there is media it is kept; a start in the past is
// allowed. Putting the same cue again is no error. Errors: Invalid, Conflict for an id in use, TooMany,
// Gone when the presentation has ended.
func (p *Presentation) PutCue(c Cue) (Bound, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return Bound{}, errEnded()
	}
	if first, ok := p.firstDate(); ok && !c.End.IsZero() && c.End.Before(first) {
		return Bound{}, fault.New(fault.Invalid, "the cue ended before the window begins").At("end").
			WithHint("the window begins at %s", first.UTC().Format(playlist.DateTimeLayout))
	}
	k, err := p.cues.put(c, p.now())
	if err != nil {
		return Bound{}, err
	}
	p.publish(true)
	return p.bound(k), nil
}

// EndCue ends an open cue; ending it again changes nothing. Errors: Invalid on "end" for no time at all,
// NotFound, Gone.
func (p *Presentation) EndCue(id string, end time.Time) (Bound, error) {
	if end.IsZero() {
		return Bound{}, fault.New(fault.Invalid, "a cue needs a time to end at").At("end")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return Bound{}, errEnded()
	}
	k, err := p.cues.end(id, end, p.now())
	if err != nil {
		return Bound{}, err
	}
	p.publish(true)
	return p.bound(k), nil
}

func errEnded() error {
	return fault.New(fault.Gone, "the presentation has ended").WithHint("put cues when the stream is on air again")
}

func (p *Presentation) bound(k *cue) Bound {
	b := Bound{Start: k.Start, End: k.End, Placed: p.hasOrigin}
	if p.hasOrigin {
		b.Media = media.Duration(k.line-p.origin, rate)
	}
	return b
}

// Edge is the wall time of the live edge; false while there is no media.
func (p *Presentation) Edge() (pdt time.Time, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.edge()
}

func (p *Presentation) edge() (time.Time, bool) {
	l := p.guide()
	if l == nil {
		return time.Time{}, false
	}
	g := &l.open
	if len(g.parts) == 0 {
		if len(l.segs) == 0 {
			return time.Time{}, false
		}
		g = l.segs[len(l.segs)-1]
	}
	var d time.Duration
	for i := range g.parts {
		d += g.parts[i].dur
	}
	return g.pdt.Add(d).Round(time.Millisecond), true
}

// Stats gives the counters.
func (p *Presentation) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.stats
	s.Ended = p.ended
	s.OnAir, s.Silent = p.onAir(), p.silent()
	s.Cues = len(p.cues.all)
	if p.hasOrigin {
		s.PartTarget = media.Duration(p.cut.target, rate)
	}
	if p.cut.hasVideo {
		s.FrameRate = p.cut.lead.frameRate()
	}
	s.Edge, _ = p.edge()
	return s
}

// expects is how many pictures it takes until a part of any rendition may be whole, how far apart they come, and how long
// they may take at most: before that there is nothing to do with them. It is 1 wherever that is not certain.
func (p *Presentation) expects() (pictures int, every, within time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	within = media.Duration(p.cut.target, rate)
	if p.ended || p.start != nil {
		return 1, 0, within
	}
	return p.cut.expects(), media.Duration(p.cut.lead.cad.interval(), rate), within
}

// guide is the lane that goes back furthest: its segments' lines map wall time to media time.
func (p *Presentation) guide() *lane {
	var best *lane
	for _, l := range p.cut.lanes {
		if l.on && (best == nil || firstMSN(l) < firstMSN(best)) {
			best = l
		}
	}
	return best
}

func firstMSN(l *lane) uint64 {
	if len(l.segs) > 0 {
		return l.segs[0].msn
	}
	return l.open.msn
}

// place maps a wall time to the line, by the PROGRAM-DATE-TIME that it comes after.
func (p *Presentation) place(t time.Time) (int64, bool) {
	if !p.cut.anchored {
		return 0, false
	}
	if l := p.guide(); l != nil && t.Before(p.cut.anchor.wall) && len(l.segs) > 0 {
		for i := len(l.segs) - 1; i >= 0; i-- {
			if g := l.segs[i]; i == 0 || !t.Before(g.pdt) {
				return lineAt{g.start, g.pdt}.place(t), true
			}
		}
	}
	return p.cut.anchor.place(t), true
}

// firstDate is the wall time of the first listed segment.
func (p *Presentation) firstDate() (time.Time, bool) {
	l := p.guide()
	switch {
	case l == nil:
		return time.Time{}, false
	case l.first < len(l.segs):
		return l.segs[l.first].pdt, true
	case len(l.open.parts) > 0:
		return l.open.pdt, true
	}
	return time.Time{}, false
}

// publish makes snapshots of the lanes that have changed, or of all for their cues.
func (p *Presentation) publish(quiet bool) {
	if first, ok := p.firstDate(); ok {
		p.cues.expire(first, p.now(), 6*p.cfg.TargetDuration)
	}
	// The first playlist that a viewer gets tells of every other rendition (bis §4.4.5.4), so one that was
	// there first is written again when the other comes.
	joined := false
	for _, l := range p.cut.lanes {
		old := l.r.snap.Load()
		joined = joined || l.on && l.listed() && (old == nil || len(old.segs)+len(old.open.parts) == 0)
	}
	changed := false
	if !p.begun() {
		return
	}
	for _, l := range p.cut.lanes {
		if !l.on || !l.dirty && !quiet && !joined && !p.ended {
			continue
		}
		var reports []playlist.Report
		for _, o := range p.cut.lanes {
			if o != l && o.on && o.listed() {
				reports = append(reports, o.report())
			}
		}
		l.publish(reports, p.ended, (quiet || joined) && !l.dirty)
		if p.lanes[l.index].Load() == nil {
			p.lanes[l.index].Store(l.r)
		}
		changed = true
	}
	if changed && !quiet && (p.cut.relist || p.ended || !p.multi.Load().ready) {
		p.cut.relist = false
		p.publishMulti()
	}
}

// begun says whether every rendition that there is at the start has media: each reports on the other from
// its first playlist on (docs/hls.md rule 21).
func (p *Presentation) begun() bool {
	if p.ended {
		return true
	}
	waits := false
	for _, l := range p.cut.lanes {
		if p.lanes[l.index].Load() != nil {
			return true
		}
		waits = waits || l.on && !l.listed()
	}
	return !waits
}

// Multivariant gives the multivariant playlist, waiting for the first part of every rendition.
// Errors: Unavailable after three target durations, ctx's own.
func (p *Presentation) Multivariant(ctx context.Context) (Blob, error) {
	m := p.multi.Load()
	if m.ready {
		return m.blob(), nil
	}
	failed := Blob{TargetDuration: p.cfg.TargetDuration}
	t := p.holds.begin()
	defer p.holds.done(t)
	for !m.ready {
		if err := wait(ctx, m.next, t); err != nil {
			if err == errHeld {
				return failed, errNoMedia
			}
			return failed, err
		}
		m = p.multi.Load()
	}
	return m.blob(), nil
}
