package livetest

import (
	"time"

	"livesrv/internal/livetest/m3u8"
)

// ranges judges the dateranges of b against those of the playlist before it (rules 36 and 40).
func (f *follower) ranges(a, b *m3u8.Media, at time.Time) {
	f.c.mu.Lock()
	known := f.c.report.Dateranges[f.name]
	if known == nil {
		known = map[string]m3u8.Daterange{}
		f.c.report.Dateranges[f.name] = known
	}
	f.c.mu.Unlock()
	now := map[string]bool{}
	for _, d := range b.Dateranges {
		now[d.ID] = true
		was, ok := known[d.ID]
		if !ok {
			f.rangeSeen[d.ID] = at
		}
		for _, x := range was.Attrs {
			if v := m3u8.Get(d.Attrs, x.Name); v != x.Value {
				f.find("36", "daterange %s changed %s from %q to %q", d.ID, x.Name, x.Value, v)
			}
		}
		known[d.ID] = d
	}
	if a == nil || len(b.Segments) == 0 {
		return
	}
	for _, d := range a.Dateranges {
		// Rule 40: it stays while one of its dates maps to a segment, so while it is open too.
		if !now[d.ID] && (d.End.IsZero() || !d.End.Before(b.Segments[0].PDT)) {
			f.find("40", "daterange %s (end %s) was removed, the list starts at %s", d.ID, d.End, b.Segments[0].PDT)
		}
	}
}
