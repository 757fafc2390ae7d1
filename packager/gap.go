package packager

import (
	"slices"

	"livesrv/internal/media"
)

// flush ends what is under way where it is: the last picture gets the usual duration, the segment ends.
// What comes next begins a new one with a keyframe. keep says of which variants a keyframe is kept that came
// for that already.
func (c *cutter) flush(keep ...*variant) {
	if c.hasVideo {
		if c.needKey && len(keep) > 0 {
			c.forget(keep)
			return // what is kept waits for the others
		}
		c.flushVideo(keep)
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

func (c *cutter) flushVideo(keep []*variant) {
	if c.needKey {
		return
	}
	if !c.cutting || len(keep) == 0 {
		c.soundLag, c.hurry = true, true // wait no longer
		c.advance()
		c.hurry = false
	}
	listed := false
	for _, v := range c.variants {
		if v.live() {
			v.drain(slices.Contains(keep, v))
		}
		if v.live() && v.hasFloor && v.floor > v.lane.start || !v.lane.empty() {
			v.closePart(v.floor)
		}
		listed = listed || v.on && len(v.lane.open.parts) > 0
	}
	if !c.inSegment || !c.lead.hasFloor {
		return
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
		if l.on {
			l.closeSegment()
		}
	}
	c.inSegment = false
}
