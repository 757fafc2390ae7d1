package packager

import (
	"time"

	"livesrv/internal/media"
	"livesrv/packager/fmp4"
)

// cutter decides where segments end, in all renditions at once, by the pictures of the leading variant. It
// is driven by access units alone: the presentation tells it of time passing. Everything is in ticks of the
// line unless said otherwise.
type cutter struct {
	*shared
	log   logger
	holds *holds

	// variants are the qualities of the picture, the best first, those without a track last; lead is the one whose keyframes begin
	// segments, alone the rendition of audio alone. lanes are the renditions of all of them, that one last.
	variants []*variant
	lead     *variant
	alone    *lane
	lanes    []*lane
	hasVideo bool
	sound    sound

	// begin puts a new lane in step with the others.
	begin func(*lane)

	// cutting is a segment's end that waits for audio and other variants before it, at cutAt; hurry that it
	// does not wait.
	cutting, hurry bool
	cutAt          int64
	soundLag       bool

	segStart  int64
	inSegment bool
	// needKey says that nothing goes on before the next keyframe: at the start and after a gap.
	needKey bool
	// soundEdge is how far a stream without pictures has been placed.
	soundEdge    int64
	hasSoundEdge bool
	// anchor is the line of the segment that is being made.
	anchor   lineAt
	anchored bool
	// resumedAt is where media began again after the last gap.
	resumedAt int64
	// gapEdge is how far gaps have been listed.
	gapEdge int64
	// pendingSet changes the tracks at the next keyframe.
	pendingSet func()
}

func newCutter(s *shared, log logger, h *holds) *cutter {
	c := &cutter{shared: s, log: log, needKey: true}
	c.holds = h
	c.alone = newLane(laneSound, s, h)
	c.arrange(make([]media.Track, 1))
	c.lead = c.variants[0]
	return c
}

// logger is how the cutter speaks of what an operator should know.
type logger interface {
	Warn(msg string, args ...any)
}

// maxSoundWait is how long, in ticks, a segment's end waits for audio that comes late.
const maxSoundWait = rate * 150 / 1000

// videoSlack is how far audio may run ahead of the pictures before a part is closed without them.
const videoSlack = rate * 300 / 1000

// maxSoundAhead is how much audio is kept while a keyframe is waited for.
const maxSoundAhead = 3 * rate

// pushVideo takes a picture.
func (c *cutter) pushVideo(v *variant, au *media.AccessUnit) {
	p := v.stamp(au)
	if v.still && !v.moves(p) {
		return
	}
	p = v.afterStill(p)
	if v.waiting {
		if !au.Key && len(v.queue) == 0 {
			c.stats.Dropped++
			return
		}
		if au.Key {
			c.stats.Dropped += uint64(len(v.queue))
			clear(v.queue)
			v.queue = v.queue[:0]
		}
	}
	v.queue = append(v.queue, p)
	if c.needKey && !c.resume() {
		return
	}
	if c.passSilent(); !c.needKey {
		c.missSound()
		c.advance()
	}
}

// pushSound takes an audio frame.
func (c *cutter) pushSound(au *media.AccessUnit) {
	if c.hasVideo && !c.hear(au) || !c.sound.push(au) {
		c.stats.Dropped++
		return
	}
	if c.hasVideo && c.needKey {
		// Which of it belongs behind the keyframe is known when that comes.
		c.stats.Dropped += uint64(c.sound.dropBefore(c.sound.endLine - maxSoundAhead))
		return
	}
	if !c.hasVideo {
		c.advanceSoundOnly()
		return
	}
	if c.inSegment && !c.cutting {
		c.goOnWithoutPictures()
	}
	c.advance()
}

// goOnWithoutPictures closes parts that wait for pictures while audio has run far ahead of them.
func (c *cutter) goOnWithoutPictures() {
	closing := func(v *variant) {
		for c.sound.endLine > v.lane.start+c.target+videoSlack+v.comp && len(v.queue) == 0 && v.closeWithoutPicture() {
		}
	}
	closing(c.lead)
	for _, v := range c.variants {
		if v != c.lead && v.live() {
			closing(v)
		}
	}
}

// advance places what can be placed.
func (c *cutter) advance() {
	for {
		if c.cutting {
			if !c.soundArrived() || !c.variantsArrived() {
				break
			}
			c.finishCut()
			continue
		}
		if !c.step() {
			break
		}
	}
	c.follow()
	c.feedSound()
}

// step takes or places the leading variant's next picture and says whether there was one. Its keyframes cut.
func (c *cutter) step() bool {
	v := c.lead
	if len(v.queue) == 0 {
		return false
	}
	if v.pend == nil {
		c.take()
		v.early()
		return true
	}
	cut := c.wantsCut(v.queue[0].au, v.queue[0].at)
	end := v.placePending()
	switch {
	case cut:
		v.queue[0].at = end
		c.beginCut(end)
	case end-v.lane.start >= c.target:
		v.closePart(end)
	}
	return true
}

// take makes the leading variant's next picture the pending one.
func (c *cutter) take() {
	v := c.lead
	v.take()
	if c.wantsCut(v.pend.au, v.pend.at) && v.hasFloor && v.pend.at > c.segStart {
		// The part before was closed early, so the segment ends here and now.
		c.beginCut(v.pend.at)
	}
}

// wantsCut says whether a segment should begin with the picture.
func (c *cutter) wantsCut(au *media.AccessUnit, at int64) bool {
	return c.inSegment && au.Key && (c.pendingSet != nil || at-c.segStart >= c.leastSegment())
}

func (c *cutter) leastSegment() int64 {
	return media.Ticks(c.cfg.SegmentDuration, rate) * 3 / 4
}

func (c *cutter) longestSegment() int64 { return media.Ticks(c.cfg.TargetDuration, rate) }

// cutInside ends the segment before the pending picture, which is no keyframe, or where the last part
// ended.
func (c *cutter) cutInside() {
	v := c.lead
	if v.pend != nil && v.pend.at > v.lane.start {
		v.closePart(v.pend.at)
	}
	at := v.lane.start
	c.cut(at)
	c.endSegment(at)
	if v.pend != nil && v.pend.at == at {
		c.startSegment(v.pend, false)
		return
	}
	c.startSegmentAt(at, c.anchor.date(at), v.still)
}

// beginCut ends the segment at the given place, once the audio before it is here.
func (c *cutter) beginCut(at int64) { c.cutting, c.cutAt = true, at }

// soundArrived says whether the audio before a cut is complete, or too late to wait for.
func (c *cutter) soundArrived() bool {
	if !c.sound.active || c.sound.fresh || c.sound.away || c.sound.endLine >= c.cutAt {
		c.soundLag = false
		return true
	}
	if c.soundLag || c.newest()-c.cutAt > maxSoundWait+c.lead.comp {
		c.soundLag = true
		return true
	}
	return false
}

// finishCut closes part and segment and begins the next with the keyframe that is waiting.
func (c *cutter) finishCut() {
	c.cutting = false
	v := c.lead
	if c.cutAt > v.lane.start {
		v.closePart(c.cutAt)
	}
	c.cut(c.cutAt)
	c.endSegment(c.cutAt)
	if v.pend == nil {
		v.take()
	}
	if c.pendingSet != nil {
		set := c.pendingSet
		c.pendingSet = nil
		set()
	}
	c.rejoin()
	c.startSegment(v.pend, true)
	c.best()
	v.early()
}

// edge is how far media has been placed since the last gap, if there was any.
func (c *cutter) edge() (int64, bool) {
	if c.hasVideo {
		return c.lead.floor, c.lead.hasFloor
	}
	return c.soundEdge, c.hasSoundEdge
}

// expects is how many more pictures it takes until a part of any rendition can be whole, 1 where that is not certain.
func (c *cutter) expects() int {
	v := c.lead
	if !c.hasVideo || c.needKey || c.cutting || !c.inSegment || v.still || !v.cad.constant() || len(v.queue) > 0 {
		return 1
	}
	for _, o := range c.variants {
		if o != v && o.lane.on {
			return 1
		}
	}
	f := v.cad.interval()
	edge := v.floor
	if v.pend != nil {
		edge = v.pend.at + f
	} else if !v.hasFloor {
		return 1
	}
	n := (v.lane.start + c.target + jitter - edge) / f
	if c.alone.on && c.alone.opened {
		// A part of audio alone is whole when the pictures have passed the end of its last frame.
		n = min(n, (c.alone.start+c.target-edge)/f+1)
	}
	// A GOP that is too long is cut where it may not go on.
	n = min(n, (c.segStart+c.longestSegment()-edge)/f)
	if v.cad.gop > 0 {
		// A keyframe may end a part that is not full.
		n = min(n, int64(v.cad.gop-v.cad.sinceKey)+1)
	}
	return int(max(n, 1))
}

// startSegment begins a segment with a picture.
func (c *cutter) startSegment(p *picture, independent bool) {
	wall := c.anchor.date(p.at)
	if w := p.au.Wall; !w.IsZero() {
		wall = w.Add(media.Duration(p.at-p.au.PTS, rate)).Round(time.Millisecond)
	}
	c.startSegmentAt(p.at, wall, independent)
}

func (c *cutter) startSegmentAt(at int64, wall time.Time, independent bool) {
	if !independent {
		c.dependent("the GOP is longer than the target duration: segments are cut where there is no keyframe",
			"target_duration", c.cfg.TargetDuration, "hint", "set the encoder's keyframe interval to 2 s")
	}
	c.segStart, c.inSegment = at, true
	c.anchor, c.anchored = lineAt{at, wall}, true
	if !c.hasVideo {
		return
	}
	for _, v := range c.variants {
		if v.lane.on {
			v.open(c.anchor)
		}
	}
	c.lead.fresh, c.lead.lane.open.independent = false, independent
}

// dependent tells of a segment that begins without a keyframe: said once, counted always.
func (c *cutter) dependent(msg string, args ...any) {
	if c.stats.NotIndependent++; c.stats.NotIndependent == 1 {
		c.log.Warn(msg, args...)
	}
}

// endSegment completes the segment in all lanes; the audio lane takes what belongs before the cut.
func (c *cutter) endSegment(at int64) {
	for _, v := range c.variants {
		l := v.lane
		if !c.hasVideo || !l.on {
			continue
		}
		if len(l.open.parts) == 0 {
			l.gap(max(at, l.start+1), true)
		}
		l.closeSegment()
	}
	c.drainSound(at, true)
	if l := c.alone; l.on {
		if !l.opened {
			// No audio came in all of this segment: the audio rendition has a gap, and stays in step.
			c.gapSegment(l, c.segStart, at, c.anchor.wall)
		} else {
			if len(l.open.parts) == 0 {
				l.gap(max(at, l.start+1), true)
			}
			l.closeSegment()
		}
	}
	c.inSegment = false
}

// gapSegment lists a stretch without media as one segment.
func (c *cutter) gapSegment(l *lane, from, to int64, wall time.Time) {
	l.openSegment(from, wall, false, true)
	l.gap(to, true)
	l.closeSegment()
}

// frontier is how far it is certain to which segment audio belongs.
func (c *cutter) frontier() int64 {
	switch v := c.lead; {
	case c.cutting:
		return c.cutAt
	case v.pend != nil:
		return max(v.pend.at+1, v.lane.start)
	default:
		return max(v.floor, v.lane.start)
	}
}

// feedSound gives the audio lane what the pictures have made certain.
func (c *cutter) feedSound() {
	if c.inSegment && c.lead.hasFloor || c.lead.pend != nil {
		c.drainSound(c.frontier(), false)
	}
	c.sound.trim(c.soundTakers())
}

// soundTakers are the lanes that take audio at present.
func (c *cutter) soundTakers() (s laneSet) {
	for _, v := range c.variants {
		if c.hasVideo && v.live() {
			s = s.with(v.lane)
		}
	}
	if c.alone.on {
		s = s.with(c.alone)
	}
	return s
}

// files are the tracks of a rendition's init segment: of a variant's, or of audio alone; none without media.
func (c *cutter) files(v *variant) (files []fmp4.Track) {
	if v != nil {
		if !v.on {
			return nil
		}
		files = append(files, fmp4.Track{ID: 1, Timescale: rate, Codec: v.track.Codec})
	}
	if c.sound.active {
		files = append(files, fmp4.Track{ID: uint32(len(files) + 1), Timescale: uint32(c.sound.track.ClockRate), Codec: c.sound.track.Codec})
	}
	return files
}
