package packager

import (
	"livesrv/internal/media"
)

// picture is a video access unit on its way into a part. at is where it begins on the line: its DTS plus
// the composition offset of the keyframes, so that a keyframe begins at its PTS.
type picture struct {
	au *media.AccessUnit
	at int64
}

// variant is one quality of the picture: the access units of a video track on their way into the parts of
// its rendition. It decides where parts end; where segments end is the cutter's to say. Everything is in
// ticks of the line.
type variant struct {
	c     *cutter
	lane  *lane
	track media.Track
	// on says that there is such a track at present; waiting that no picture goes on before a keyframe.
	on, waiting bool
	// stale says that its track has changed to coming, which is packaged from the next segment on; one
	// without a codec is none.
	stale  bool
	coming media.Track
	cad    cadence
	// declared is the frame rate by the parameter sets.
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

	// newest and lastKey are where the last picture and the last keyframe began that have come.
	newest, lastKey int64
	// begin is where the variant's part of the segment begins, fresh says that it has no picture yet.
	begin int64
	fresh bool
	// key is the last keyframe, last says that no picture has been shown since, still that it stands in for pictures that
	// do not come, stood up to where it did; shown is where the last picture began that is shown, top the latest PTS. pause
	// is how long pictures pause at most, slowly forgotten, keyPause likewise where a keyframe ends it, answers that one ended
	// the last pause; ahead is how far the sound has come when a picture comes.
	key                    *media.AccessUnit
	last, still, answers   bool
	stood, shown, top      int64
	pause, keyPause, ahead int64
	// missed says that a keyframe came that no segment could begin with; unaligned that this is how it is.
	missed, unaligned bool
}

// setTrack takes a track with its parameter sets.
func (v *variant) setTrack(t media.Track) {
	if v.track.Codec == nil || !media.Equal(v.track.Codec, t.Codec) {
		v.hasComp = false
		pic, _ := media.PictureOf(t.Codec)
		v.declared = pic.FrameRate
	}
	v.track = t
}

// declares says whether the variant has the track, or will have it; nil is none.
func (v *variant) declares(t *media.Track) bool {
	now, on := v.track, v.on
	if v.stale {
		now, on = v.coming, v.coming.Codec != nil
	}
	return on == (t != nil) && (!on || sameTrack(now, *t))
}

func (v *variant) frameRate() float64 { return v.cad.frameRate(v.declared) }

// stamp places a picture on the line.
func (v *variant) stamp(au *media.AccessUnit) picture {
	if au.Key {
		if !v.hasComp {
			v.comp, v.hasComp = au.PTS-au.DTS, true
		}
		v.shift = au.PTS - v.comp - au.DTS
	}
	if v.hasDTS && au.DTS > v.lastDTS {
		v.cad.add(au.DTS - v.lastDTS)
	}
	if v.hasDTS {
		v.paused(au)
	}
	v.lastDTS, v.hasDTS = au.DTS, true
	v.cad.picture(au.Key)
	v.newest = au.DTS + v.shift + v.comp
	v.ahead = max(v.c.sound.endLine-v.newest, v.ahead-v.ahead/16)
	if au.Key {
		v.lastKey = v.newest
	}
	return picture{au, v.newest}
}

// take makes the first queued picture the pending one. Where the part before was closed at its predicted
// end, it begins there: nothing is lost, its PTS stays.
func (v *variant) take() {
	v.pendBuf = v.queue[0]
	n := copy(v.queue, v.queue[1:])
	v.queue[n] = picture{}
	v.queue = v.queue[:n]
	v.pend = &v.pendBuf
	if v.hasFloor && v.pend.at != v.floor {
		if d := v.pend.at - v.floor; d > jitter || d < -jitter {
			v.c.stats.Retimed++
		}
		v.pend.at = v.floor
	}
}

// placed says that the pending picture is in a part, and where it ends.
func (v *variant) placed(end int64) {
	v.pend = nil
	v.floor, v.hasFloor = end, true
}

// placePending puts the pending picture into a part, now that the next one says where it ends, and gives
// that place.
func (v *variant) placePending() int64 {
	next := &v.queue[0]
	end := v.place(max(next.at, v.pend.at+1))
	if end != next.at {
		if d := next.at - end; d > jitter || d < -jitter {
			v.c.stats.Retimed++
		}
	}
	v.placed(end)
	return end
}

// place puts the pending picture into the open part or, where it would overflow, into a new one, and
// gives where it ends: earlier than asked where a part would be out of its bounds otherwise.
func (v *variant) place(end int64) int64 {
	c, l, p := v.c, v.lane, v.pend
	for {
		if end > l.start+c.target {
			if p.at-l.start >= leastPart(c.target) {
				v.closePart(p.at)
				continue
			}
			end = l.start + c.target
		}
		// "round(EXTINF) MUST NOT be over TARGETDURATION" (bis §4.4.3.1): a long GOP is cut in the middle.
		if v == c.lead && end-c.segStart > c.longestSegment() && max(p.at, l.start) > c.segStart {
			c.cutInside()
			continue
		}
		break
	}
	end = max(end, p.at+1)
	v.add(end)
	return end
}

// add puts the pending picture into the open part, up to the given place.
func (v *variant) add(end int64) {
	p := v.pend
	if v.fresh {
		v.fresh = false
		v.lane.open.independent = p.au.Key
		if !p.au.Key {
			v.c.dependent("a quality of the picture has no keyframe where the best one has: its segments are cut elsewhere",
				"rendition", v.lane.r.name, "hint", "give all layers the same keyframe interval")
		}
	}
	v.lane.addPicture(p.au, p.at-v.comp, end-p.at)
	v.shown, v.last, v.top = p.at, p.au.Key, max(v.top, p.au.PTS)
	if p.au.Key {
		v.key = p.au
	}
}

// open begins the variant's next segment.
func (v *variant) open(date lineAt) {
	v.lane.openSegment(v.begin, date.date(v.begin), false, v.waiting)
}

// early closes the part with the pending picture at once where its end can be known: the frame rate has
// been constant and the next picture does not fit. Not where a segment may end: then the hint for the
// next part would be wrong.
func (v *variant) early() {
	c, l := v.c, v.lane
	if v.pend == nil || c.cutting || !v.cad.constant() || len(v.queue) > 0 {
		return
	}
	f := v.cad.interval()
	end := v.pend.at + f
	full := l.start + c.target
	if end > full && end-full <= jitter {
		end = full
	}
	if end > full || end+f <= full+jitter || end-l.start < leastPart(c.target) || end-c.segStart > c.longestSegment() {
		return
	}
	if c.lead.cad.keyDue() && end-c.segStart >= c.leastSegment() {
		return
	}
	v.add(end)
	v.placed(end)
	v.closePart(end)
}

// closePart closes the rendition's part at the given place, with the audio up to there that has come.
func (v *variant) closePart(end int64) {
	l := v.lane
	v.takeSound(end)
	dur := media.Duration(end-l.start, rate)
	if l.empty() {
		l.closeGap(end, dur)
		return
	}
	l.closePart(end, dur)
}

// closeRest closes a part behind which no picture comes for now. Where parts have gone on without pictures there is
// only sound in it, and that came late: it has to be in some part, however short.
func (v *variant) closeRest() { v.closePart(max(v.floor, v.lane.start+1)) }

// takeSound adds the audio up to the given place to the open part.
func (v *variant) takeSound(end int64) {
	c, l := v.c, v.lane
	c.hush(end)
	for c.sound.active {
		f, ok := c.sound.peek(l.index, end)
		if !ok {
			break
		}
		l.addFrame(f)
		c.sound.taken[l.index]++
	}
}

// closeWithoutPicture closes a part on the audio's word: the pictures have stopped, the audio goes on.
// It says whether it could.
func (v *variant) closeWithoutPicture() bool {
	c, l := v.c, v.lane
	v.stand()
	switch {
	case v.still && l.start-c.segStart >= c.leastSegment():
		c.cutInside()
	case l.start+c.target-c.segStart > c.longestSegment():
		if v != c.lead {
			return false
		}
		c.cutInside()
	}
	end := l.start + c.target
	if v.pend != nil {
		end = v.place(end)
		v.placed(end)
	}
	if v.still {
		v.layStill(end)
	}
	v.closePart(end)
	return true
}
