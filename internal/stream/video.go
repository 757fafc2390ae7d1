package stream

import (
	"math"

	"livesrv/internal/media"
)

const (
	// minStep separates pictures whose stamps do not: 1 ms.
	minStep = refRate / 1000
	// maxDelay is how far DTS may be set back so that PTS >= DTS.
	maxDelay = refRate
	// usualPicture is the distance of pictures before one is known: 30 a second.
	usualPicture = refRate / 30
)

// rate is a frame rate as an exact fraction: num/den pictures per second.
type rate struct{ num, den int64 }

// rates are what cameras and encoders use.
var rates = []rate{
	{5, 1}, {15, 2}, {10, 1}, {12, 1}, {25, 2}, {15000, 1001}, {15, 1}, {20, 1}, {24000, 1001}, {24, 1}, {25, 1},
	{30000, 1001}, {30, 1}, {48, 1}, {50, 1}, {60000, 1001}, {60, 1}, {90, 1}, {100, 1}, {120000, 1001}, {120, 1},
}

// span is n picture lengths in ref ticks, to the nearest.
func (r rate) span(n int64) int64 { return media.Rescale(n*refRate, int(r.num), int(r.den)) }

// count is how many picture lengths make up ticks, to the nearest.
func (r rate) count(ticks int64) int64 { return media.Rescale(ticks, refRate*int(r.den), int(r.num)) }

// videoPacer makes the DTS of a video track strictly increase with PTS >= DTS, and puts pictures of a
// constant frame rate back on the grid that millisecond stamps blur.
type videoPacer struct {
	begun bool
	dts   int64 // last one given; before the first, the earliest that may be
	step  int64 // last distance of two pictures
	delay int64 // what DTS is set back by, for publishers with DTS > PTS

	res  int64 // resolution of the stamps in ref ticks, 0 for exact stamps
	grid grid
}

// newVideoPacer begins no earlier than at floor.
func newVideoPacer(opts PublishOptions, c media.Codec, floor int64) videoPacer {
	p := videoPacer{res: media.Ticks(opts.Resolution, refRate), step: usualPicture, dts: floor}
	if p.res > 0 {
		p.grid.res = p.res
		p.grid.declare(c)
	}
	return p
}

// pace gives the DTS and PTS of a picture mapped to at, shown cts after it. sure is false where the
// stamp was of no use and at is only the place of the picture before.
func (p *videoPacer) pace(at, cts int64, sure bool, r *Repairs) (dts, pts int64) {
	dts, pts = at, at+cts
	if p.res > 0 && sure {
		dts, pts = p.grid.snap(at, cts)
	}
	if dts-p.delay > pts {
		r.DTSOverPTS++
		p.delay = min(dts-pts, maxDelay)
	}
	dts -= p.delay
	if !p.begun {
		dts = max(dts, p.dts)
	} else if dts <= p.dts {
		dts = p.dts + minStep
	}
	if p.begun {
		p.step = dts - p.dts
	}
	p.begun, p.dts = true, dts
	return dts, max(pts, dts)
}

// grid recognises a constant frame rate behind stamps of a coarse resolution. A frame rate is believed
// while every stamp lies within the resolution of its grid: a variable frame rate never does for long, and
// its stamps are then taken as they are.
type grid struct {
	res int64

	locked bool
	rate   rate
	anchor int64 // place of picture 0
	n      int64 // number of the last picture
	bias   int64 // smoothed error of the stamps against the grid, in 1/256 ticks

	declared   rate
	hypotheses []hypothesis
	seen       int
}

type hypothesis struct {
	rate     rate
	n        int64
	skipped  int64
	min, max int64
	dead     bool
	zero     int64
}

const (
	// trustDeclared is how many pictures must fit the frame rate in the parameter sets.
	trustDeclared = 2
	// decideAfter is how many pictures a search looks at before it decides, giveUpAfter when it begins anew.
	decideAfter = 24
	giveUpAfter = 400
)

func (g *grid) declare(c media.Codec) {
	pic, ok := media.PictureOf(c)
	if !ok || pic.FrameRate < 1 || pic.FrameRate > 240 {
		return
	}
	g.declared = rate{int64(math.Round(pic.FrameRate * 1000)), 1000}
	for _, r := range rates {
		if math.Abs(pic.FrameRate-float64(r.num)/float64(r.den)) < pic.FrameRate*2e-4 {
			g.declared = r
		}
	}
}

// snap gives the DTS and PTS for a picture mapped to at.
func (g *grid) snap(at, cts int64) (dts, pts int64) {
	if !g.locked {
		g.search(at)
		if !g.locked {
			return at, at + cts
		}
	}
	n := max(g.rate.count(at-g.anchor), g.n+1)
	place := g.anchor + g.rate.span(n)
	if diff := at - place; diff > g.slack() || diff < -g.slack() || n-g.n > 256 {
		g.restart()
		g.search(at)
		return at, at + cts
	}
	g.n = n
	g.follow(at - place)
	dts, pts = place, place+cts
	shown := n + g.rate.count(cts)
	if on := g.anchor + g.rate.span(shown); max(on-at-cts, at+cts-on) <= g.slack()+g.res {
		pts = on
	}
	return dts, pts
}

// slack is how far a stamp may lie from its place: its own rounding, that of the anchor, and a little.
func (g *grid) slack() int64 { return g.res * 3 / 2 }

// follow keeps the grid in the middle of the stamps while the camera's clock differs a little from its
// nominal rate: one tick at a time.
func (g *grid) follow(diff int64) {
	g.bias += (diff*256 - g.bias) / 64
	switch limit := g.res * 256 / 8; {
	case g.bias > limit:
		g.anchor++
		g.bias -= 256
	case g.bias < -limit:
		g.anchor--
		g.bias += 256
	}
}

func (g *grid) restart() {
	g.locked, g.bias, g.seen = false, 0, 0
	g.hypotheses = g.hypotheses[:0]
}

// search tests all frame rates at once against the stamps.
func (g *grid) search(at int64) {
	if g.seen >= giveUpAfter {
		g.restart()
	}
	if g.seen == 0 {
		g.begin(at)
		return
	}
	g.seen++
	alive, best := 0, -1
	for i := range g.hypotheses {
		h := &g.hypotheses[i]
		if h.dead || !h.fits(at, g.res) {
			continue
		}
		alive++
		// The longest picture that fits every stamp; twice the rate fits them too.
		if best < 0 {
			best = i
		}
	}
	if alive == 0 {
		g.restart()
		g.begin(at)
		return
	}
	h := &g.hypotheses[best]
	switch {
	case g.declared.num > 0 && h.rate == g.declared && g.seen > trustDeclared:
	case g.seen > decideAfter && !g.rival(best) && h.skipped*4 <= h.n:
	default:
		return
	}
	g.locked, g.rate, g.bias = true, h.rate, 0
	g.anchor, g.n = h.zero+(h.min+h.max)/2, h.n-1
}

func (g *grid) begin(at int64) {
	g.seen = 1
	if g.declared.num > 0 {
		g.hypotheses = append(g.hypotheses, hypothesis{rate: g.declared, zero: at})
	}
	for _, r := range rates {
		if r != g.declared {
			g.hypotheses = append(g.hypotheses, hypothesis{rate: r, zero: at})
		}
	}
}

// rival says whether a rate within 1 % of the best is still possible: 29.97 beside 30.
func (g *grid) rival(best int) bool {
	b := g.hypotheses[best].rate
	for i, h := range g.hypotheses {
		if i == best || h.dead {
			continue
		}
		if d := h.rate.num*b.den - b.num*h.rate.den; max(d, -d)*100 < b.num*h.rate.den {
			return true
		}
	}
	return false
}

// fits adds a stamp to the hypothesis and says whether all of them still fit: their errors may spread
// over two steps of the resolution (rounding, and encoders that round twice), and a bit.
func (h *hypothesis) fits(at, res int64) bool {
	n := h.rate.count(at - h.zero)
	if n <= h.n {
		h.dead = true
		return false
	}
	h.skipped += n - h.n - 1
	h.n = n
	e := at - h.zero - h.rate.span(n)
	h.min, h.max = min(h.min, e), max(h.max, e)
	h.dead = h.max-h.min > res*9/4
	return !h.dead
}

// lockedRate is the frame rate the grid believes in, 0 for none.
func (g *grid) lockedRate() float64 {
	if !g.locked {
		return 0
	}
	return float64(g.rate.num) / float64(g.rate.den)
}

// length is the usual distance of two pictures, in ref ticks.
func (p *videoPacer) length() int64 {
	if p.grid.locked {
		return p.grid.rate.span(1)
	}
	if p.step > 0 && p.step < refRate {
		return p.step
	}
	return usualPicture
}
