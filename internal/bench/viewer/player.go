package viewer

import (
	"net/url"
	"slices"
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
	kinds
)

// lane is which of the requests that a player keeps open: each rendition has two lanes.
type lane uint8

const (
	laneList lane = iota
	laneMedia
	lanesEach

	lanes = renditions * lanesEach
)

// ask is a request.
type ask struct {
	kind   kind
	target string // path and query
	// rendition is whose it is: 0 has the picture.
	rendition int
	pos       position
	// hinted says that the part is not listed yet.
	hinted bool
	dur    time.Duration
}

// media says that it is for bytes that need no compression.
func (a ask) media() bool { return a.kind == askPart || a.kind == askInit }

func (a ask) lane() lane {
	l := lane(a.rendition) * lanesEach
	if a.media() {
		l += laneMedia
	}
	return l
}

// answer is what came. body is valid during the call only; it is nil where nobody wanted to see it.
type answer struct {
	status int
	size   int
	zipped bool
	body   []byte
	at     time.Time
	// location and cookies are those of the multivariant playlist's answer.
	location string
	cookies  []string
}

// player is one viewer's mind. Its methods may be called from several goroutines.
type player struct {
	t     *tally
	u     *url.URL // the multivariant playlist
	delta bool

	mu sync.Mutex
	// redirects is how often the multivariant playlist was somewhere else; jar and cookie are what the server wants to see
	// again, which does not change once the playlist is there.
	redirects int
	jar       []cookie
	cookie    string
	// played are the variant, and the sound that it names where that is apart.
	played []*rendition
	clock  clock
}

// begin gives the first request of a viewer.
func begin(t *tally, u *url.URL, delta bool) (*player, ask) {
	return &player{t: t, u: u, delta: delta}, ask{kind: askMultivariant, target: u.RequestURI()}
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
func (p *player) take(a ask, got answer) (next []ask, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.t.answered(a, got)
	if a.kind == askMultivariant {
		return p.takeMultivariant(a, got)
	}
	r := p.played[a.rendition]
	if got.status != 200 {
		if a.kind == askPart && a.hinted && got.status == 404 {
			// The segment ended before it: "a hinted part may not come" (docs/hls.md rule 20).
			r.media = false
			p.t.hintMissed()
			return p.fetch(r, nil), nil
		}
		return nil, &statusError{a.target, got.status}
	}
	switch a.kind {
	case askPlaylist:
		return p.takePlaylist(r, got)
	case askInit:
		r.inited, r.media = true, false
	case askPart:
		r.media = false
		p.takePart(r, a, got)
	}
	return p.fetch(r, nil), nil
}

// statusError is an answer with a status that a player cannot use.
type statusError struct {
	target string
	status int
}

func (e *statusError) Error() string { return e.target + " answers " + strconv.Itoa(e.status) }

// mostRedirects is how often a playlist may be somewhere else.
const mostRedirects = 5

func (p *player) takeMultivariant(a ask, got answer) ([]ask, error) {
	p.keepCookies(got.cookies)
	switch {
	case got.status >= 301 && got.status <= 308 && got.location != "":
		if p.redirects++; p.redirects > mostRedirects {
			return nil, fault.New(fault.Invalid, "the multivariant playlist is always somewhere else")
		}
		to, err := p.resolve(a.target, got.location)
		if err != nil {
			return nil, err
		}
		return []ask{{kind: askMultivariant, target: to}}, nil
	case got.status != 200:
		return nil, &statusError{a.target, got.status}
	}
	text, err := plain(got.body, got.zipped)
	if err != nil {
		return nil, err
	}
	picture, sound, ok := variant(text)
	if !ok {
		return nil, fault.New(fault.Invalid, "the multivariant playlist has no variant")
	}
	var next []ask
	for _, uri := range []string{picture, sound} {
		if uri == "" {
			continue
		}
		list, err := p.resolve(a.target, uri)
		if err != nil {
			return nil, err
		}
		r := newRendition(len(p.played), list)
		p.played = append(p.played, r)
		next = append(next, r.ask(ask{kind: askPlaylist, target: r.list}))
	}
	p.clock.n = len(p.played)
	return next, nil
}

// keepCookies takes what the server wants to see again, as a browser does: some tell viewers apart by that.
func (p *player) keepCookies(lines []string) {
	for _, line := range lines {
		pair, _, _ := strings.Cut(line, ";")
		name, value, ok := strings.Cut(strings.TrimSpace(pair), "=")
		if !ok || name == "" {
			continue
		}
		i := slices.IndexFunc(p.jar, func(c cookie) bool { return c.name == name })
		if i < 0 {
			i = len(p.jar)
			p.jar = append(p.jar, cookie{name: name})
		}
		p.jar[i].value = value
	}
	var b []byte
	for i, c := range p.jar {
		if i > 0 {
			b = append(b, "; "...)
		}
		b = append(append(append(b, c.name...), '='), c.value...)
	}
	p.cookie = string(b)
}

// cookie is one that the server has set.
type cookie struct{ name, value string }

// ended says that no playlist will change any more and everything in them has been asked for.
func (p *player) ended() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.played {
		if r.v == nil || !r.v.ended {
			return false
		}
	}
	return len(p.played) > 0
}

// resolve gives the path and query of a reference, which must lie on the same server.
func (p *player) resolve(base, ref string) (string, error) {
	b, err := p.u.Parse(base)
	if err != nil {
		return "", err
	}
	u, err := b.Parse(ref)
	if err != nil {
		return "", err
	}
	if u.Scheme != p.u.Scheme || u.Host != p.u.Host {
		return "", fault.New(fault.Invalid, "the multivariant playlist names another server, %s", u.Host).
			WithHint("one server is measured at a time: give that one's address")
	}
	return u.RequestURI(), nil
}
