package packager

import (
	"context"
	"sync/atomic"
	"time"
)

// Rendition is one media playlist with its parts: "v0", "v1" … have video and audio together, the best
// quality first, "a0" audio alone.
// It is safe for concurrent use; reading takes no lock.
type Rendition struct {
	name   string
	target time.Duration
	holds  *holds
	snap   atomic.Pointer[snapshot]
	inits  atomic.Pointer[map[int]Blob]
}

// Name is the rendition's name: a directory below the presentation's.
func (r *Rendition) Name() string { return r.name }

// Playlist gives the media playlist, waiting for what the query asks for (docs/hls.md rules 22 to 26).
// Errors: Invalid for a query that cannot be met, Unavailable after three target durations, ctx's own.
// The Blob of an error still has TargetDuration.
func (r *Rendition) Playlist(ctx context.Context, q Query) (Blob, error) {
	failed := Blob{TargetDuration: r.target}
	if q.HasPart && !q.HasMSN {
		return failed, errPartNoMSN
	}
	if q.Part < 0 {
		return failed, errPartInvalid
	}
	s := r.snap.Load()
	if s.ready(q) {
		return s.blob(q.Skip), nil
	}
	if err := s.tooFar(q); err != nil {
		return failed, err
	}
	t := r.holds.begin()
	defer r.holds.done(t)
	for !s.ready(q) {
		if err := wait(ctx, s.next, t); err != nil {
			return failed, err
		}
		s = r.snap.Load()
	}
	return s.blob(q.Skip), nil
}

// Part gives a part's bytes. The part that the preload hint announces is waited for; when it turns out
// not to come, and for every other that is not there, the error is NotFound (docs/hls.md rule 20).
func (r *Rendition) Part(ctx context.Context, msn uint64, n int) (Blob, error) {
	failed := Blob{TargetDuration: r.target}
	s := r.snap.Load()
	if !s.hinted(msn, n) {
		return s.part(msn, n)
	}
	t := r.holds.begin()
	defer r.holds.done(t)
	for s.hinted(msn, n) {
		if err := wait(ctx, s.media, t); err != nil {
			return failed, err
		}
		s = r.snap.Load()
	}
	return s.part(msn, n)
}

// Segment gives a complete segment; one that is still being made is waited for.
// Errors: NotFound for one that is unknown, evicted or a gap, Unavailable after three target durations.
func (r *Rendition) Segment(ctx context.Context, msn uint64) (Body, error) {
	failed := Body{TargetDuration: r.target}
	s := r.snap.Load()
	if s.open.msn == msn && !s.ended && len(s.open.parts) > 0 {
		t := r.holds.begin()
		defer r.holds.done(t)
		for s.open.msn == msn && !s.ended {
			if err := wait(ctx, s.media, t); err != nil {
				return failed, err
			}
			s = r.snap.Load()
		}
	}
	g, ok := s.segment(msn)
	if !ok || g.size == 0 {
		return failed, errNoSegment
	}
	return Body{Parts: g.bodies, Size: g.size, TargetDuration: r.target}, nil
}

// Init gives an init segment.
func (r *Rendition) Init(id int) (Blob, bool) {
	b, ok := (*r.inits.Load())[id]
	return b, ok
}

// hinted says whether the part is the one that the preload hint announces.
func (s *snapshot) hinted(msn uint64, n int) bool {
	return !s.ended && msn == s.open.msn && n == len(s.open.parts)
}

func (s *snapshot) part(msn uint64, n int) (Blob, error) {
	b := Blob{TargetDuration: time.Duration(s.head.TargetDuration) * time.Second}
	parts := s.open.parts
	if msn != s.open.msn {
		g, ok := s.segment(msn)
		if !ok {
			return b, errNoPart
		}
		parts = g.parts
	}
	if n < 0 || n >= len(parts) || parts[n].data == nil {
		return b, errNoPart
	}
	b.Plain = parts[n].data
	return b, nil
}
