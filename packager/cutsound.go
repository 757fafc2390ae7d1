package packager

import (
	"time"

	"livesrv/internal/media"
)

// drainSound moves audio before the given place into the audio lane. A part there is closed when it is
// full and it is certain that more follows in its segment, or at the segment's end.
func (c *cutter) drainSound(before int64, last bool) {
	l := c.alone
	if !l.on {
		return
	}
	if !c.sound.active {
		if !l.opened && c.inSegment {
			l.openSegment(c.segStart, c.anchor.wall, false, true)
		}
		c.gapSound(before, last)
		return
	}
	if c.hush(before); last {
		c.hushLate(before)
	}
	full := c.soundTarget()
	for {
		f, ok := c.sound.peek(laneSound, before)
		if !ok {
			break
		}
		if media.Rescale(f.pos+f.dur/2, l.soundRate, rate) < l.start {
			c.sound.taken[laneSound]++ // the rendition is past its time
			continue
		}
		if !l.opened && f.line-c.segStart >= c.target/4 {
			l.openSegment(c.segStart, c.anchor.wall, true, false)
		} else if !l.opened {
			c.openSound(f)
		}
		c.bridge(f)
		g := *f
		if c.overflows(&g, full) {
			c.fillSound(&g, full)
			c.closeSoundPart()
		}
		l.addFrame(&g)
		c.sound.taken[laneSound]++
	}
	if !l.empty() && (last || c.soundFull(nil, full) && c.soundEnd(l) < before) {
		c.closeSoundPart()
	}
	// Audio that is only late is not missing: it opens the next segment.
	if last && l.opened && c.sound.silence == nil && before-c.sound.endLine > c.target+c.lead.comp+maxSoundWait {
		c.gapSound(before, true)
	}
}

// bridge lists a hole of a quarter of a part and more before the frame as gap, so that the audio rendition's durations
// keep adding up to its dates.
func (c *cutter) bridge(f *frame) {
	l := c.alone
	end := l.start
	if !l.empty() {
		end = c.soundEnd(l)
	}
	if f.line-end < c.target/4 {
		return
	}
	if !l.empty() {
		c.closeSoundPart()
	}
	c.gapSound(f.line, true)
}

// gapSound lists gap parts in the audio lane's open segment: whole ones up to the given place, and what is
// left over if asked.
func (c *cutter) gapSound(to int64, rest bool) {
	if c.alone.opened {
		c.alone.gap(to, rest)
	}
}

// overflows says whether the frame would make the open part of the audio lane longer than its target.
func (c *cutter) overflows(f *frame, full int64) bool {
	l := c.alone
	return !l.empty() && l.frameSum+max(0, f.pos-l.frameEnd)+f.dur > full
}

// soundFull says whether the audio lane's part is as long as it will be, going by the length of a frame.
func (c *cutter) soundFull(au *media.AccessUnit, full int64) bool {
	l := c.alone
	return l.frameSum >= c.leastSound() && l.frameSum+frameTicks(c.sound.track, au) > full
}

// fillSound makes a part long enough that would be too short, because frames before have been longer or
// are missing: its last frame lasts into the hole behind it, and if that is not enough into the next frame,
// which begins that much later and ends in time.
func (c *cutter) fillSound(next *frame, full int64) {
	l := c.alone
	least := c.leastSound()
	if l.frameSum >= least {
		return
	}
	hole := max(0, next.pos-l.frameEnd)
	d := max(min(hole, full-l.frameSum), least-l.frameSum)
	samples := l.part.Runs[1].Samples
	samples[len(samples)-1].Duration += uint32(d)
	l.frameEnd += d
	l.frameSum += d
	if over := d - hole; over > 0 {
		next.pos += over
		next.dur -= over
	}
}

func (c *cutter) soundEnd(l *lane) int64 { return media.Rescale(l.frameEnd, l.soundRate, rate) }

// soundTarget is PART-TARGET in ticks of the audio track, rounded down.
func (c *cutter) soundTarget() int64 {
	return int64(media.Duration(c.target, rate)) * int64(c.sound.track.ClockRate) / int64(time.Second)
}

// leastSound is 85 % of PART-TARGET in ticks of the audio track, rounded up.
func (c *cutter) leastSound() int64 {
	least := int64(media.Duration(c.target, rate)) * 85 / 100 * int64(c.sound.track.ClockRate)
	return (least + int64(time.Second) - 1) / int64(time.Second)
}

func (c *cutter) openSound(f *frame) {
	c.alone.openSegment(f.line, c.anchor.date(f.line), true, false)
}

func (c *cutter) closeSoundPart() {
	l := c.alone
	l.closePart(c.soundEnd(l), media.Duration(l.frameSum, l.soundRate))
}

// advanceSoundOnly cuts a stream without pictures: parts of whole frames, segments of whole parts.
func (c *cutter) advanceSoundOnly() {
	l := c.alone
	full := c.soundTarget()
	for {
		f, ok := c.sound.peek(laneSound, 1<<62)
		if !ok {
			break
		}
		if c.needKey {
			c.needKey = false
			c.gapTo(f.line, true)
		}
		switch {
		case !l.opened:
		case f.line-c.segStart > c.longestSegment():
			c.gapSoundOnly(f.line)
		default:
			c.bridge(f)
		}
		g := *f
		if c.overflows(&g, full) {
			c.fillSound(&g, full)
			c.closeSoundOnly()
		}
		if !l.opened {
			wall := c.anchor.date(f.line)
			if !f.au.Wall.IsZero() {
				wall = f.au.Wall.Round(time.Millisecond)
			}
			c.startSegmentAt(f.line, wall, true)
			c.openSound(&g)
		}
		l.addFrame(&g)
		c.sound.taken[laneSound]++
		c.soundEdge, c.hasSoundEdge = c.soundEnd(l), true
		if c.soundFull(f.au, full) {
			c.closeSoundOnly()
		}
	}
	c.sound.trim(c.soundTakers())
}

// gapSoundOnly ends the segment before a hole that is too long for it, and lists the hole as segments of its own.
func (c *cutter) gapSoundOnly(to int64) {
	if !c.alone.empty() {
		c.closeSoundPart()
	}
	c.endSoundOnly()
	c.gapEdge = c.alone.start
	c.gapTo(to, true)
}

// closeSoundOnly closes a part and, when the next one would go past the segment's length, the segment.
func (c *cutter) closeSoundOnly() {
	l := c.alone
	c.closeSoundPart()
	if l.start-c.segStart+c.target/2 > media.Ticks(c.cfg.SegmentDuration, rate) {
		c.endSoundOnly()
	}
}

// endSoundOnly completes a segment of a stream without pictures. A video rendition from before stays in
// step with gaps.
func (c *cutter) endSoundOnly() {
	l := c.alone
	l.closeSegment()
	for _, v := range c.variants {
		if v.lane.on {
			c.gapSegment(v.lane, c.segStart, l.start, c.anchor.wall)
		}
	}
	c.inSegment = false
}
