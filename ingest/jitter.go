package ingest

import "time"

const (
	// graceTime and gracePackets are how long a packet may be late, or how many later ones may come, before
	// it is asked for: neighbours on the line often change places.
	graceTime    = 8 * time.Millisecond
	gracePackets = 3
	// maxAsks is how often one packet is asked for, maxNACK how many packets are asked for at once.
	maxAsks = 10
	maxNACK = 100
)

// Jitter puts the packets of one RTP source back in order. What is missing is waited for at most as long as
// patience says; where nothing is missing nothing waits. Its memory is a ring of fixed size. It is not safe for
// concurrent use.
type Jitter[P any] struct {
	patience time.Duration
	ring     []place[P]
	begun    bool
	// next is the first sequence number that was not given out, top the greatest that came; both unwrapped.
	next, top int64
	missing   int
	// broken says that packets were given up since the last one that was given out.
	broken bool
}

// place is where a packet lies, or is missing.
type place[P any] struct {
	packet P
	have   bool
	since  time.Time // when it was found missing
	asked  time.Time
	asks   int
}

// NewJitter makes a buffer of size packets, a power of two.
func NewJitter[P any](size int, patience time.Duration) Jitter[P] {
	return Jitter[P]{patience: patience, ring: make([]place[P], size)}
}

func (j *Jitter[P]) place(seq int64) *place[P] { return &j.ring[seq&int64(len(j.ring)-1)] }

// Push takes a packet in that has arrived now. It says false for one that came before or comes too late.
func (j *Jitter[P]) Push(number uint16, p P, now time.Time) bool {
	if !j.begun {
		j.begun = true
		j.next, j.top = int64(number), int64(number)-1
	}
	seq := j.top + int64(int16(number-uint16(j.top)))
	size := int64(len(j.ring))
	if seq >= j.next+size || seq < j.next-size {
		// The sender has begun anew, or so much is lost that nothing of it is worth waiting for.
		j.restart(seq)
	}
	if seq < j.next {
		return false
	}
	for s := j.top + 1; s < seq; s++ {
		*j.place(s) = place[P]{since: now}
		j.missing++
	}
	here := j.place(seq)
	switch {
	case seq > j.top:
		j.top = seq
	case here.have:
		return false
	default:
		j.missing--
	}
	*here = place[P]{packet: p, have: true}
	return true
}

// restart gives up everything up to seq.
func (j *Jitter[P]) restart(seq int64) {
	clear(j.ring)
	j.next, j.top, j.missing = seq, seq-1, 0
	j.broken = true
}

// Pop gives the next packet in order, if it is there or what stands before it has been waited for long
// enough. broken says that packets before it are lost for good.
func (j *Jitter[P]) Pop(now time.Time) (p P, broken, ok bool) {
	for j.begun && j.next <= j.top {
		s := j.place(j.next)
		if !s.have && now.Sub(s.since) < j.patience {
			return p, false, false
		}
		j.next++
		if s.have {
			p, broken = s.packet, j.broken
			*s = place[P]{}
			j.broken = false
			return p, broken, true
		}
		j.missing--
		j.broken = true
	}
	return p, false, false
}

// Wanted lists the packets to ask for now; one is asked for again after each round trip.
func (j *Jitter[P]) Wanted(now time.Time, again time.Duration) []uint16 {
	if j.missing == 0 {
		return nil
	}
	var seqs []uint16
	for seq := j.next; seq <= j.top && len(seqs) < maxNACK; seq++ {
		s := j.place(seq)
		if s.have || s.asks >= maxAsks {
			continue
		}
		if s.asks == 0 && now.Sub(s.since) < graceTime && j.top-seq < gracePackets || s.asks > 0 && now.Sub(s.asked) < again {
			continue
		}
		s.asks++
		s.asked = now
		seqs = append(seqs, uint16(seq))
	}
	return seqs
}
