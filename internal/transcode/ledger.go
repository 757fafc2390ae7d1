package transcode

import (
	"slices"
	"time"
)

// All in samples of 48 kHz, which are the ticks of both tracks.
const (
	aacFrame = 1024
	// maxInFlight is how much sound a child is given ahead of what it gave back: what it needs to look ahead, the
	// longest packet, and room for a stutter. What waits beyond it waits here, where it can be dropped.
	maxInFlight = sampleRate / 2
	// maxWaiting is how much sound waits for the child before the oldest is dropped.
	maxWaiting = 3 * sampleRate
	// maxWaitingBytes bounds the same for packets that are larger than any encoder's.
	maxWaitingBytes = 1 << 20
	// maxSilence is the longest hole that is fed as silence; over it the timeline jumps.
	maxSilence = sampleRate
	// preRoll is how much sound a decoder needs before it is right (RFC 7845 §4.6).
	preRoll = sampleRate * 80 / 1000
	// stampError is how much the stamps of packets may be off their lengths without a packet missing.
	stampError = sampleRate * 2 / 1000
	// behindAt is how much sound may be under way before the child counts as behind.
	behindAt = sampleRate / 2
)

// packet is an Opus packet, kept until its sound is out.
type packet struct {
	pts, length int64
	arrived     time.Time
	data        []byte
	// at is where its sound begins in what the child was fed.
	at int64
}

func (p *packet) end() int64 { return p.pts + p.length }

// ledger knows which Opus packets are where, and with that the time of every AAC frame. It is not safe for
// concurrent use.
type ledger struct {
	packets []packet
	// sent is how many of packets the child was fed, fed how many samples those and the silence between were.
	sent int
	fed  int64
	// frames is how many frames the child gave back; those that begin before skip were given by the child before.
	frames, skip int64
	// waiting and bytes are the sums over the packets that were not sent.
	waiting int64
	bytes   int
	// end is where the sound ends that came out.
	end    int64
	hasEnd bool
}

// add takes a packet. late says that its sound was here before, dropped how many packets had to go for it.
func (l *ledger) add(p packet) (late bool, dropped int) {
	if n := len(l.packets); n > 0 {
		last := &l.packets[n-1]
		if off := p.pts - last.end(); off < -tolerance(p.length) && off > -sampleRate {
			return true, 0
		}
	}
	l.packets = append(l.packets, p)
	l.waiting += p.length
	l.bytes += len(p.data)
	drop := l.sent
	for l.waiting > maxWaiting || l.bytes > maxWaitingBytes {
		l.waiting -= l.packets[drop].length
		l.bytes -= len(l.packets[drop].data)
		drop++
	}
	l.packets = slices.Delete(l.packets, l.sent, drop)
	return false, drop - l.sent
}

// tolerance is how much a packet's stamp may be off what the one before lets expect.
func tolerance(length int64) int64 { return max(min(length, 960)-stampError, shortest) }

// restart forgets the child. The next one is fed the packets whose sound is not out, and those before them that its
// decoder needs, after so much silence that its frames end where the last child's would have.
func (l *ledger) restart(o *ogg, b []byte) []byte {
	l.sent, l.fed, l.frames, l.skip, l.waiting, l.bytes = 0, 0, 0, 0, 0, 0
	for i := range l.packets {
		l.waiting += l.packets[i].length
		l.bytes += len(l.packets[i].data)
	}
	b = o.headers(b)
	if !l.hasEnd || len(l.packets) == 0 {
		return b
	}
	before := l.end - l.packets[0].pts
	if before < 0 || before > 2*maxSilence {
		return b // a jump lies between
	}
	// In steps of the shortest packet one comes within half of it, which is 1.25 ms.
	for (before+l.fed+shortest/2)%aacFrame > shortest {
		b = l.silence(o, b, shortest)
	}
	l.skip = before + l.fed - aacFrame/2
	return b
}

// feed appends what the child may have now.
func (l *ledger) feed(o *ogg, b []byte) []byte {
	for l.sent < len(l.packets) && l.fed-l.frames*aacFrame < maxInFlight {
		p := &l.packets[l.sent]
		if l.sent > 0 {
			before := &l.packets[l.sent-1]
			if hole := p.pts - before.end(); hole > tolerance(before.length) && hole <= maxSilence {
				b = l.silence(o, b, hole)
			}
		}
		p.at = l.fed
		l.fed += p.length
		l.waiting -= p.length
		l.bytes -= len(p.data)
		b = o.packet(b, l.fed, p.data)
		l.sent++
	}
	return b
}

// silence appends silence of about n samples, never more.
func (l *ledger) silence(o *ogg, b []byte, n int64) []byte {
	for _, s := range silences {
		for ; n >= s.samples; n -= s.samples {
			l.fed += s.samples
			b = o.packet(b, l.fed, s.packet)
		}
	}
	return b
}

// came takes note of the next frame from the child. It says when the frame's sound is to be heard and when its last
// packet arrived; keep is false for what is not to be heard: the encoder's priming, and what was out before.
func (l *ledger) came() (pts int64, arrived time.Time, keep bool) {
	from := (l.frames - 1) * aacFrame
	l.frames++
	first, ok := l.find(from)
	if !ok || from < l.skip {
		return 0, time.Time{}, false
	}
	last, _ := l.find(from + aacFrame - 1)
	pts = l.packets[first].pts + from - l.packets[first].at
	arrived = l.packets[last].arrived
	l.end, l.hasEnd = pts+aacFrame, true
	l.trim(from + aacFrame)
	return pts, arrived, true
}

// find is the packet whose sound, or the silence behind it, is at a sample of what the child was fed.
func (l *ledger) find(at int64) (i int, ok bool) {
	i, found := slices.BinarySearchFunc(l.packets[:l.sent], at, func(p packet, at int64) int { return int(p.at - at) })
	if !found {
		i--
	}
	return max(i, 0), i >= 0 && at < l.fed
}

// trim lets go of packets that neither a frame nor the next child needs, when the sound before the given sample is
// out: those before the pre-roll, and those before a jump. The one before what is needed stays: its end is where
// holes begin.
func (l *ledger) trim(out int64) {
	n := 0
	for i := 1; i < l.sent && l.packets[i].at <= out; i++ {
		hole := l.packets[i].pts - l.packets[i-1].end()
		if l.packets[i].at <= out-preRoll || hole > maxSilence || hole < -sampleRate {
			n = i
		}
	}
	l.packets = slices.Delete(l.packets, 0, n)
	l.sent -= n
}

// underWay is how much sound has not come back.
func (l *ledger) underWay() int64 { return l.waiting + l.fed - l.frames*aacFrame }
