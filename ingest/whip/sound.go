package whip

import (
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/opus"

	"livesrv/ingest"
	"livesrv/internal/media"
)

const (
	opusRate = 48000
	// soundPatience is how long lost sound is waited for: browsers do not repeat it, packets only change places.
	soundPatience = 60 * time.Millisecond
	// opusDelay is how far what an Opus encoder hears lies before what a decoder makes of it, in ticks: 6.5 ms, the
	// look-ahead of libopus, by which every browser encodes. Containers take it off as pre-skip (RFC 7845 §4.2);
	// an RTP stamp is of the encoder's input (RFC 7587 §4.1).
	opusDelay = 312
	// maxConcealed is how much lost sound is filled with empty frames, in ticks; more is a gap.
	maxConcealed = opusRate
	// maxQuiet is how late sound may be, in ticks, before it counts as not sent.
	maxQuiet = opusRate * 120 / 1000
	// maxOpus is the greatest Opus packet: 120 ms at the codec's greatest rate (RFC 6716 §3.2.1).
	maxOpus = 3 * 1275 * 2
)

// sound is the Opus track.
type sound struct {
	ssrc   uint32
	clock  *trackClock
	jitter ingest.Jitter[packet]
	id     int // track, -1 until told

	begun bool
	next  int64 // RTP stamp, unwrapped, that follows the last frame
	toc   byte
	// sent is what next was, and when, after the last frame that was sent.
	sent     int64
	sentAt   time.Time
	lastSeen time.Time

	concealed uint64
}

func newSound(ssrc uint32, clock *trackClock) *sound {
	return &sound{ssrc: ssrc, clock: clock, jitter: ingest.NewJitter[packet](soundRing, soundPatience), id: -1}
}

// emitFrame passes a frame on.
type emitFrame func(frame []byte, pts int64, arrived time.Time) error

// take gives the frames that a packet stands for to emit: before it, empty ones in the place of what is lost
// or was never sent because nobody spoke.
func (s *sound) take(p packet, emit emitFrame) error {
	if len(p.payload) == 0 || len(p.payload) > maxOpus {
		return nil
	}
	n := opus.PacketDuration2(p.payload)
	if n <= 0 || n > opusRate*120/1000 {
		return nil
	}
	s.clock.place(p.stamp, p.arrived)
	at := s.clock.last
	if s.begun && at > s.next && at-s.next <= maxConcealed {
		if err := s.conceal(at, p.arrived, emit); err != nil {
			return err
		}
	}
	if s.begun && at < s.next-n/2 && s.next-at < maxConcealed {
		return nil // what is here already
	}
	s.begun, s.next, s.toc = true, at+n, p.payload[0]
	s.sent, s.sentAt = s.next, p.arrived
	return emit(p.payload, s.pts(at), p.arrived)
}

// fill stands in for a publisher who sends nothing while nobody speaks: viewers' parts do not wait for the next packet.
// A second without a packet is more than any encoder's silence.
func (s *sound) fill(now time.Time, emit emitFrame) error {
	quiet := min(media.Ticks(now.Sub(s.sentAt), opusRate), maxConcealed)
	if !s.begun || quiet < maxQuiet {
		return nil
	}
	return s.conceal(s.sent+quiet-maxQuiet, now, emit)
}

// conceal gives empty frames for the sound before at. "Any Opus frame in any mode MAY have a length of 0" (RFC 6716
// §3.2.1); the decoder makes up for it. Code 0 is one frame.
func (s *sound) conceal(at int64, arrived time.Time, emit emitFrame) error {
	empty := s.toc &^ 3
	length := opus.PacketDuration2([]byte{empty})
	for ; length > 0 && s.next+length <= at; s.next += length {
		s.concealed++
		if err := emit([]byte{empty}, s.pts(s.next), arrived); err != nil {
			return err
		}
	}
	return nil
}

// pts is when the decoded sound of a frame with that stamp is to be heard.
func (s *sound) pts(stamp int64) int64 { return s.clock.at(stamp) - opusDelay }
