package whip

import (
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/opus"
)

const (
	opusRate = 48000
	// soundPatience is how long lost sound is waited for: browsers do not repeat it, packets only change places.
	soundPatience = 60 * time.Millisecond
	// maxConcealed is how much lost sound is filled with empty frames, in ticks; more is a gap.
	maxConcealed = opusRate
	// maxOpus is the greatest Opus packet: 120 ms at the codec's greatest rate (RFC 6716 §3.2.1).
	maxOpus = 3 * 1275 * 2
)

// sound is the Opus track.
type sound struct {
	ssrc   uint32
	clock  *trackClock
	jitter jitter
	id     int // track, -1 until told

	begun    bool
	next     int64 // RTP stamp, unwrapped, that follows the last frame
	toc      byte
	lastSeen time.Time

	concealed uint64
}

func newSound(ssrc uint32, clock *trackClock) *sound {
	return &sound{ssrc: ssrc, clock: clock, jitter: newJitter(soundRing, soundPatience), id: -1}
}

// take gives the frames that a packet stands for to emit: before it, empty ones in the place of what is lost
// or was never sent because nobody spoke.
func (s *sound) take(p packet, emit func(frame []byte, pts int64, arrived time.Time) error) error {
	if len(p.payload) == 0 || len(p.payload) > maxOpus {
		return nil
	}
	n := opus.PacketDuration2(p.payload)
	if n <= 0 || n > opusRate*120/1000 {
		return nil
	}
	pts := s.clock.place(p.stamp, p.arrived)
	at := s.clock.last
	if s.begun && at > s.next && at-s.next <= maxConcealed {
		// An Opus frame may have no bytes: "Any Opus frame in any mode MAY have a length of 0" (RFC 6716 §3.2.1).
		// The decoder conceals it. Code 0 is one frame.
		empty := s.toc &^ 3
		length := opus.PacketDuration2([]byte{empty})
		for gap := at - s.next; length > 0 && gap >= length; gap -= length {
			s.concealed++
			if err := emit([]byte{empty}, pts-gap, p.arrived); err != nil {
				return err
			}
		}
	}
	if s.begun && at < s.next-n/2 && s.next-at < maxConcealed {
		return nil // what is here already
	}
	s.begun, s.next, s.toc = true, at+n, p.payload[0]
	return emit(p.payload, pts, p.arrived)
}
