package demo

import "time"

// samplesPerFrame is the length of an AAC frame, in samples.
const samplesPerFrame = 1024

// unit is one picture or one audio frame, with its times since the player's start.
type unit struct {
	video    bool
	dts, pts time.Duration
	units    [][]byte // NAL units, or the one audio frame
}

// player walks through a clip round after round, in the order of decoding. Timestamps grow without a seam:
// pictures go on one round length later, audio frames lie end to end for ever and are taken from where in the
// round they fall.
type player struct {
	clip  *Clip
	round int64 // of the next picture
	index int   // of the next picture in its round
	heard int64 // audio frames so far
}

// next gives the unit that comes next. newRound is true for the first picture of a round.
func (p *player) next() (u unit, newRound bool) {
	pic := p.clip.pictures[p.index]
	base := time.Duration(p.round) * p.clip.Length
	at := p.clip.audioTime(p.heard)
	if at+p.clip.delay < base+pic.dts {
		p.heard++
		return unit{dts: at + p.clip.delay, pts: at + p.clip.delay, units: [][]byte{p.clip.frameAt(at)}}, false
	}
	newRound = p.index == 0
	u = unit{video: true, dts: base + pic.dts, pts: base + pic.pts, units: pic.units}
	if p.index++; p.index == len(p.clip.pictures) {
		p.index = 0
		p.round++
	}
	return u, newRound
}

// audioTime is when the n-th audio frame since the start sounds. It is counted in samples, so that it never
// drifts from the sum of the frames' lengths.
func (c *Clip) audioTime(n int64) time.Duration {
	samples := n * samplesPerFrame
	rate := int64(c.audio.SampleRate)
	return time.Duration(samples/rate)*time.Second + time.Duration(samples%rate)*time.Second/time.Duration(rate)
}

// frameAt is the audio frame that belongs to a time, in whatever round that lies.
func (c *Clip) frameAt(at time.Duration) []byte {
	i := int((at%c.Length + c.frame/2) / c.frame)
	return c.frames[min(i, len(c.frames)-1)]
}
