package packager

import (
	"slices"

	"livesrv/internal/media"
)

// flush ends what is under way where it is: the last picture gets the usual duration, the segment ends.
// What comes next begins a new one with a keyframe; last says that nothing comes next. keep says of which
// variants a keyframe is kept that came for that already.
func (c *cutter) flush(last bool, keep ...*variant) {
	if c.hasVideo {
		if c.needKey && len(keep) > 0 {
			c.forget(keep)
			return // what is kept waits for the others
		}
		c.flushVideo(last, keep)
	} else if c.inSegment {
		if !c.alone.empty() {
			c.closeSoundPart()
		}
		if len(c.alone.open.parts) > 0 {
			c.endSoundOnly()
		}
		c.inSegment = false
	}
	if len(keep) > 0 {
		c.sound.rewind()
	} else {
		c.sound.restart()
	}
	c.cutting, c.needKey = false, true
	if edge, ok := c.edge(); ok {
		c.gapEdge = edge
	}
	c.hasSoundEdge = false
	c.forget(keep)
}

func (c *cutter) forget(keep []*variant) {
	for _, v := range c.variants {
		v.forget(slices.Contains(keep, v))
	}
}

func (c *cutter) flushVideo(last bool, keep []*variant) {
	if c.needKey {
		return
	}
	if !c.cutting || len(keep) == 0 {
		c.soundLag, c.hurry = true, true // wait no longer
		c.advance()
		c.hurry = false
	}
	for _, v := range c.variants {
		if v.live() {
			v.drain(slices.Contains(keep, v))
		}
	}
	if !c.inSegment || !c.lead.hasFloor {
		return
	}
	if !last && c.stub() {
		c.dropStub()
		return
	}
	listed := false
	for _, v := range c.variants {
		if v.live() && v.hasFloor && v.floor > v.lane.start || !v.lane.empty() {
			v.closeRest()
		}
		listed = listed || v.on && len(v.lane.open.parts) > 0
	}
	if listed {
		for _, v := range c.variants {
			if c.lead.floor-v.lane.start >= c.target/2 {
				v.fill(c.lead.floor, true)
			}
		}
		c.endSegment(c.lead.floor)
	}
	c.inSegment = false
}

// stub says whether the segment has only just begun: nothing of it is published, and not one frame of its
// sound has come. A player's buffer ends where the first of its tracks ends, so such a segment adds nothing
// to it, and hls.js 1.7 waits for ever until it does.
func (c *cutter) stub() bool {
	for _, l := range c.lanes {
		if len(l.open.parts) > 0 {
			return false
		}
	}
	if !c.sound.active || c.sound.away {
		return false
	}
	frame := media.Rescale(frameTicks(c.sound.track, nil), c.sound.track.ClockRate, rate)
	return c.sound.fresh || c.sound.endLine < c.segStart+frame
}

// dropStub takes back a segment that has only just begun: the gap begins in its place.
func (c *cutter) dropStub() {
	c.lead.floor = c.segStart
	c.inSegment = false
	for _, l := range c.lanes {
		c.stats.Dropped += uint64(l.reopen())
	}
}

// resume begins again with keyframes, after filling up to them with gap what was missed. The best variant
// leads that has one, once all have, or have been waited for. It says whether it did.
func (c *cutter) resume() bool {
	var lead *variant
	var first, newest int64
	all := true
	for _, v := range c.variants {
		switch {
		case !v.usable():
		case len(v.queue) == 0:
			all = false
		case lead == nil:
			lead, first, newest = v, v.queue[0].at, v.newest
		default:
			first, newest = min(first, v.queue[0].at), max(newest, v.newest)
		}
	}
	if lead == nil || !all && newest-first <= maxVariantWait {
		return false
	}
	p := lead.queue[0]
	c.lead = lead
	c.needKey, c.resumedAt = false, p.at
	c.gapTo(p.at, true)
	c.sound.dropBefore(p.at)
	for _, v := range c.variants {
		v.aim(p.at)
	}
	c.rejoin()
	c.startSegment(&p, true)
	return true
}

// gapTo lists gap parts up to the given place: whole parts while the publisher is silent, and the rest
// when it is back. "An encoder that stalls … GAP" keeps players reading on instead of giving up
// (bis §6.2.1, docs/hls.md rule 10). A hole of less than half a part is left to PROGRAM-DATE-TIME.
func (c *cutter) gapTo(to int64, last bool) {
	if !c.anchored || last && !c.inSegment && to-c.gapEdge < c.target/2 {
		return
	}
	for c.gapEdge+c.target <= to || last && c.gapEdge < to {
		if !c.inSegment {
			c.segStart, c.inSegment = c.gapEdge, true
			c.anchor = lineAt{c.gapEdge, c.anchor.date(c.gapEdge)}
			for _, l := range c.lanes {
				if l.on {
					l.openSegment(c.gapEdge, c.anchor.wall, false, true)
				}
			}
		}
		end := min(c.gapEdge+c.target, to)
		for _, l := range c.lanes {
			if l.on && !l.opened {
				// It has begun in the middle of the gap.
				l.openSegment(c.gapEdge, c.anchor.date(c.gapEdge), false, true)
			}
			if l.on {
				l.closeGap(end, media.Duration(end-c.gapEdge, rate))
			}
		}
		c.gapEdge = end
		if end-c.segStart+c.target/2 > media.Ticks(c.cfg.SegmentDuration, rate) {
			c.closeGapSegment()
		}
	}
	if last && c.inSegment {
		c.closeGapSegment()
	}
}

func (c *cutter) closeGapSegment() {
	for _, l := range c.lanes {
		switch {
		case !l.on:
		case !l.listed():
			l.open.msn++ // it has begun in the gap, and begins with the segment after it
		default:
			l.closeSegment()
		}
	}
	c.inSegment = false
}
