package packager

import (
	"livesrv/internal/media"
)

// Where a camera dies while the microphone goes on, a player that has sound and picture in one buffer soon has neither: its
// buffer ends where the pictures end. So the last keyframe stands in for those that are missing, once in every part, until
// the next keyframe comes. What comes before that refers to pictures that are not what a decoder has seen last.

// stand lets the last keyframe stand in when sound has gone on without pictures for longer than they ever pause. It does
// not where keyframes are so rare that there would be no picture within two segments of the camera's return.
func (v *variant) stand() {
	c := v.c
	gop := int64(v.cad.gop) * v.cad.interval()
	rare := gop == 0 || gop > 2*media.Ticks(c.cfg.SegmentDuration, rate)
	if v != c.lead || v.still || v.key == nil || v.pend != nil || rare || c.sound.endLine-v.newest <= max(c.target+videoSlack, 2*v.pause) {
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
		at = max(at, v.floor)
	}
	if end <= at {
		return
	}
	au := *v.key
	au.PTS, au.DTS = at, at-v.comp
	v.lane.addPicture(&au, au.DTS, end-at)
	v.floor, v.hasFloor = end, true
}

// moves takes a picture that comes while the keyframe stands in, and says whether it ends that.
func (v *variant) moves(p picture) bool {
	if !p.au.Key {
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

// paused notes how long the pictures pause, and slowly forgets it.
func (v *variant) paused(au *media.AccessUnit) {
	if v.hasDTS {
		v.pause = max(au.DTS-v.lastDTS, v.pause-v.pause/1024)
	}
}
