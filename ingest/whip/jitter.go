package whip

import "time"

// packet is one RTP packet of one track.
type packet struct {
	seq     uint16
	stamp   uint32
	marker  bool
	payload []byte
	arrived time.Time
}

const (
	// graceTime and gracePackets are how long a packet may be late, or how many later ones may come, before
	// it is asked for: neighbours on the line often change places.
	graceTime    = 8 * time.Millisecond
	gracePackets = 3
	// maxAsks is how often one packet is asked for, maxNACK how many packets are asked for at once.
	maxAsks = 10
	maxNACK = 100
)

// jitter puts the packets of one track back in order. What is missing is waited for at most as long as
// patience says; where nothing is missing nothing waits. Its memory is a ring of fixed size.
type jitter struct {
	patience time.Duration
	ring     []slot
	begun    bool
	// next is the first sequence number that was not given out, top the greatest that came; both unwrapped.
	next, top int64
	missing   int
	// broken says that packets were given up since the last one that was given out.
	broken bool
	lost   uint64
}

type slot struct {
	packet packet
	have   bool
	since  time.Time // when it was found missing
	asked  time.Time
	asks   int
}

// newJitter makes a buffer of size packets, a power of two.
func newJitter(size int, patience time.Duration) jitter {
	return jitter{patience: patience, ring: make([]slot, size)}
}

func (j *jitter) slot(seq int64) *slot { return &j.ring[seq&int64(len(j.ring)-1)] }

// push takes a packet in. It says false for one that came before or comes too late.
func (j *jitter) push(p packet) bool {
	if !j.begun {
		j.begun = true
		j.next, j.top = int64(p.seq), int64(p.seq)-1
	}
	seq := j.top + int64(int16(p.seq-uint16(j.top)))
	size := int64(len(j.ring))
	if seq >= j.next+size || seq < j.next-size {
		// The sender has begun anew, or so much is lost that nothing of it is worth waiting for.
		j.restart(seq)
	}
	if seq < j.next {
		return false
	}
	for s := j.top + 1; s < seq; s++ {
		*j.slot(s) = slot{since: p.arrived}
		j.missing++
	}
	here := j.slot(seq)
	switch {
	case seq > j.top:
		j.top = seq
	case here.have:
		return false
	default:
		j.missing--
	}
	*here = slot{packet: p, have: true}
	return true
}

// restart gives up everything up to seq.
func (j *jitter) restart(seq int64) {
	clear(j.ring)
	j.next, j.top, j.missing = seq, seq-1, 0
	j.broken = true
	j.lost++
}

// pop gives the next packet in order, if it is there or what stands before it has been waited for long
// enough. broken says that packets before it are lost for good.
func (j *jitter) pop(now time.Time) (p packet, broken, ok bool) {
	for j.begun && j.next <= j.top {
		s := j.slot(j.next)
		if !s.have && now.Sub(s.since) < j.patience {
			return packet{}, false, false
		}
		j.next++
		if s.have {
			p, broken = s.packet, j.broken
			*s = slot{}
			j.broken = false
			return p, broken, true
		}
		j.missing--
		j.broken = true
		j.lost++
	}
	return packet{}, false, false
}

// wanted lists the packets to ask for now; one is asked for again after each round trip.
func (j *jitter) wanted(now time.Time, again time.Duration) []uint16 {
	if j.missing == 0 {
		return nil
	}
	var seqs []uint16
	for seq := j.next; seq <= j.top && len(seqs) < maxNACK; seq++ {
		s := j.slot(seq)
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
