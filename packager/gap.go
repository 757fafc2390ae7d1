package packager

import (
	"livesrv/internal/media"
)

// flush ends what is under way where it is: the last picture gets the usual duration, the segment ends.
// What comes next begins a new one with a keyframe. last says that nothing comes next.
func (c *cutter) flush(last bool) {
	if c.hasVideo {
		c.flushVideo(last)
	} else if c.inSegment {
		if !c.alone.empty() {
			c.closeSoundPart()
		}
		if len(c.alone.open.parts) > 0 {
			c.endSoundOnly()
		}
		c.inSegment = false
	}
	c.sound.restart()
	c.cutting, c.needKey = false, true
	if edge, ok := c.edge(); ok {
		c.gapEdge = edge
	}
	c.hasSoundEdge = false
	for _, v := range c.variants {
		v.forget()
	}
}

func (c *cutter) flushVideo(last bool) {
	if c.needKey {
		return
	}
	c.soundLag = true // wait no longer
	c.advance()
	v := c.lead
	if v.pend != nil {
		v.placed(v.place(v.pend.at + v.cad.interval()))
	}
	if !c.inSegment || !v.hasFloor {
		return
	}
	if !last && c.stub() {
		c.dropStub()
		return
	}
	if v.floor > v.lane.start {
		v.closePart(v.floor)
	}
	if len(v.lane.open.parts) > 0 {
		c.endSegment(v.floor)
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
	if !c.sound.active {
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

// resume begins again with a keyframe, after filling up to it with gap what was missed.
func (c *cutter) resume(p *picture) {
	c.needKey, c.resumedAt = false, p.at
	c.gapTo(p.at, true)
	c.sound.dropBefore(p.at)
	c.startSegment(p, true)
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
