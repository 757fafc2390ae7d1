package packager

import (
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"

	"livesrv/internal/media"
)

// A player's set of tracks cannot change: plain hls.js gives up when the sound goes out of a rendition, or comes
// into one, and a picture stands still where its sound ends. So pictures always have a sound track, and where nothing
// comes from the publisher it has silence, in the configuration that was announced. Real sound takes over with its
// first frame behind the silence that is laid already.

// leastPatience is the least that sound may stay behind the pictures before silence takes its place.
const leastPatience = rate * 600 / 1000

// quiet is the sound of a stream that has none: what most encoders send, so that nothing changes if it comes.
func quiet() *media.Track {
	return &media.Track{ID: -1, ClockRate: 48000, Codec: &media.AAC{Config: mpeg4audio.AudioSpecificConfig{
		Type: mpeg4audio.ObjectTypeAACLC, SampleRate: 48000, ChannelConfig: 2,
	}}}
}

// voice is the sound to package: the publisher's, or in its place what there was before. Nil is none.
func (p *Presentation) voice() *media.Track {
	if q := &p.cut.sound; p.sound == nil && q.active && q.silence != nil {
		t := q.track
		return &t
	}
	return p.sound
}

// standIn is the sound to package with pictures while none comes; nil where there can be none.
func (p *Presentation) standIn() *media.Track {
	switch t := p.voice(); {
	case t == nil:
		return quiet()
	case media.Silence(t.Codec) != nil:
		return t
	}
	return nil
}

// silent says whether pictures come in and no sound does. Sound that has come and waits for a keyframe is some. The caller
// holds the lock.
func (p *Presentation) silent() bool {
	q := &p.cut.sound
	return p.onAir() && p.cut.hasVideo && (p.sound == nil || (!q.active || q.away) && p.cut.pendingSet == nil)
}

// patience is how much sound may stay behind the pictures: two parts, or what it usually stays behind if that is more.
// Protocols that put several frames into one packet are late by all of them.
func (c *cutter) patience() int64 {
	return min(max(2*c.target, leastPatience, c.sound.usual+maxSoundWait), 2*media.Ticks(c.cfg.GapAfter, rate))
}

// missSound lets silence take over when sound has stopped while the pictures go on.
func (c *cutter) missSound() {
	q := &c.sound
	if !q.active || q.away || q.silence == nil || c.needKey || c.newest()-max(q.heard, c.resumedAt) <= c.patience() {
		return
	}
	q.away = true
	c.log.Warn("no sound comes from the publisher: silence takes its place")
}

// hear notes that a frame has come, and lays silence where some are missing before it. It says no to one that comes so
// late that silence has to go on.
func (c *cutter) hear(au *media.AccessUnit) bool {
	q := &c.sound
	if q.silence == nil {
		return true
	}
	at := media.Rescale(au.PTS, q.track.ClockRate, rate)
	newest := c.newest()
	if !c.needKey {
		late := newest - at
		if q.away && late > c.patience() {
			return false
		}
		q.usual = max(late, q.usual-q.usual/1024)
	}
	q.away, q.heard = false, max(newest, at)
	if !c.needKey && !q.fresh && q.endLine >= c.resumedAt {
		q.fill(au.PTS)
	}
	return true
}

// hush lays silence up to the given place, if nothing comes from the publisher.
func (c *cutter) hush(to int64) {
	q := &c.sound
	if !q.active || !q.away || q.silence == nil {
		return
	}
	if q.endLine < c.resumedAt {
		q.endLine = c.resumedAt
		q.end = media.Rescale(c.resumedAt, rate, q.track.ClockRate)
	}
	for d := frameTicks(q.track, q.silence); q.endLine < to; {
		q.lay(frame{au: q.silence, pos: q.end, dur: d})
	}
}

// hushLate lays silence up to a segment's end where sound is later than usual, and so late that the audio rendition's next
// segment could be longer than the target duration with it: "EXTINF rounded to the nearest integer" (bis §4.4.3.1).
func (c *cutter) hushLate(to int64) {
	q := &c.sound
	if !q.active || q.away || q.fresh || q.silence == nil || q.endLine < c.resumedAt {
		return
	}
	most := min(max(q.usual+maxSoundWait, rate*4/10), c.longestSegment()+rate*35/100-c.nextSegment())
	if to-q.endLine <= most {
		return
	}
	q.fill(media.Rescale(to, rate, q.track.ClockRate))
}

// nextSegment is how long the next segment may become, going by the GOP before: segments are whole GOPs.
func (c *cutter) nextSegment() int64 {
	gop := int64(c.lead.cad.gop) * c.lead.cad.interval()
	if gop == 0 {
		return c.longestSegment()
	}
	return min((c.leastSegment()+gop-1)/gop*gop, c.longestSegment())
}

// fill lays silence where a frame or more is missing before the given place, on the track's clock. The last frame of it
// ends there, if that leaves half of it.
func (q *sound) fill(to int64) {
	for d := frameTicks(q.track, q.silence); to-q.end >= d/2; {
		q.lay(frame{au: q.silence, pos: q.end, dur: min(d, to-q.end)})
	}
}
