package viewer

import (
	"strconv"
	"strings"
	"time"
)

// rendition is what a player knows of one media playlist that it plays.
type rendition struct {
	index int
	base  string // the playlist's folder
	list  string // the playlist
	v     *view
	// last is the last part that was asked for; begun that there was one.
	last  position
	begun bool
	// media says that the media lane is busy; hinted is the last hint that was tried.
	media  bool
	inited bool
	hinted string
	// guess is a part whose length was taken for PART-TARGET before it was listed.
	guess    position
	guessing bool
}

func newRendition(index int, list string) *rendition {
	path, _, _ := strings.Cut(list, "?")
	return &rendition{index: index, list: list, base: path[:strings.LastIndexByte(path, '/')+1]}
}

// ask is a request for something of the rendition.
func (r *rendition) ask(a ask) ask {
	a.rendition = r.index
	return a
}

func (p *player) takePlaylist(r *rendition, got answer) ([]ask, error) {
	v, err := p.t.library.view(got.body, got.zipped)
	if err != nil {
		return nil, err
	}
	old := r.v
	if r.v = v; old == nil {
		p.t.targets(v.target)
	}
	if r.guessing {
		if l, ok := v.at(r.guess); ok {
			r.guessing = false
			p.clock.correct(r.index, l.dur-v.target)
		}
	}
	if old != nil && !v.next.after(old.next) && !v.ended {
		p.t.stale()
	}
	var next []ask
	if !v.ended {
		next = append(next, r.ask(ask{kind: askPlaylist, target: r.blocking(v, p.delta), pos: v.next}))
	}
	return p.fetch(r, next), nil
}

// blocking asks for the playlist that has the part that is not there yet (docs/hls.md rule 22).
func (r *rendition) blocking(v *view, delta bool) string {
	b := make([]byte, 0, len(r.list)+64)
	b = append(b, r.list...)
	if strings.IndexByte(r.list, '?') < 0 {
		b = append(b, '?')
	} else {
		b = append(b, '&')
	}
	b = append(b, "_HLS_msn="...)
	b = strconv.AppendUint(b, v.next.msn, 10)
	b = append(b, "&_HLS_part="...)
	b = strconv.AppendInt(b, int64(v.next.part), 10)
	if delta && v.skip {
		b = append(b, "&_HLS_skip=YES"...)
	}
	return string(b)
}

func (p *player) takePart(r *rendition, a ask, got answer) {
	d := a.dur
	if a.hinted {
		r.guess, r.guessing, d = a.pos, true, r.v.target
		if l, ok := r.v.at(a.pos); ok {
			r.guessing, d = false, l.dur
		}
	}
	if stood, anew := p.clock.add(r.index, got.at, d); stood > 0 {
		p.t.stalled(stood, anew)
	}
	p.t.part(a, got)
}

// fetch appends what the media lane should ask for, if it is free.
func (p *player) fetch(r *rendition, next []ask) []ask {
	if r.media || r.v == nil {
		return next
	}
	if !r.inited {
		if r.v.init == "" {
			r.inited = true
		} else {
			r.media = true
			return append(next, r.ask(ask{kind: askInit, target: r.base + r.v.init}))
		}
	}
	if !r.begun {
		r.begun = true
		r.last = r.v.start()
		r.last.part-- // the one before
	}
	for {
		l, ok := r.v.following(r.last)
		if !ok {
			break
		}
		r.last = l.position
		if l.gap {
			continue
		}
		r.media = true
		return append(next, r.ask(ask{kind: askPart, target: r.base + l.uri, pos: l.position, dur: l.dur}))
	}
	// All that is listed has been fetched: the playhead may go, and the next part is waited for.
	if len(r.v.parts) > 0 {
		p.clock.play(r.index, time.Now())
	}
	if r.v.hint == "" || r.v.hint == r.hinted || r.v.ended || !r.v.next.after(r.last) {
		return next
	}
	r.hinted, r.media = r.v.hint, true
	r.last = r.v.next
	return append(next, r.ask(ask{kind: askPart, target: r.base + r.v.hint, pos: r.v.next, hinted: true}))
}
