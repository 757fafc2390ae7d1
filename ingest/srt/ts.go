package srt

import (
	"bytes"
	"encoding/binary"
)

const (
	packetSize = 188
	syncByte   = 0x47
	// maxHeld bounds the bytes of all unfinished PES packets together, which is the greatest picture.
	maxHeld = 8 << 20
	// maxSection is the longest section of a programme table (ISO/IEC 13818-1 §2.4.4).
	maxSection = 1024
	// maxStreams bounds the elementary streams that are followed.
	maxStreams = 16
	// clockBits is the size of a timestamp: it wraps after 26.5 hours.
	clockBits = 33
)

// Stream types of a programme (ISO/IEC 13818-1 table 2-34).
const (
	typeMPEG1Video = 0x01
	typeMPEG2Video = 0x02
	typeMPEG1Audio = 0x03
	typeMPEG2Audio = 0x04
	typePrivate    = 0x06
	typeADTS       = 0x0F
	typeMPEG4Video = 0x10
	typeLATM       = 0x11
	typeMetadata   = 0x15
	typeH264       = 0x1B
	typeH265       = 0x24
	typeAC3        = 0x81
	typeEAC3       = 0x87
)

// Descriptor tags (ISO/IEC 13818-1 table 2-45).
const (
	tagRegistration = 0x05
	tagMetadata     = 0x26
	tagExtension    = 0x7F
)

// entry is one elementary stream in the programme's table.
type entry struct {
	pid  uint16
	typ  byte
	desc []byte // its descriptors
}

// descriptor gives the body of the first descriptor with a tag.
func (e entry) descriptor(tag byte) ([]byte, bool) {
	for b := e.desc; len(b) >= 2 && len(b) >= 2+int(b[1]); b = b[2+int(b[1]):] {
		if b[0] == tag {
			return b[2 : 2+int(b[1])], true
		}
	}
	return nil, false
}

// registered says whether a private stream is registered under four letters.
func (e entry) registered(id string) bool {
	b, ok := e.descriptor(tagRegistration)
	return ok && len(b) >= 4 && string(b[:4]) == id
}

// pes is one whole PES packet. Stamps are in ticks of 90 kHz, unwrapped.
type pes struct {
	pid      uint16
	pts, dts int64
	data     []byte
}

// demuxer takes an MPEG transport stream apart: the first programme in it. It calls programme when the
// programme's table has come or has changed, and packet for each PES packet that has come whole, which
// owns its bytes. lost is called where something is missing or cannot be read.
type demuxer struct {
	programme func([]entry) error
	packet    func(pes) error
	lost      func()

	rest  []byte // a packet that has begun
	pat   section
	pmt   section
	table []byte // the last programme table
	held  int
	pids  map[uint16]*unit

	clock   int64
	ticking bool
}

// section collects a table.
type section struct {
	pid  uint16
	on   bool // false: there is no such table yet
	open bool // one has begun
	buf  []byte
}

// unit collects the PES packets of an elementary stream.
type unit struct {
	pid  uint16
	open bool
	buf  []byte
	want int // its whole length, 0 where it ends with the next
	last int // length of the one before
	cc   int // last continuity counter, -1 before the first
}

func newDemuxer() *demuxer {
	return &demuxer{pat: section{on: true}, pids: map[uint16]*unit{}}
}

// feed takes bytes of the stream. The senders of some put whole packets into a message and some do not.
func (d *demuxer) feed(b []byte) error {
	if len(d.rest) > 0 {
		n := min(packetSize-len(d.rest), len(b))
		d.rest = append(d.rest, b[:n]...)
		if b = b[n:]; len(d.rest) < packetSize {
			return nil
		}
		p := d.rest
		d.rest = d.rest[:0]
		if err := d.take(p); err != nil {
			return err
		}
	}
	for len(b) > 0 {
		if b[0] != syncByte {
			d.lost()
			i := bytes.IndexByte(b, syncByte)
			if i < 0 {
				return nil
			}
			b = b[i:]
		}
		if len(b) < packetSize {
			d.rest = append(d.rest[:0], b...)
			return nil
		}
		if err := d.take(b[:packetSize]); err != nil {
			return err
		}
		b = b[packetSize:]
	}
	return nil
}

// take takes one packet (ISO/IEC 13818-1 §2.4.3.2).
func (d *demuxer) take(p []byte) error {
	if p[0] != syncByte || p[1]&0x80 != 0 || p[3]&0xC0 != 0 { // not one, known to be damaged, or scrambled
		d.lost()
		return nil
	}
	pid := binary.BigEndian.Uint16(p[1:]) & 0x1FFF
	start := p[1]&0x40 != 0
	body := p[4:]
	fresh := false // the counter begins anew
	if p[3]&0x20 != 0 {
		n := int(body[0])
		if n >= len(body) {
			n = len(body) - 1
		}
		fresh = n > 0 && body[1]&0x80 != 0
		body = body[1+n:]
	}
	if p[3]&0x10 == 0 || len(body) == 0 {
		return nil
	}
	switch {
	case pid == 0:
		return d.pat.take(body, start, d.takePAT)
	case d.pmt.on && pid == d.pmt.pid:
		return d.pmt.take(body, start, d.takePMT)
	}
	u := d.pids[pid]
	if u == nil {
		return nil
	}
	return d.takePES(u, body, start, fresh, int(p[3]&0x0F))
}

// take collects sections; whole gets each with its checksum taken off.
func (s *section) take(body []byte, start bool, whole func([]byte) error) error {
	if start {
		skip := 1 + int(body[0])
		if skip > len(body) {
			s.open = false
			return nil
		}
		s.buf, s.open = s.buf[:0], true
		body = body[skip:]
	}
	if !s.open {
		return nil
	}
	s.buf = append(s.buf, body...)
	for len(s.buf) >= 3 && s.buf[0] != 0xFF {
		n := 3 + int(binary.BigEndian.Uint16(s.buf[1:])&0x0FFF)
		if n > maxSection || n < 12 {
			break
		}
		if len(s.buf) < n {
			return nil
		}
		if crc32(s.buf[:n]) == 0 {
			if err := whole(s.buf[:n-4]); err != nil {
				return err
			}
		}
		s.buf = append(s.buf[:0], s.buf[n:]...)
	}
	s.open = len(s.buf) > 0 && len(s.buf) < 3
	return nil
}

// takePAT finds the first programme (§2.4.4.3).
func (d *demuxer) takePAT(b []byte) error {
	if b[0] != 0 {
		return nil
	}
	for b = b[8:]; len(b) >= 4; b = b[4:] {
		if binary.BigEndian.Uint16(b) == 0 { // the network's own table
			continue
		}
		if pid := binary.BigEndian.Uint16(b[2:]) & 0x1FFF; !d.pmt.on || pid != d.pmt.pid {
			d.pmt = section{pid: pid, on: true}
		}
		return nil
	}
	return nil
}

// takePMT reads the programme's table (§2.4.4.8).
func (d *demuxer) takePMT(b []byte) error {
	if b[0] != 2 || len(b) < 12 || b[5]&1 == 0 || bytes.Equal(b, d.table) { // one to come, or known
		return nil
	}
	d.table = bytes.Clone(b)
	skip := 12 + int(binary.BigEndian.Uint16(b[10:])&0x0FFF)
	if skip > len(b) {
		return nil
	}
	var all []entry
	pids := map[uint16]*unit{}
	for b = d.table[skip:]; len(b) >= 5 && len(all) < maxStreams; {
		n := 5 + int(binary.BigEndian.Uint16(b[3:])&0x0FFF)
		if n > len(b) {
			break
		}
		e := entry{pid: binary.BigEndian.Uint16(b[1:]) & 0x1FFF, typ: b[0], desc: b[5:n]}
		b = b[n:]
		if pids[e.pid] != nil {
			continue
		}
		if pids[e.pid] = d.pids[e.pid]; pids[e.pid] == nil {
			pids[e.pid] = &unit{pid: e.pid, cc: -1}
		}
		all = append(all, e)
	}
	d.pids, d.held = pids, 0
	for _, u := range pids {
		d.held += len(u.buf)
	}
	return d.programme(all)
}

// takePES collects PES packets (§2.4.3.6).
func (d *demuxer) takePES(u *unit, body []byte, start, fresh bool, cc int) error {
	was := u.cc
	u.cc = cc
	if was >= 0 && !fresh && cc != (was+1)&0x0F {
		if cc == was {
			return nil // sent twice, which is allowed
		}
		if u.open {
			d.drop(u)
		}
		d.lost()
	}
	if start {
		if u.open {
			if err := d.finish(u); err != nil {
				return err
			}
		}
		u.open, u.want = true, 0
		u.buf = make([]byte, 0, max(u.last+u.last/8, 2*packetSize))
		if len(body) >= 6 {
			if n := int(binary.BigEndian.Uint16(body[4:])); n > 0 {
				u.want = 6 + n
			}
		}
	}
	if !u.open {
		return nil
	}
	if d.held += len(body); d.held > maxHeld {
		d.drop(u)
		d.lost()
		return nil
	}
	u.buf = append(u.buf, body...)
	if u.want > 0 && len(u.buf) >= u.want {
		return d.finish(u)
	}
	return nil
}

// flush hands on what has no end of its own: nothing comes any more.
func (d *demuxer) flush() error {
	for _, u := range d.pids {
		if u.open && u.want == 0 {
			if err := d.finish(u); err != nil {
				return err
			}
		}
	}
	return nil
}

// drop forgets an unfinished packet.
func (d *demuxer) drop(u *unit) {
	d.held -= len(u.buf)
	u.open, u.buf = false, nil
	d.held = max(d.held, 0)
}

// finish hands on a PES packet that is whole, with its header taken off.
func (d *demuxer) finish(u *unit) error {
	b := u.buf
	u.last = len(b)
	if u.want > 0 {
		b = b[:min(u.want, len(b))]
	}
	short := u.want > len(b)
	d.drop(u)
	if short || len(b) < 9 || b[0] != 0 || b[1] != 0 || b[2] != 1 || b[6]&0xC0 != 0x80 || 9+int(b[8]) > len(b) {
		d.lost()
		return nil
	}
	p := pes{pid: u.pid, data: b[9+int(b[8]):]}
	header := b[9 : 9+int(b[8])]
	switch {
	case b[7]&0xC0 == 0xC0 && len(header) >= 10:
		p.dts = d.unwrap(stamp(header[5:]))
		p.pts = d.near(stamp(header), p.dts)
	case b[7]&0xC0 == 0x80 && len(header) >= 5:
		p.pts = d.unwrap(stamp(header))
		p.dts = p.pts
	default: // without a time it cannot be placed
		d.lost()
		return nil
	}
	if len(p.data) == 0 {
		return nil
	}
	return d.packet(p)
}

// stamp reads a timestamp of 33 bits in 5 bytes (§2.4.3.7).
func stamp(b []byte) int64 {
	return int64(b[0]>>1&7)<<30 | int64(b[1])<<22 | int64(b[2]>>1)<<15 | int64(b[3])<<7 | int64(b[4]>>1)
}

// unwrap extends a timestamp, which wraps after 26.5 hours, and follows it back and forth. All elementary
// streams of a programme have one clock.
func (d *demuxer) unwrap(v int64) int64 {
	if !d.ticking {
		d.ticking, d.clock = true, v
	} else {
		d.clock = d.near(v, d.clock)
	}
	return d.clock
}

// near is the time that a timestamp means which lies next to another time.
func (d *demuxer) near(v, to int64) int64 {
	const shift = 64 - clockBits
	return to + (v-to)<<shift>>shift
}

// crc32 is that of ISO/IEC 13818-1 annex A: 0 over a section with its checksum.
func crc32(b []byte) uint32 {
	crc := ^uint32(0)
	for _, x := range b {
		crc = crc<<8 ^ crcTable[byte(crc>>24)^x]
	}
	return crc
}

var crcTable = func() (t [256]uint32) {
	for i := range t {
		c := uint32(i) << 24
		for range 8 {
			if c&(1<<31) != 0 {
				c = c<<1 ^ 0x04C11DB7
			} else {
				c <<= 1
			}
		}
		t[i] = c
	}
	return t
}()
