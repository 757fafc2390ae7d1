package packager

import (
	"livesrv/internal/media"
)

// Where a camera dies while the microphone goes on, or a screen that is shared stands still, a player that has sound and
// picture in one buffer soon has neither: its buffer ends where the pictures end. So the last keyframe stands in for those
// that are missing, once in every part.
//
// Where the keyframe was the last picture this costs nothing: it shows what is on the screen, and a decoder that has seen it
// again is where it was, so that whatever comes goes on from there. (A publisher by WHIP is asked for a keyframe when its
// pictures pause.) Where pictures have been shown since, the picture goes back in time, and what comes before the next
// keyframe refers to pictures that are not what a decoder has seen last.

// stand lets the last keyframe stand in when sound goes on without pictures: at once where it was the last picture, else
// when that has been for longer than they ever pause, or a segment would have to begin without a picture. It does not then
// where keyframes are so rare that there would be no picture within two segments of the camera's return.
func (v *variant) stand() {
	c := v.c
	if v != c.lead || v.still || v.key == nil || v.pend != nil {
		return
	}
	away := c.sound.endLine - v.newest
	if v.last && c.single() {
		v.still = away > v.ahead+overdue
		return
	}
	gop := int64(v.cad.gop) * v.cad.interval()
	rare := gop == 0 || gop > 2*media.Ticks(c.cfg.SegmentDuration, rate)
	long := away > max(c.target+videoSlack, 2*v.pause, v.keyPause)
	if rare && !v.answers || !long && v.lane.start+c.target-c.segStart <= c.longestSegment() {
		return
	}
	v.still = true
	for _, o := range c.variants {
		if o != v && o.live() {
			o.leave() // they go on with a segment that begins with a picture
		}
	}
	c.log.Warn("no pictures come from the publisher: the last keyframe stands in for them")
}

// layStill puts the keyframe into the open part, up to the given place.
func (v *variant) layStill(end int64) {
	at := v.lane.start
	if v.hasFloor {
		at = v.floor // where the pictures end: parts may have gone on without
	}
	if end <= at {
		return
	}
	au := *v.key
	// What came after a pause may be shown later than it begins.
	au.PTS, au.DTS = max(at, v.top+1), at-v.comp
	v.lane.addPicture(&au, au.DTS, end-at)
	v.floor, v.hasFloor = end, true
	v.top = au.PTS
	v.stood = max(end, v.top+1)
}

// afterStill lets a picture that came late not be shown before the keyframe that has stood in for it.
func (v *variant) afterStill(p picture) picture {
	late := v.stood - p.at
	if v.stood == 0 || late <= 0 {
		return p
	}
	au := *p.au
	au.PTS += late
	if !au.Wall.IsZero() {
		au.Wall = au.Wall.Add(media.Duration(late, rate))
	}
	v.stood++ // and those that come with it each a moment later
	return picture{&au, p.at + late}
}

// single says whether there is one quality of the picture alone.
func (c *cutter) single() bool {
	for _, v := range c.variants {
		if v != c.lead && v.live() {
			return false
		}
	}
	return true
}

// moves takes a picture that comes while the keyframe stands in, and says whether it ends that.
func (v *variant) moves(p picture) bool {
	if !p.au.Key && !v.last {
		// The encoder had nothing new to show, and knows nothing of a loss.
		v.pause = max(v.pause, p.at-v.shown)
		v.c.stats.Dropped++
		return false
	}
	for end := v.lane.start + v.c.target; end < p.at; end += v.c.target {
		v.layStill(end)
		v.closePart(end)
	}
	v.layStill(p.at)
	v.still = false
	return true
}

const (
	// maxKeyPause is how long a keyframe is waited for that is going to come: a viewer has a little more left to play.
	maxKeyPause = rate * 5 / 4
	// overdue is how much later than the last one a picture must come to be missing.
	overdue = rate / 10
	// aPause is how long pictures do not come where they pause.
	aPause = rate * 45 / 100
)

// paused notes how long the pictures pause, and slowly forgets it. To stand in costs no picture after a keyframe, and none
// before one.
func (v *variant) paused(au *media.AccessUnit) {
	d := au.DTS - v.lastDTS
	if d >= aPause && (au.Key || v.cad.sinceKey > 1) {
		v.answers = au.Key
	}
	switch {
	case au.Key:
		d = max(d, v.c.sound.endLine-v.newest) // it takes its time on the way too
		v.keyPause = max(min(d, maxKeyPause), v.keyPause-v.keyPause/1024)
	case !v.still && v.cad.sinceKey > 1:
		v.pause = max(d, v.pause-v.pause/1024)
	}
}
