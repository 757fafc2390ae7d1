package whip

import "livesrv/internal/media"

// vp9Format follows the RTP payload format for VP9 (RFC 9628).
type vp9Format struct{}

// maxFrames is how many frames a superframe may hold.
const maxFrames = 8

// units gives one frame, or, of a picture in spatial layers, a superframe of all of them.
func (vp9Format) units(payloads [][]byte) ([][]byte, error) {
	var sizes []int
	size := 0
	for _, p := range payloads {
		size += len(p)
	}
	unit := make([]byte, 0, size)
	begun := -1 // where the frame under way begins
	for _, p := range payloads {
		body, start, end, ok := vp9Body(p)
		if !ok {
			return nil, errShort
		}
		if start != (begun < 0) {
			return nil, errParts
		}
		if start {
			begun = len(unit)
		}
		unit = append(unit, body...)
		if end {
			if len(sizes) == maxFrames {
				return nil, errMany
			}
			sizes = append(sizes, len(unit)-begun)
			begun = -1
		}
	}
	if begun >= 0 || len(sizes) == 0 {
		return nil, errParts
	}
	if len(sizes) > 1 {
		unit = appendIndex(unit, sizes)
	}
	if _, _, ok := media.ReadVP9(unit); !ok {
		return nil, errKind
	}
	return [][]byte{unit}, nil
}

// vp9Body is the part of a frame in a payload, behind the payload descriptor (RFC 9628 §4.2). start and end say that
// a frame begins or ends with it.
func vp9Body(p []byte) (body []byte, start, end, ok bool) {
	c := cursor{b: p}
	flags := c.next()
	hasID, inter, layered, flexible, hasStructure := flags&0x80 != 0, flags&0x40 != 0, flags&0x20 != 0, flags&0x10 != 0, flags&0x02 != 0
	if hasID && c.next()&0x80 != 0 {
		c.skip(1) // an identifier of 15 bits
	}
	if layered {
		c.skip(1)
		if !flexible {
			c.skip(1) // TL0PICIDX
		}
	}
	if flexible && inter {
		for range 3 {
			if c.next()&1 == 0 { // P_DIFF, and whether another follows
				break
			}
		}
	}
	if hasStructure {
		c.structure()
	}
	return c.b, flags&0x08 != 0, flags&0x04 != 0, !c.short && len(c.b) > 0
}

// cursor reads a payload descriptor.
type cursor struct {
	b     []byte
	short bool
}

func (c *cursor) next() byte {
	if len(c.b) == 0 {
		c.short = true
		return 0
	}
	v := c.b[0]
	c.b = c.b[1:]
	return v
}

func (c *cursor) skip(n int) {
	if n > len(c.b) {
		c.short, n = true, len(c.b)
	}
	c.b = c.b[n:]
}

// structure skips a scalability structure: what it says is in the frames too (RFC 9628 §4.2.1).
func (c *cursor) structure() {
	head := c.next()
	if head&0x10 != 0 {
		c.skip(4 * (int(head>>5) + 1)) // the size of each spatial layer
	}
	if head&0x08 == 0 {
		return
	}
	for range c.next() {
		c.skip(int(c.next() >> 2 & 3)) // what a picture of the group refers to
	}
}

// appendIndex makes a superframe of frames that lie behind one another (VP9 bitstream specification, annex B).
func appendIndex(b []byte, sizes []int) []byte {
	const bytes = 4
	marker := byte(0b110<<5 | (bytes-1)<<3 | (len(sizes) - 1))
	b = append(b, marker)
	for _, n := range sizes {
		b = append(b, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
	}
	return append(b, marker)
}

func (vp9Format) look(c media.Codec, units [][]byte) (key, picture bool, codec media.Codec) {
	now, key, _ := media.ReadVP9(units[0])
	if !key || media.Equal(c, now) {
		return key, true, c
	}
	return true, true, now
}
