package stream

import (
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg1audio"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/opus"

	"livesrv/internal/media"
)

const (
	// pullFrom and pullTo are the smoothed errors in microseconds at which audio begins and ceases to be
	// pulled to its stamps. Far below what anybody sees (lip sync starts to hurt at 45 ms).
	pullFrom = 3000
	pullTo   = 500
	// suddenly is the error in microseconds that is a gap at once, without asking the next frames.
	suddenly = 250_000
	// witnesses is how many frames in a row must agree that frames are missing or too many.
	witnesses = 16
)

// audioPacer lays audio frames end to end by their own lengths. The stamps decide only where audio
// begins, where frames are missing, and, slowly, how fast the audio clock runs against the timeline.
// Ticks of the track's clock.
type audioPacer struct {
	rate  int
	gap   int64 // tolerance in microseconds
	begun bool
	next  int64
	last  int64 // length of the last frame

	errs    [witnesses]int64 // last errors in microseconds
	filled  int
	mean    int64 // smoothed error in 1/64 microseconds
	pulling bool
	budget  int64 // what may be corrected, in millionths of a tick
	surplus bool  // frames are too many and are being dropped
}

// pace gives the DTS of a frame of n ticks mapped to at (ref ticks). keep is false where the frame is one
// too many. retry is asked once when the error is large: it may offer another mapping.
func (p *audioPacer) pace(at, n int64, retry func() (int64, bool), r *Repairs) (dts int64, keep bool) {
	stamp := media.Rescale(at, refRate, p.rate)
	if !p.begun {
		if stamp < p.next {
			r.Early++
			return 0, false
		}
		p.begun = true
		return p.lay(stamp, n), true
	}
	e := p.microseconds(stamp - p.next)
	if max(e, -e) > p.gap {
		if other, ok := retry(); ok {
			stamp = media.Rescale(other, refRate, p.rate)
			e = p.microseconds(stamp - p.next)
		}
	}
	p.errs[p.filled%witnesses] = e
	p.filled++
	lo, hi := p.spread()
	switch {
	case e > suddenly, p.filled >= witnesses && lo > p.gap:
		r.Gaps++
		r.Missing += uint64(max((stamp-p.next)/max(n, 1), 0))
		p.settle()
		return p.lay(stamp, n), true
	case p.surplus && stamp >= p.next-n/2:
		p.surplus = false
		p.settle()
	case p.surplus, p.filled >= witnesses && hi < -p.gap:
		p.surplus = true
		r.Dropped++
		return 0, false
	}
	return p.lay(p.next+p.pull(e, n, r), n), true
}

func (p *audioPacer) lay(dts, n int64) int64 {
	p.next, p.last = dts+n, n
	return dts
}

func (p *audioPacer) microseconds(ticks int64) int64 { return media.Rescale(ticks, p.rate, 1_000_000) }

func (p *audioPacer) spread() (lo, hi int64) {
	lo, hi = p.errs[0], p.errs[0]
	for _, e := range p.errs[1:min(p.filled, witnesses)] {
		lo, hi = min(lo, e), max(hi, e)
	}
	return lo, hi
}

func (p *audioPacer) settle() { p.filled, p.mean, p.pulling, p.budget = 0, 0, false, 0 }

// pull is the correction before a frame of n ticks: at most maxSlewPPM of what has passed.
func (p *audioPacer) pull(e, n int64, r *Repairs) int64 {
	p.mean += (e*64 - p.mean) / 64
	mean := p.mean / 64
	if size := max(mean, -mean); !p.pulling && size < pullFrom {
		return 0
	} else if p.pulling = size > pullTo; !p.pulling {
		p.budget = 0
		return 0
	}
	p.budget += n * maxSlewPPM
	ticks := p.budget / 1_000_000
	if ticks == 0 {
		return 0
	}
	p.budget -= ticks * 1_000_000
	if mean < 0 {
		ticks = -ticks
	}
	r.Pulled += uint64(max(ticks, -ticks))
	p.mean -= p.microseconds(ticks) * 64
	return ticks
}

// frameLength is how many ticks of its own clock an audio frame lasts; last is the answer for a frame
// that does not say.
func frameLength(c media.Codec, frame []byte, last int64) int64 {
	switch c := c.(type) {
	case *media.AAC:
		if c.Config.FrameLengthFlag {
			return 960
		}
		return 1024
	case *media.Opus:
		// RFC 6716 §3.2.5: a packet lasts at most 120 ms.
		if n := opus.PacketDuration2(frame); n > 0 && n <= 5760 {
			return n
		}
		return max(last, 960)
	case *media.MP3:
		var h mpeg1audio.FrameHeader
		if h.Unmarshal(frame) == nil {
			return int64(h.SampleCount())
		}
	}
	return max(last, 1152)
}
