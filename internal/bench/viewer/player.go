package viewer

import (
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"livesrv/internal/fault"
)

// kind is what is asked for.
type kind uint8

const (
	askMultivariant kind = iota
	askPlaylist
	askInit
	askPart
)

// lane is which of the two requests a player keeps open.
type lane uint8

const (
	laneList lane = iota
	laneMedia
)

// ask is a request.
type ask struct {
	kind   kind
	target string // path and query
	pos    position
	// hinted says that the part is not listed yet.
	hinted bool
	dur    time.Duration
}

func (a ask) lane() lane {
	if a.kind == askPart || a.kind == askInit {
		return laneMedia
	}
	return laneList
}

// answer is what came. body is valid during the call only; it is nil where nobody wanted to see it.
type answer struct {
	status int
	size   int
	zipped bool
	body   []byte
	at     time.Time
}

// player is one viewer's mind. Its methods may be called from several goroutines.
type player struct {
	t     *tally
	delta bool

	mu   sync.Mutex
	base string // the media playlist's folder
	list string // the media playlist
	v    *view
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

	clock clock
}

// clock is the playhead of a virtual player.
type clock struct {
	playing bool
	// end is when the playhead reaches the end of what has been fetched; before playing, ahead is how much that is.
	end   time.Time
	ahead time.Duration
}

// add puts a part of length d that came at t behind what there is, and gives how long the playhead stood before it.
func (c *clock) add(t time.Time, d time.Duration) (stood time.Duration) {
	if !c.playing {
		c.ahead += d
		return 0
	}
	if t.After(c.end) {
		stood = t.Sub(c.end)
		c.end = t
	}
	c.end = c.end.Add(d)
	return stood
}

// play lets the playhead go.
func (c *clock) play(t time.Time) {
	if !c.playing {
		c.playing, c.end = true, t.Add(c.ahead)
	}
}

// begin gives the first request of a viewer.
func begin(t *tally, target string, delta bool) (*player, ask) {
	return &player{t: t, delta: delta}, ask{kind: askMultivariant, target: target}
}

// wantsBody says whether the bytes of an answer are to be kept.
func (p *player) wantsBody(a ask) bool {
	if a.kind == askPart {
		// Of a part that was not waited for the time does not count (tally.part), and another viewer may yet wait for it.
		return a.hinted && p.t.wantsStamp(a.target)
	}
	return a.kind != askInit
}

// take digests an answer and gives what to ask for next. An error ends the session.
func (p *player) take(a ask, r answer) (next []ask, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.t.answered(a, r)
	if r.status != 200 {
		if a.kind == askPart && a.hinted && r.status == 404 {
			// The segment ended before it: "a hinted part may not come" (docs/hls.md rule 20).
			p.media = false
			p.t.hintMissed()
			return p.fetch(nil), nil
		}
		return nil, &statusError{a.target, r.status}
	}
	switch a.kind {
	case askMultivariant:
		return p.takeMultivariant(a, r)
	case askPlaylist:
		return p.takePlaylist(r)
	case askInit:
		p.inited, p.media = true, false
	case askPart:
		p.media = false
		p.takePart(a, r)
	}
	return p.fetch(nil), nil
}

// statusError is an answer with a status that a player cannot use.
type statusError struct {
	target string
	status int
}

func (e *statusError) Error() string { return e.target + " answers " + strconv.Itoa(e.status) }

func (p *player) takeMultivariant(a ask, r answer) ([]ask, error) {
	text, err := plain(r.body, r.zipped)
	if err != nil {
		return nil, err
	}
	uri, ok := variant(text)
	if !ok {
		return nil, fault.New(fault.Invalid, "the multivariant playlist has no variant")
	}
	if p.list, err = resolve(a.target, uri); err != nil {
		return nil, err
	}
	path, _, _ := strings.Cut(p.list, "?")
	p.base = path[:strings.LastIndexByte(path, '/')+1]
	return []ask{{kind: askPlaylist, target: p.list}}, nil
}

func (p *player) takePlaylist(r answer) ([]ask, error) {
	v, err := p.t.library.view(r.body, r.zipped)
	if err != nil {
		return nil, err
	}
	old := p.v
	if p.v = v; old == nil {
		p.t.targets(v.target)
	}
	if p.guessing {
		if l, ok := v.at(p.guess); ok {
			p.guessing = false
			p.correct(l.dur - v.target)
		}
	}
	if old != nil && !v.next.after(old.next) && !v.ended {
		p.t.stale()
	}
	var next []ask
	if !v.ended {
		next = append(next, ask{kind: askPlaylist, target: p.blocking(v), pos: v.next})
	}
	return p.fetch(next), nil
}

// correct moves the end of what is buffered, once the length of a hinted part is known.
func (p *player) correct(d time.Duration) {
	if p.clock.playing {
		p.clock.end = p.clock.end.Add(d)
	} else {
		p.clock.ahead += d
	}
}

// blocking asks for the playlist that has the part that is not there yet (docs/hls.md rule 22).
func (p *player) blocking(v *view) string {
	b := make([]byte, 0, len(p.list)+64)
	b = append(b, p.list...)
	if strings.IndexByte(p.list, '?') < 0 {
		b = append(b, '?')
	} else {
		b = append(b, '&')
	}
	b = append(b, "_HLS_msn="...)
	b = strconv.AppendUint(b, v.next.msn, 10)
	b = append(b, "&_HLS_part="...)
	b = strconv.AppendInt(b, int64(v.next.part), 10)
	if p.delta && v.skip {
		b = append(b, "&_HLS_skip=YES"...)
	}
	return string(b)
}

func (p *player) takePart(a ask, r answer) {
	d := a.dur
	if a.hinted {
		p.guess, p.guessing, d = a.pos, true, p.v.target
		if l, ok := p.v.at(a.pos); ok {
			p.guessing, d = false, l.dur
		}
	}
	if stood := p.clock.add(r.at, d); stood > 0 {
		p.t.stalled(stood)
	}
	p.t.part(a, r)
}

// fetch appends what the media lane should ask for, if it is free.
func (p *player) fetch(next []ask) []ask {
	if p.media || p.v == nil {
		return next
	}
	if !p.inited {
		if p.v.init == "" {
			p.inited = true
		} else {
			p.media = true
			return append(next, ask{kind: askInit, target: p.base + p.v.init})
		}
	}
	if !p.begun {
		p.begun = true
		p.last = p.v.start()
		p.last.part-- // the one before
	}
	for {
		l, ok := p.v.following(p.last)
		if !ok {
			break
		}
		p.last = l.position
		if l.gap {
			continue
		}
		p.media = true
		return append(next, ask{kind: askPart, target: p.base + l.uri, pos: l.position, dur: l.dur})
	}
	// All that is listed has been fetched: the playhead may go, and the next part is waited for.
	if len(p.v.parts) > 0 && p.clock.ahead > 0 {
		p.clock.play(time.Now())
	}
	if p.v.hint == "" || p.v.hint == p.hinted || p.v.ended || !p.v.next.after(p.last) {
		return next
	}
	p.hinted, p.media = p.v.hint, true
	a := ask{kind: askPart, target: p.base + p.v.hint, pos: p.v.next, hinted: true}
	p.last = position{p.v.next.msn, p.v.next.part}
	return append(next, a)
}

// ended says that the playlist will not change any more and everything in it has been asked for.
func (p *player) ended() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.v != nil && p.v.ended
}

// resolve gives the path and query of a reference.
func resolve(base, ref string) (string, error) {
	b, err := url.Parse(base)
	if err != nil {
		return "", err
	}
	u, err := b.Parse(ref)
	if err != nil {
		return "", err
	}
	return u.RequestURI(), nil
}
