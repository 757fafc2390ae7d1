package packager

import (
	"time"

	"livesrv/internal/media"
	"livesrv/packager/fmp4"
)

// picture is a video access unit on its way into a part. at is where it begins on the line: its DTS plus
// the composition offset of the keyframes, so that a keyframe begins at its PTS.
type picture struct {
	au *media.AccessUnit
	at int64
}

// cutter decides where parts and segments end. It is driven by access units alone: the presentation
// tells it of time passing. Everything is in ticks of the line unless said otherwise.
type cutter struct {
	*shared
	lanes [2]*lane
	log   logger

	video    media.Track
	hasVideo bool
	sound    sound
	cad      cadence
	declared float64
	lastDTS  int64
	hasDTS   bool

	// comp is the composition offset of keyframes; shift is what the last keyframe's stamps were off it.
	comp, shift int64
	hasComp     bool
	// pend is the picture whose end is not known yet; queue are the ones after it, while a cut waits.
	pend    *picture
	pendBuf picture
	queue   []picture
	// floor is where the pictures published so far end; the next one begins there.
	floor    int64
	hasFloor bool

	// cutting is a segment's end that waits for the audio before it, at cutAt.
	cutting  bool
	cutAt    int64
	soundLag bool

	segStart  int64
	inSegment bool
	// needKey says that nothing goes on before the next keyframe: at the start and after a gap.
	needKey bool
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
func (c *cutter) pushVideo(au *media.AccessUnit) {
	if au.Key {
		if !c.hasComp {
			c.comp, c.hasComp = au.PTS-au.DTS, true
		}
		c.shift = au.PTS - c.comp - au.DTS
	}
	at := au.DTS + c.shift + c.comp
	if c.hasDTS && au.DTS > c.lastDTS {
		c.cad.add(au.DTS - c.lastDTS)
	}
	c.lastDTS, c.hasDTS = au.DTS, true
	c.cad.picture(au.Key)
	if c.needKey {
		if !au.Key {
			c.stats.Dropped++
			return
		}
		c.resume(au, at)
	}
	c.queue = append(c.queue, picture{au, at})
	c.advance()
}

// pushSound takes an audio frame.
func (c *cutter) pushSound(au *media.AccessUnit) {
	if !c.sound.push(au) {
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
		for c.sound.endLine > c.lanes[laneMuxed].start+c.target+videoSlack+c.comp && len(c.queue) == 0 {
			c.closeWithoutPicture()
		}
	}
	c.advance()
}

// advance places what can be placed.
func (c *cutter) advance() {
	for {
		if c.cutting {
			if !c.soundArrived() {
				break
			}
			c.finishCut()
			continue
		}
		if c.pend == nil {
			if len(c.queue) == 0 {
				break
			}
			c.take()
			c.early()
			continue
		}
		if len(c.queue) == 0 {
			break
		}
		c.placePending()
	}
	c.feedSound()
}

// take makes the first queued picture the pending one. Where the part before was closed at its predicted
// end, it begins there: nothing is lost, its PTS stays.
func (c *cutter) take() {
	c.pendBuf = c.queue[0]
	n := copy(c.queue, c.queue[1:])
	c.queue[n] = picture{}
	c.queue = c.queue[:n]
	c.pend = &c.pendBuf
	if c.hasFloor && c.pend.at != c.floor {
		if d := c.pend.at - c.floor; d > jitter || d < -jitter {
			c.stats.Retimed++
		}
		c.pend.at = c.floor
	}
	if c.wantsCut(c.pend.au, c.pend.at) && c.hasFloor && c.pend.at > c.segStart {
		// The part before was closed early, so the segment ends here and now.
		c.beginCut(c.pend.at)
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

// placePending puts the pending picture into a part, now that the next one says where it ends.
func (c *cutter) placePending() {
	next := &c.queue[0]
	cut := c.wantsCut(next.au, next.at)
	end := c.place(max(next.at, c.pend.at+1))
	if end != next.at {
		if d := next.at - end; d > jitter || d < -jitter {
			c.stats.Retimed++
		}
	}
	c.pend = nil
	c.floor, c.hasFloor = end, true
	if cut {
		next.at = end
		c.beginCut(end)
		return
	}
	if end-c.lanes[laneMuxed].start >= c.target {
		c.closePart(end)
	}
}

// place puts the pending picture into the open part or, where it would overflow, into a new one, and
// gives where it ends: earlier than asked where a part would be out of its bounds otherwise.
func (c *cutter) place(end int64) int64 {
	l := c.lanes[laneMuxed]
	p := c.pend
	for {
		if end > l.start+c.target {
			if p.at-l.start >= leastPart(c.target) {
				c.closePart(p.at)
				continue
			}
			end = l.start + c.target
		}
		// "round(EXTINF) MUST NOT be over TARGETDURATION" (bis §4.4.3.1): a long GOP is cut in the middle.
		if end-c.segStart > c.longestSegment() && max(p.at, l.start) > c.segStart {
			c.cutInside()
			continue
		}
		break
	}
	end = max(end, p.at+1)
	l.addPicture(p.au, p.at-c.comp, end-p.at)
	return end
}

// early closes the part with the pending picture at once where its end can be known: the frame rate has
// been constant and the next picture does not fit. Not where a segment may end: then the hint for the
// next part would be wrong.
func (c *cutter) early() {
	if c.pend == nil || c.cutting || !c.cad.constant() || len(c.queue) > 0 {
		return
	}
	l := c.lanes[laneMuxed]
	f := c.cad.interval()
	end := c.pend.at + f
	full := l.start + c.target
	if end > full && end-full <= jitter {
		end = full
	}
	if end > full || end+f <= full+jitter || end-l.start < leastPart(c.target) || end-c.segStart > c.longestSegment() {
		return
	}
	if c.cad.keyDue() && end-c.segStart >= c.leastSegment() {
		return
	}
	l.addPicture(c.pend.au, c.pend.at-c.comp, end-c.pend.at)
	c.pend = nil
	c.floor, c.hasFloor = end, true
	c.closePart(end)
}

// closePart closes the muxed lane's part at the given place, with the audio up to there that has come.
func (c *cutter) closePart(end int64) {
	l := c.lanes[laneMuxed]
	for c.sound.active {
		f, ok := c.sound.peek(laneMuxed, end)
		if !ok {
			break
		}
		l.addFrame(f)
		c.sound.taken[laneMuxed]++
	}
	dur := media.Duration(end-l.start, rate)
	if l.empty() {
		l.closeGap(end, dur)
		return
	}
	l.closePart(end, dur)
}

// closeWithoutPicture closes a part on the audio's word: the pictures have stopped, the audio goes on.
func (c *cutter) closeWithoutPicture() {
	l := c.lanes[laneMuxed]
	if l.start+c.target-c.segStart > c.longestSegment() {
		c.cutInside()
	}
	end := l.start + c.target
	if c.pend != nil {
		end = c.place(end)
		c.pend = nil
		c.floor, c.hasFloor = end, true
	}
	c.closePart(end)
}

// cutInside ends the segment before the pending picture, which is no keyframe, or where the last part
// ended.
func (c *cutter) cutInside() {
	l := c.lanes[laneMuxed]
	if c.pend != nil && c.pend.at > l.start {
		c.closePart(c.pend.at)
	}
	at := l.start
	c.endSegment(at)
	if c.pend != nil && c.pend.at == at {
		c.startSegment(c.pend, false)
		return
	}
	c.startSegmentAt(at, c.anchor.date(at), false)
}

// beginCut ends the segment at the given place, once the audio before it is here.
func (c *cutter) beginCut(at int64) { c.cutting, c.cutAt = true, at }

// soundArrived says whether the audio before a cut is complete, or too late to wait for.
func (c *cutter) soundArrived() bool {
	if !c.sound.active || c.sound.fresh || c.sound.endLine >= c.cutAt {
		c.soundLag = false
		return true
	}
	newest := c.cutAt
	if n := len(c.queue); n > 0 {
		newest = c.queue[n-1].at
	}
	if c.soundLag || newest-c.cutAt > maxSoundWait+c.comp {
		c.soundLag = true
		return true
	}
	return false
}

// finishCut closes part and segment and begins the next with the keyframe that is waiting.
func (c *cutter) finishCut() {
	c.cutting = false
	l := c.lanes[laneMuxed]
	if c.cutAt > l.start {
		c.closePart(c.cutAt)
	}
	c.endSegment(c.cutAt)
	if c.pend == nil {
		c.take()
	}
	if c.pendingSet != nil {
		set := c.pendingSet
		c.pendingSet = nil
		set()
	}
	c.startSegment(c.pend, true)
	c.early()
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
		// Said once, counted always.
		if c.stats.NotIndependent++; c.stats.NotIndependent == 1 {
			c.log.Warn("the GOP is longer than the target duration: segments are cut where there is no keyframe",
				"target_duration", c.cfg.TargetDuration, "hint", "set the encoder's keyframe interval to 2 s")
		}
	}
	c.segStart, c.inSegment = at, true
	c.anchor, c.anchored = lineAt{at, wall}, true
	if l := c.lanes[laneMuxed]; c.hasVideo && l.on {
		l.openSegment(at, wall, independent, false)
	}
}

// endSegment completes the segment in both lanes; the audio lane takes what belongs before the cut.
func (c *cutter) endSegment(at int64) {
	if c.hasVideo && c.lanes[laneMuxed].on {
		c.lanes[laneMuxed].closeSegment()
	}
	c.drainSound(at, true)
	if l := c.lanes[laneSound]; l.on {
		if !l.opened {
			// No audio came in all of this segment: the audio rendition has a gap, and stays in step.
			c.gapSegment(l, c.segStart, at, c.anchor.wall)
		} else {
			l.closeSegment()
		}
	}
	c.inSegment = false
}

// gapSegment lists a stretch without media as one segment.
func (c *cutter) gapSegment(l *lane, from, to int64, wall time.Time) {
	l.openSegment(from, wall, false, true)
	for at := from; at < to; {
		end := min(at+c.target, to)
		l.closeGap(end, media.Duration(end-at, rate))
		at = end
	}
	l.closeSegment()
}

// frontier is how far it is certain to which segment audio belongs.
func (c *cutter) frontier() int64 {
	switch start := c.lanes[laneMuxed].start; {
	case c.cutting:
		return c.cutAt
	case c.pend != nil:
		return max(c.pend.at+1, start)
	default:
		return max(c.floor, start)
	}
}

// feedSound gives the audio lane what the pictures have made certain.
func (c *cutter) feedSound() {
	if c.inSegment && c.hasFloor || c.pend != nil {
		c.drainSound(c.frontier(), false)
	}
	c.sound.trim([2]bool{c.hasVideo, c.lanes[laneSound].on})
}

// fileTracks are the tracks of the two renditions' init segments.
func (c *cutter) fileTracks() (muxed, alone []fmp4.Track) {
	if c.hasVideo {
		muxed = append(muxed, fmp4.Track{ID: 1, Timescale: rate, Codec: c.video.Codec})
	}
	if c.sound.active {
		t := fmp4.Track{ID: 1, Timescale: uint32(c.sound.track.ClockRate), Codec: c.sound.track.Codec}
		alone = append(alone, t)
		if c.hasVideo {
			t.ID = 2
			muxed = append(muxed, t)
		}
	}
	return muxed, alone
}
