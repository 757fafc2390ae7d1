package packager

import (
	"slices"

	"livesrv/internal/media"
)

const (
	// maxSkew is how far from the leading variant's keyframe another's may be for its segment to begin there:
	// a picture at 10 a second, and never more than the shortest part, so that renditions stay in step.
	maxSkew = rate / 10
	// maxVariantWait is how long a segment's end, or the beginning after a gap, waits for a variant that comes
	// late.
	maxVariantWait = rate * 150 / 1000
	// maxSilence is how far a variant may stay behind the others before they go on without it: browsers pause
	// a quality when the line is too thin for it.
	maxSilence = rate * 300 / 1000
)

// The leading variant cuts; the others, which show the same picture, follow: their pictures wait until it is
// known that no segment begins before them, and a segment of theirs begins with their own keyframe of that
// instant. One without pictures lists gaps and begins again with a keyframe.

// live says whether the variant has pictures in the open segment.
func (v *variant) live() bool { return !v.waiting }

// forming are the pictures that are not in a part yet.
func (v *variant) forming(yield func(*picture) bool) {
	if v.pend != nil && !yield(v.pend) {
		return
	}
	for i := range v.queue {
		if !yield(&v.queue[i]) {
			return
		}
	}
}

// clear says whether it is certain that the picture belongs into the open segment.
func (v *variant) clear(p *picture) bool {
	lead := v.c.lead
	if !p.au.Key {
		return lead.reach() >= p.at-v.cad.interval()/2
	}
	return near(lead.lastKey, p.at) || lead.reach() >= p.at+maxSkew
}

// reach is how far it is known what the variant shows: up to its newest picture, or further where parts went on
// with audio alone.
func (v *variant) reach() int64 { return max(v.newest, v.lane.start) }

func near(a, b int64) bool { return a-b <= maxSkew && b-a <= maxSkew }

// follow places what can be placed of the variants that do not lead.
func (c *cutter) follow() {
	if len(c.variants) == 1 || c.cutting || c.needKey || !c.inSegment {
		return
	}
	for _, v := range c.variants {
		switch {
		case v == c.lead:
		case v.live():
			v.follow()
		default:
			// Gaps are as long as the leading variant's parts, so that all are in step.
			to := c.lead.lane.start
			if v.await(); v.waiting && to-v.lane.start >= c.target/4 && (v.lane.empty() || to > v.floor) {
				v.fill(to, true)
			}
		}
	}
}

func (v *variant) follow() {
	for {
		if v.pend == nil {
			if len(v.queue) == 0 {
				return
			}
			v.take()
		}
		if !v.clear(v.pend) {
			return
		}
		if len(v.queue) == 0 {
			v.early()
			return
		}
		v.settle()
	}
}

// settle places the pending picture and closes the part where it is full.
func (v *variant) settle() {
	if end := v.placePending(); end-v.lane.start >= v.c.target {
		v.closePart(end)
	}
}

// await begins again with the keyframe that was waited for: where the segment begins, or, if keyframes of this
// variant are not where segments begin, in the middle of one.
func (v *variant) await() {
	c := v.c
	if len(v.queue) == 0 {
		return
	}
	at := v.queue[0].at
	switch {
	case v.usable() && near(at, c.segStart) && len(v.lane.open.parts) == 0:
		v.begin = at
	case c.lead.reach() < at+maxSkew:
		return // a segment may begin here
	case v.usable() && v.unaligned && at > max(c.segStart, v.lane.start):
		if !v.lane.on {
			c.begin(v.lane)
			v.begin = c.segStart
			v.open(c.anchor)
		}
		v.fill(at, true)
		v.begin = at
	default:
		c.stats.Dropped += uint64(len(v.queue))
		v.queue, v.missed = v.queue[:0], true
		return
	}
	v.join()
	if len(v.lane.open.parts) == 0 {
		v.open(c.anchor)
	}
	v.follow()
}

// usable says whether the variant's init segment is that of its pictures.
func (v *variant) usable() bool { return v.on && !v.stale }

// join lets the variant take part from its begin on.
func (v *variant) join() {
	v.waiting, v.fresh, v.missed, v.unaligned = false, true, false, false
	v.c.sound.skip(v.lane.index, v.begin)
	if !v.lane.on {
		v.c.begin(v.lane)
	}
}

// arrived says whether the variant's picture at a cut is here, or will not come.
func (v *variant) arrived(at int64) bool {
	for p := range v.forming {
		if p.au.Key && near(p.at, at) {
			return true
		}
	}
	return v.newest >= at+maxSkew || v.unaligned && v.newest >= at-v.cad.interval()/2
}

// newest is where the last picture began that has come of any variant that takes part.
func (c *cutter) newest() (at int64) {
	for _, v := range c.variants {
		if v.live() {
			at = max(at, v.newest)
		}
	}
	return at
}

// variantsArrived says whether every variant has what belongs before the cut, or is too late to wait for.
func (c *cutter) variantsArrived() bool {
	if len(c.variants) == 1 || c.hurry {
		return true
	}
	all, newest := true, c.newest()
	for _, v := range c.variants {
		all = all && (v == c.lead || v.waiting || v.arrived(c.cutAt))
	}
	if c.sound.active && !c.sound.fresh {
		newest = max(newest, c.sound.endLine-videoSlack)
	}
	return all || newest-c.cutAt > maxVariantWait
}

// boundary is the picture that a segment begins with which should begin at the given place: the keyframe near
// it, else the first picture behind it; nil while that is not here.
func (v *variant) boundary(at int64) *media.AccessUnit {
	var first *media.AccessUnit
	for p := range v.forming {
		switch {
		case p.au.Key && near(p.at, at) && p.at > v.begin:
			return p.au
		case first == nil && p.at >= at-v.cad.interval()/2:
			first = p.au
		}
	}
	return first
}

// cut ends the variants' parts where a segment ends, at the given place or a little beside it.
func (c *cutter) cut(at int64) {
	for _, v := range c.variants {
		switch {
		case v == c.lead:
			v.begin = at
		case v.live():
			v.cut(at)
		default:
			v.aim(at)
			v.fill(v.begin, true)
		}
	}
}

func (v *variant) cut(at int64) {
	first := v.boundary(at)
	for {
		if v.pend == nil {
			if len(v.queue) == 0 {
				break
			}
			v.take()
		}
		if v.pend.au == first {
			break
		}
		if len(v.queue) == 0 {
			v.placed(v.place(v.pend.at + v.cad.interval()))
			break
		}
		v.settle()
	}
	v.begin = v.floor
	if v.pend != nil {
		v.begin = v.pend.at
	}
	v.unaligned = first == nil || !first.Key
	v.fresh = true
	if near(v.begin, at) {
		if v.begin > v.lane.start {
			v.closePart(v.begin)
		}
		return
	}
	v.takeSound(v.floor)
	v.forget(false)
	v.aim(at)
	v.fill(v.begin, true)
}

// aim lets the variant begin at the given place, or a little beside it where it has a keyframe there.
func (v *variant) aim(at int64) {
	v.begin = at
	if len(v.queue) > 0 && near(v.queue[0].at, at) {
		v.begin = v.queue[0].at
	} else if v.missed {
		v.unaligned, v.missed = true, false
	}
}

// rejoin lets those take part again that have a keyframe where the segment begins.
func (c *cutter) rejoin() {
	for _, v := range c.variants {
		if v.waiting && v.usable() && len(v.queue) > 0 && v.queue[0].at == v.begin {
			v.join()
		}
	}
}

// fill lists gap parts in the open segment: whole ones up to the given place, and what is left over if asked. A
// part that pictures were in when the variant left is closed with the first of them: it may be too short for
// any other place than before a gap or at a segment's end (bis §4.4.4.9).
func (v *variant) fill(to int64, rest bool) {
	l := v.lane
	if !l.on || !l.opened {
		return
	}
	if !l.empty() {
		if to <= v.floor && !rest {
			return
		}
		v.closeRest()
		rest = true
	}
	l.gap(to, rest)
}

// leave ends the variant's media where it is.
func (v *variant) leave() {
	v.drain(false)
	v.takeSound(v.floor)
	v.forget(false)
}

// drain places every picture that there is. keep leaves those that may begin a segment and the ones behind.
func (v *variant) drain(keep bool) {
	for {
		if v.pend == nil {
			if len(v.queue) == 0 {
				break
			}
			v.take()
		}
		if keep && v.pend.au.Key && (v == v.c.lead && v.c.cutting || v != v.c.lead && !v.clear(v.pend)) {
			v.queue = append(v.queue, picture{})
			copy(v.queue[1:], v.queue)
			v.queue[0], v.pend = *v.pend, nil
			break
		}
		if len(v.queue) == 0 {
			v.placed(v.place(v.pend.at + v.cad.interval()))
			break
		}
		v.settle()
	}
}

// forget drops what waits, but for what is kept to begin again with, and where it was.
func (v *variant) forget(keep bool) {
	v.pend = nil
	if !keep {
		clear(v.queue)
		v.queue = v.queue[:0]
	}
	v.waiting, v.still, v.key, v.stood = true, false, nil, 0
	v.hasDTS, v.hasFloor = false, false
	v.cad.sinceKey, v.cad.gop = 0, 0
}

// passSilent goes on without variants that have fallen silent, and lets another lead if need be.
func (c *cutter) passSilent() {
	if len(c.variants) == 1 || c.cutting || c.needKey {
		return
	}
	newest := c.newest()
	for _, v := range c.variants {
		if v.usable() && len(v.queue) > 0 {
			newest = max(newest, v.newest)
		}
	}
	silent := func(v *variant) bool { return newest-v.newest > maxSilence+v.cad.interval() }
	if silent(c.lead) {
		i := slices.IndexFunc(c.variants, func(v *variant) bool { return v.live() && !silent(v) })
		if i < 0 {
			// Only those can go on that wait for a segment to begin.
			c.flush(false, c.variants...)
			c.resume()
			return
		}
		c.lead = c.variants[i]
	}
	for _, v := range c.variants {
		if v.live() && silent(v) {
			v.leave()
		}
	}
}

// best lets the best variant that has pictures lead from the segment on that begins.
func (c *cutter) best() {
	for _, v := range c.variants {
		if v.live() {
			c.lead = v
			return
		}
	}
}

// arrange puts the variants into the order of the tracks, the best first, and makes those that are missing. One
// keeps its rendition when a track comes or goes beside it: publishers leave layers out for a while.
func (c *cutter) arrange(tracks []media.Track) {
	order := make([]*variant, len(tracks))
	rest := slices.Clone(c.variants)
	take := func(i int, fits func(*variant) bool) {
		if n := slices.IndexFunc(rest, fits); order[i] == nil && n >= 0 {
			order[i] = rest[n]
			rest = slices.Delete(rest, n, n+1)
		}
	}
	for i := range tracks {
		take(i, func(v *variant) bool { return v.declares(&tracks[i]) })
	}
	for i := range tracks {
		take(i, func(v *variant) bool { return v.track.Codec != nil && sameTrack(v.track, tracks[i]) })
	}
	for i := range tracks {
		// Either a track's parameter sets have changed, or it is new.
		take(i, func(v *variant) bool { return v.on || v.track.Codec == nil })
		if order[i] == nil && len(c.variants) == maxVariants {
			take(i, func(*variant) bool { return true })
		}
		if order[i] == nil {
			order[i] = &variant{c: c, lane: newLane(len(c.variants), c.shared, c.holds), waiting: true}
			c.variants = append(c.variants, order[i])
		}
	}
	c.variants = append(order, rest...)
	c.lanes = c.lanes[:0]
	for _, v := range c.variants {
		c.lanes = append(c.lanes, v.lane)
	}
	c.lanes = append(c.lanes, c.alone)
}
