package livetest

import (
	"context"
	"net/http"
	"slices"
	"time"

	"livesrv/internal/livetest/m3u8"
)

// compare judges what may and may not differ between two full playlists of one URL.
func (f *follower) compare(a, b *m3u8.Media) {
	// Rule 6 and pain P1: these never change for the life of a playlist's URL.
	if a.TargetDuration != b.TargetDuration {
		f.find("6", "the target duration changed from %v to %v", a.TargetDuration, b.TargetDuration)
	}
	if a.PartInf != b.PartInf {
		f.find("P1", "EXT-X-PART-INF changed from %q to %q", a.PartInf, b.PartInf)
	}
	if a.Control != nil && b.Control != nil && a.Control.Raw != b.Control.Raw {
		f.find("P1", "EXT-X-SERVER-CONTROL changed from %q to %q", a.Control.Raw, b.Control.Raw)
	}
	if a.EndList && !b.EndList {
		f.find("5", "the playlist had ended and goes on")
	}
	am, ap := next(a)
	bm, bp := next(b)
	if b.Sequence < a.Sequence || bm < am || bm == am && bp < ap {
		f.find("7", "went back from segment %d part %d (first %d) to %d part %d (first %d)", am, ap, a.Sequence, bm, bp, b.Sequence)
		return
	}
	f.evicted(a, b)
	f.kept(a, b)
}

// evicted judges what left the front (rules 7, 8, 9 and 11).
func (f *follower) evicted(a, b *m3u8.Media) {
	marks := uint64(0)
	for _, s := range a.Segments {
		if s.MSN >= b.Sequence {
			break
		}
		if s.Discontinuity {
			marks++
		}
		if !s.Gap {
			// It was in the longest list there was and has now left it: it stays for its own duration.
			f.gone = append(f.gone, removed{s.URI, time.Now(), s.Duration})
		}
	}
	// A DISCONTINUITY tag leaves with its segment; the number may follow when the next segment is first.
	if n := b.DiscontinuitySequence - a.DiscontinuitySequence; n > marks {
		f.find("11", "the discontinuity sequence grew by %d, %d tags were removed", n, marks)
	} else if n < marks {
		f.find("11", "%d discontinuity tags were removed, the sequence grew by %d", marks, n)
	}
	if b.Sequence == a.Sequence || b.EndList {
		return
	}
	var total time.Duration
	for _, s := range b.Segments {
		total += s.Duration
	}
	if total < 3*b.TargetDuration {
		f.find("8", "the list was cut to %v, under three target durations", total)
	}
}

// kept compares the segments that both playlists have (rules 5 and 9).
func (f *follower) kept(a, b *m3u8.Media) {
	old := map[uint64]m3u8.Segment{}
	for _, s := range withTail(a) {
		old[s.MSN] = s
	}
	toEnd := time.Duration(0)
	now := withTail(b)
	for i := len(now) - 1; i >= 0; i-- {
		s := now[i]
		if len(s.Parts) > 0 && toEnd > 3*b.TargetDuration+f.longest(b) {
			f.find("9", "segment %d still lists parts, %v from the end", s.MSN, toEnd)
		}
		toEnd += length(s)
		was, ok := old[s.MSN]
		if !ok {
			continue
		}
		if was.URI != "" && (was.URI != s.URI || was.Duration != s.Duration || was.Gap != s.Gap) {
			f.find("5", "segment %d changed from %s (%v) to %s (%v)", s.MSN, was.URI, was.Duration, s.URI, s.Duration)
		}
		sameMap := was.Map == nil || s.Map == nil || *was.Map == *s.Map
		if !was.PDT.Equal(s.PDT) || was.Discontinuity != s.Discontinuity || !sameMap {
			f.find("5", "the tags of segment %d changed", s.MSN)
		}
		f.keptParts(was, s, toEnd, b)
	}
}

// length is a segment's duration, or that of its parts while it grows.
func length(s m3u8.Segment) time.Duration {
	if s.URI != "" {
		return s.Duration
	}
	var d time.Duration
	for _, p := range s.Parts {
		d += p.Duration
	}
	return d
}

func (f *follower) longest(m *m3u8.Media) time.Duration {
	var d time.Duration
	for _, s := range m.Segments {
		d = max(d, s.Duration)
	}
	return d
}

// keptParts: parts may be appended, and removed all at once when they are far from the end.
func (f *follower) keptParts(was, s m3u8.Segment, toEnd time.Duration, m *m3u8.Media) {
	if len(s.Parts) == 0 && len(was.Parts) > 0 {
		if toEnd-s.Duration <= 3*m.TargetDuration-f.longest(m) && s.URI != "" && !m.EndList {
			f.find("9", "the parts of segment %d left the list %v from the end", s.MSN, toEnd-s.Duration)
		}
		for _, p := range was.Parts {
			if !p.Gap {
				f.gone = append(f.gone, removed{p.URI, time.Now(), 3 * m.TargetDuration})
				break // one of them will do
			}
		}
		return
	}
	if len(s.Parts) < len(was.Parts) {
		f.find("5", "segment %d had %d parts and has %d", s.MSN, len(was.Parts), len(s.Parts))
		return
	}
	for i, p := range was.Parts {
		if p != s.Parts[i] {
			f.find("5", "part %d of segment %d changed: %+v to %+v", i, s.MSN, p, s.Parts[i])
		}
	}
}

// revisit fetches media that left the playlist a while ago, before it may be gone (rule 9).
func (f *follower) revisit(ctx context.Context) {
	f.gone = slices.DeleteFunc(f.gone, func(g removed) bool {
		age := time.Since(g.at)
		if age < g.stays*3/4 {
			return false
		}
		if age < g.stays {
			if r := f.c.get(ctx, f.resolve(g.uri), classMedia); r.err == nil && r.status != http.StatusOK {
				f.find("9", "%s answers %d, %v after it left the playlist", g.uri, r.status, age.Round(time.Millisecond))
			}
		}
		return true
	})
}

// delta judges a delta update d against a full playlist for the same directives (rule 26).
func (f *follower) delta(full, d *m3u8.Media) {
	f.c.note(func(rep *Report) { rep.Deltas++ })
	c := full.Control
	if full.EndList || d.EndList {
		return
	}
	if d.Skip == nil {
		var total time.Duration
		for _, s := range full.Segments {
			total += s.Duration
		}
		if total > c.CanSkipUntil+2*f.longest(full) {
			f.find("26", "no delta update of %v of media, CAN-SKIP-UNTIL is %v", total, c.CanSkipUntil)
		}
		return
	}
	if d.DiscontinuitySequence != full.DiscontinuitySequence && d.Sequence == full.Sequence {
		f.find("26", "the delta's discontinuity sequence is %d, the full one's %d", d.DiscontinuitySequence, full.DiscontinuitySequence)
	}
	var left time.Duration
	for _, s := range withTail(d) {
		left += length(s)
	}
	if left < c.CanSkipUntil-f.longest(full) {
		f.find("26", "the delta leaves %v, CAN-SKIP-UNTIL is %v", left, c.CanSkipUntil)
	}
	byMSN := map[uint64]m3u8.Segment{}
	for _, s := range withTail(full) {
		byMSN[s.MSN] = s
	}
	for _, s := range withTail(d) {
		was, ok := byMSN[s.MSN]
		if !ok {
			continue
		}
		if was.URI != "" && s.URI != "" && (was.URI != s.URI || was.Duration != s.Duration || !was.PDT.Equal(s.PDT) ||
			was.Discontinuity != s.Discontinuity || was.Gap != s.Gap) {
			f.find("26", "segment %d differs between delta and full", s.MSN)
		}
		for i := range min(len(was.Parts), len(s.Parts)) {
			if was.Parts[i] != s.Parts[i] {
				f.find("26", "part %d of segment %d differs between delta and full", i, s.MSN)
			}
		}
	}
	f.deltaRanges(full, d)
}

// deltaRanges: a delta that may drop dateranges says so, one that may not has all of them.
func (f *follower) deltaRanges(full, d *m3u8.Media) {
	if d.Skip.HasRemoved {
		return
	}
	have := map[string]bool{}
	for _, r := range d.Dateranges {
		have[r.ID] = true
	}
	for _, r := range full.Dateranges {
		if !have[r.ID] {
			f.find("26", "the delta lacks daterange %s and does not say that it was removed", r.ID)
		}
	}
}
