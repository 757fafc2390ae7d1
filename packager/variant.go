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
	cad   cadence
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
	v.lastDTS, v.hasDTS = au.DTS, true
	v.cad.picture(au.Key)
	return picture{au, au.DTS + v.shift + v.comp}
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
		if end-c.segStart > c.longestSegment() && max(p.at, l.start) > c.segStart {
			c.cutInside()
			continue
		}
		break
	}
	end = max(end, p.at+1)
	l.addPicture(p.au, p.at-v.comp, end-p.at)
	return end
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
	if v.cad.keyDue() && end-c.segStart >= c.leastSegment() {
		return
	}
	l.addPicture(v.pend.au, v.pend.at-v.comp, end-v.pend.at)
	v.placed(end)
	v.closePart(end)
}

// closePart closes the rendition's part at the given place, with the audio up to there that has come.
func (v *variant) closePart(end int64) {
	c, l := v.c, v.lane
	for c.sound.active {
		f, ok := c.sound.peek(l.index, end)
		if !ok {
			break
		}
		l.addFrame(f)
		c.sound.taken[l.index]++
	}
	dur := media.Duration(end-l.start, rate)
	if l.empty() {
		l.closeGap(end, dur)
		return
	}
	l.closePart(end, dur)
}

// closeWithoutPicture closes a part on the audio's word: the pictures have stopped, the audio goes on.
func (v *variant) closeWithoutPicture() {
	c, l := v.c, v.lane
	if l.start+c.target-c.segStart > c.longestSegment() {
		c.cutInside()
	}
	end := l.start + c.target
	if v.pend != nil {
		end = v.place(end)
		v.placed(end)
	}
	v.closePart(end)
}

// forget drops what waits, and where it was.
func (v *variant) forget() {
	v.pend, v.queue = nil, v.queue[:0]
	v.hasDTS, v.hasFloor = false, false
	v.cad.sinceKey, v.cad.gop = 0, 0
}
