package packager

import (
	"slices"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/opus"

	"livesrv/internal/media"
)

// frame is an audio frame on its way into parts.
type frame struct {
	au *media.AccessUnit
	// pos and dur are in ticks of the track; line is pos on the presentation's line.
	pos, dur, line int64
}

// frameTicks is how long a frame lasts, in ticks of the track.
func frameTicks(t media.Track, au *media.AccessUnit) int64 {
	switch c := t.Codec.(type) {
	case *media.AAC:
		n := int64(1024)
		if c.Config.FrameLengthFlag {
			n = 960
		}
		if c.Config.SampleRate > 0 {
			return media.Rescale(n, c.Config.SampleRate, t.ClockRate)
		}
		return n
	case *media.Opus:
		if au != nil && len(au.Units) > 0 {
			if n := opus.PacketDuration2(au.Units[0]); n > 0 {
				return media.Rescale(n, 48000, t.ClockRate)
			}
		}
		return media.Rescale(960, 48000, t.ClockRate)
	case *media.MP3:
		n := int64(1152)
		if c.SampleRate < 32000 {
			n = 576
		}
		return media.Rescale(n, c.SampleRate, t.ClockRate)
	}
	return int64(t.ClockRate) / 50
}

// sound is the queue of audio frames that both renditions take from, each at its own pace.
type sound struct {
	track  media.Track
	active bool
	frames []frame
	// taken are how many of frames each lane has taken.
	taken [maxLanes]int
	// end is where the last frame ends, on the track and on the line: none begins before. fresh says that a gap has
	// come since, or another track.
	end, endLine int64
	fresh        bool

	// silence is a frame without sound, nil where the codec has none; away says that it stands in for a
	// publisher's sound, which does not come.
	silence *media.AccessUnit
	away    bool
	// heard is how far the stream had come, on the line, when the last frame came from the publisher; usual is by how
	// much such frames come behind the pictures at worst, slowly forgotten.
	heard, usual int64
}

// reset begins with another track. Whether its sound is away is not for the queue to know.
func (q *sound) reset(t media.Track) {
	q.restart()
	*q = sound{track: t, active: true, fresh: true, frames: q.frames, away: q.away, endLine: q.endLine}
	q.end = media.Rescale(q.endLine, rate, t.ClockRate)
	if b := media.Silence(t.Codec); b != nil {
		q.silence = &media.AccessUnit{Track: t.ID, Key: true, Units: [][]byte{b}}
	}
}

// restart drops what waits, before a gap.
func (q *sound) restart() {
	clear(q.frames)
	q.frames, q.taken, q.fresh = q.frames[:0], [maxLanes]int{}, true
}

// rewind drops what a lane has taken; the rest waits for a keyframe.
func (q *sound) rewind() {
	n := slices.Max(q.taken[:])
	m := copy(q.frames, q.frames[n:])
	clear(q.frames[m:])
	q.frames, q.taken = q.frames[:m], [maxLanes]int{}
}

// push places a frame behind the one before. The stream has laid frames end to end and corrects drift by
// single ticks: those are taken up by the frame's duration. It says whether the frame found a place.
func (q *sound) push(au *media.AccessUnit) bool {
	d := frameTicks(q.track, au)
	f := frame{au: au, pos: au.PTS, dur: d}
	switch off := au.PTS - q.end; {
	case off <= -d/2:
		return false
	case off < d/2 && !q.fresh, off < 0:
		f.pos, f.dur = q.end, d+off
	}
	q.lay(f)
	return true
}

// lay puts a frame at the end of the queue.
func (q *sound) lay(f frame) {
	f.line = media.Rescale(f.pos, q.track.ClockRate, rate)
	q.fresh = false
	q.end = f.pos + f.dur
	q.endLine = media.Rescale(q.end, q.track.ClockRate, rate)
	q.frames = append(q.frames, f)
}

// dropBefore drops the frames that begin before the given place, none of which a lane has taken yet.
func (q *sound) dropBefore(line int64) int {
	n := 0
	for n < len(q.frames) && q.frames[n].line < line {
		n++
	}
	if n > 0 {
		m := copy(q.frames, q.frames[n:])
		clear(q.frames[m:])
		q.frames = q.frames[:m]
	}
	return n
}

// peek gives a lane's next frame if it begins before the given place.
func (q *sound) peek(lane int, before int64) (*frame, bool) {
	if i := q.taken[lane]; i < len(q.frames) && q.frames[i].line < before {
		return &q.frames[i], true
	}
	return nil, false
}

// skip lets a lane begin with the first frame from the given place on.
func (q *sound) skip(lane int, line int64) {
	n := 0
	for n < len(q.frames) && q.frames[n].line < line {
		n++
	}
	q.taken[lane] = n
}

// laneSet names lanes by a bit each.
type laneSet uint8

func (s laneSet) with(l *lane) laneSet { return s | 1<<l.index }

// trim lets go of frames that every lane which takes any has taken.
func (q *sound) trim(takers laneSet) {
	n := len(q.frames)
	for i := range q.taken {
		if takers&(1<<i) != 0 {
			n = min(n, q.taken[i])
		}
	}
	if n == 0 || n < len(q.frames)/2 {
		return
	}
	m := copy(q.frames, q.frames[n:])
	clear(q.frames[m:])
	q.frames = q.frames[:m]
	for i := range q.taken {
		q.taken[i] = max(0, q.taken[i]-n)
	}
}
