package packager

import (
	"slices"
	"strings"
	"sync"
	"time"

	"livesrv/internal/media"
	"livesrv/packager/playlist"
)

// multi is the multivariant playlist at one instant, rendered when first asked for.
type multi struct {
	// next is closed when there is another one; after the first ready one nobody waits.
	next   chan struct{}
	ready  bool
	target time.Duration
	ended  bool
	list   playlist.Multivariant

	once sync.Once
	text Blob
}

func (m *multi) blob() Blob {
	m.once.Do(func() {
		b := m.list.Append(nil)
		m.text = Blob{Plain: b, Gzip: compress(b), TargetDuration: m.target, Ended: m.ended}
	})
	return m.text
}

// publishMulti makes the multivariant playlist anew when a segment more has been measured.
func (p *Presentation) publishMulti() {
	old := p.multi.Load()
	m := &multi{target: p.cfg.TargetDuration, ready: true, ended: p.ended}
	m.list.IndependentSegments = true
	shown := slices.ContainsFunc(p.cut.variants, func(v *variant) bool { return v.lane.on && v.lane.hasMedia() })
	// The best quality comes first: players begin with it unless they have measured that they should not, and
	// people on a thin line find theirs within a few parts.
	for _, l := range p.cut.lanes {
		if !l.on || l != p.cut.alone && shown && !l.hasMedia() {
			continue // a quality that has been silent for the whole window is of no use to begin with
		}
		if len(l.segs) == 0 && len(l.open.parts) == 0 && !p.ended {
			return // not all renditions have media yet
		}
		m.list.Variants = append(m.list.Variants, p.stream(l))
		for _, g := range l.segs[l.first:] {
			if !g.independent && !g.gap {
				m.list.IndependentSegments = false // it is only claimed while it is true (App 9.11)
			}
		}
	}
	if old.ready && old.ended == m.ended && m.list.IndependentSegments == old.list.IndependentSegments && equalVariants(old.list.Variants, m.list.Variants) {
		return
	}
	m.next = make(chan struct{})
	p.multi.Store(m)
	close(old.next)
}

func equalVariants(a, b []playlist.Variant) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// stream describes a lane. "CODECS lists every format in any rendition" (bis §6.2.4).
func (p *Presentation) stream(l *lane) playlist.Variant {
	v := playlist.Variant{URI: l.r.name + "/" + playlistName}
	v.Bandwidth, v.AverageBandwidth = l.rates.declared()
	var codecs []string
	for _, q := range p.cut.variants {
		if q.lane != l || q.track.Codec == nil {
			continue
		}
		codecs = append(codecs, q.track.Codec.RFC6381())
		if pic, ok := media.PictureOf(q.track.Codec); ok {
			v.Width, v.Height = pic.Width, pic.Height
		}
		v.FrameRate = q.frameRate()
	}
	if (l.index == laneSound || l.sound) && p.cut.sound.track.Codec != nil {
		codecs = append(codecs, p.cut.sound.track.Codec.RFC6381())
	}
	v.Codecs = strings.Join(codecs, ",")
	return v
}
