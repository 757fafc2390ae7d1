// Package box reads CMAF init segments and media the way a suspicious player would, and reports each
// breach under the number of the project's HLS rules. Like package m3u8 it shares no code with what
// writes our media. It looks at structure and time, never at pictures or sound.
package box

import (
	"encoding/binary"
	"fmt"
)

// Problem is one breach.
type Problem struct{ Rule, Text string }

// Track is what an init segment says of one track.
type Track struct {
	ID, Timescale uint32
	// Video tells the leading kind of track from audio.
	Video bool
	// Entry is the sample entry's four characters: "avc1", "mp4a".
	Entry string
	// sample defaults from trex
	duration, size, flags uint32
}

// Init is an init segment.
type Init struct {
	Brands []string
	Tracks []Track
}

// Track finds a track by id, nil if there is none.
func (i *Init) Track(id uint32) *Track {
	for n := range i.Tracks {
		if i.Tracks[n].ID == id {
			return &i.Tracks[n]
		}
	}
	return nil
}

// Sample is one row of a trun. Times are in ticks of its track's timescale.
type Sample struct {
	Duration, Size uint32
	Offset         int32
	Sync           bool
}

// Run is the samples of one track in one fragment.
type Run struct {
	Track uint32
	// Base is tfdt's baseMediaDecodeTime.
	Base    uint64
	Samples []Sample
	Data    []byte
}

// Duration is the sum of the samples', in ticks.
func (r *Run) Duration() uint64 {
	var n uint64
	for _, s := range r.Samples {
		n += uint64(s.Duration)
	}
	return n
}

// Emsg is one event message box.
type Emsg struct {
	Version       byte
	Scheme, Value string
	Timescale     uint32
	Time          uint64
	Duration, ID  uint32
	Message       []byte
}

// Fragment is one moof with what belongs to it.
type Fragment struct {
	Emsgs []Emsg
	Runs  []Run
}

// parser collects problems while boxes are walked.
type parser struct{ problems []Problem }

func (p *parser) bad(rule, format string, args ...any) {
	p.problems = append(p.problems, Problem{rule, fmt.Sprintf(format, args...)})
}

// walk calls f for each box in b. start is the offset of b within the file, which f gets for the box.
func (p *parser) walk(b []byte, start int, f func(name string, body []byte, at int)) {
	for len(b) > 0 {
		if len(b) < 8 {
			p.bad("13", "%d stray bytes at %d", len(b), start)
			return
		}
		size, head := uint64(binary.BigEndian.Uint32(b)), uint64(8)
		if size == 1 && len(b) >= 16 {
			size, head = binary.BigEndian.Uint64(b[8:]), 16
		}
		name := string(b[4:8])
		if size < head || size > uint64(len(b)) {
			p.bad("13", "box %q at %d says %d bytes of %d", name, start, size, len(b))
			return
		}
		f(name, b[head:size], start)
		b, start = b[size:], start+int(size)
	}
}

// cursor reads big-endian fields; past the end it yields zeros and sets short.
type cursor struct {
	b     []byte
	short bool
}

func (c *cursor) take(n int) []byte {
	if n > len(c.b) {
		c.short, c.b = true, nil
		return make([]byte, n)
	}
	v := c.b[:n]
	c.b = c.b[n:]
	return v
}

func (c *cursor) u32() uint32 { return binary.BigEndian.Uint32(c.take(4)) }
func (c *cursor) u64() uint64 { return binary.BigEndian.Uint64(c.take(8)) }

// full reads the version and flags of a full box.
func (c *cursor) full() (version byte, flags uint32) {
	v := c.u32()
	return byte(v >> 24), v & 0xffffff
}

// uint reads 64 bits for version 1 of a box and 32 for version 0.
func (c *cursor) uint(version byte) uint64 {
	if version == 1 {
		return c.u64()
	}
	return uint64(c.u32())
}

// text reads up to a zero byte.
func (c *cursor) text() string {
	for i, x := range c.b {
		if x == 0 {
			return string(c.take(i + 1)[:i])
		}
	}
	c.short, c.b = true, nil
	return ""
}
