package viewer

import (
	"math"
	"time"
)

// arrivals gathers when parts came to those who waited for them. What it holds does not grow with how long it is
// measured: a part that nobody can wait for any more is counted into histograms and forgotten.
type arrivals struct {
	// keep is for how long a part is remembered from when it was first asked for.
	keep  time.Duration
	parts map[string]*partTimes
	// order are the parts that are remembered, the oldest first.
	order []*partTimes

	delays, ages histogram
}

// partTimes are the arrivals of one part.
type partTimes struct {
	target string
	asked  time.Time
	first  time.Time
	sent   time.Time // when its last picture was sent, zero if unknown
	// claimed says that somebody looks into it for that.
	claimed bool
	// after are the arrivals after first, in microseconds; counted that they belong to the measurement.
	after   []int32
	counted bool
}

func newArrivals() arrivals {
	// Whoever waits for a part has a playlist that did not have it yet, which was quiet on its way at most, and waits
	// quiet at most: nobody gets a part as one that was waited for later than that after the first who asked.
	return arrivals{keep: 2 * quiet, parts: map[string]*partTimes{}}
}

// of gives a part's times, and lets go of those that are too old to be asked for.
func (a *arrivals) of(target string) *partTimes {
	p := a.parts[target]
	if p != nil {
		return p
	}
	now := time.Now()
	old := 0
	for ; old < len(a.order) && now.Sub(a.order[old].asked) > a.keep; old++ {
		a.fold(a.order[old])
	}
	if old > 0 {
		n := copy(a.order, a.order[old:])
		clear(a.order[n:])
		a.order = a.order[:n]
	}
	p = &partTimes{target: target, asked: now}
	a.parts[target] = p
	a.order = append(a.order, p)
	return p
}

// claim says whether nobody looks into the part yet; whoever asks does from now on.
func (a *arrivals) claim(target string) bool {
	p := a.of(target)
	claimed := p.claimed
	p.claimed = true
	return !claimed
}

// add notes an arrival. sent is when the part's last picture was sent, zero if that is not known; counts says that the
// part belongs to the measurement if this is the first that it comes to.
func (a *arrivals) add(target string, at, sent time.Time, counts bool) {
	p := a.of(target)
	if !sent.IsZero() {
		p.sent = sent
	}
	if p.first.IsZero() {
		p.first, p.counted = at, counts
	} else if at.Before(p.first) {
		// Who comes first to say so need not be who had it first.
		shift := int32(p.first.Sub(at).Microseconds())
		for i := range p.after {
			p.after[i] += shift
		}
		p.first = at
	}
	p.after = append(p.after, int32(min(at.Sub(p.first).Microseconds(), math.MaxInt32)))
}

// fold counts a part's times and forgets it.
func (a *arrivals) fold(p *partTimes) {
	delete(a.parts, p.target)
	if !p.counted {
		return
	}
	for _, us := range p.after {
		d := time.Duration(us) * time.Microsecond
		a.delays.add(d)
		if !p.sent.IsZero() {
			a.ages.add(d + p.first.Sub(p.sent))
		}
	}
}

func (a *arrivals) foldAll() {
	for _, p := range a.order {
		a.fold(p)
	}
	a.order = nil
}
