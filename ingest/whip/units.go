package whip

import (
	"bytes"
	"encoding/binary"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/av1"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"

	"livesrv/internal/fault"
	"livesrv/internal/media"
)

// maxUnits bounds the NAL units or OBUs of one picture.
const maxUnits = 512

var (
	errShort = fault.New(fault.Invalid, "an RTP payload is too short")
	errKind  = fault.New(fault.Invalid, "an RTP payload is of a kind that was not negotiated")
	errParts = fault.New(fault.Invalid, "the fragments of a unit do not fit together")
	errMany  = fault.New(fault.Invalid, "a picture has too many units")
)

// format is how one video codec lies in RTP packets and what of it can be told without decoding.
type format interface {
	// units takes the payloads of all packets of one picture, in order and without a gap, apart.
	units(payloads [][]byte) ([][]byte, error)
	// look says whether decoding can start with a picture, whether the units hold any picture at all, and
	// the codec with the parameter sets among them, which is c itself where they say nothing new.
	look(c media.Codec, units [][]byte) (key, picture bool, codec media.Codec)
}

// Types of H.264 and HEVC payloads that are not NAL units themselves (RFC 6184 §5.2, RFC 7798 §4.4).
const (
	h264Aggregation = 24
	h264Fragment    = 28
	h265Aggregation = 48
	h265Fragment    = 49
)

type h264Format struct{}

func (h264Format) units(payloads [][]byte) ([][]byte, error) {
	c := collect(payloads)
	for _, p := range payloads {
		c.left -= len(p)
		if len(p) < 1 {
			return nil, errShort
		}
		var err error
		switch typ := p[0] & 0x1F; {
		case typ >= 1 && typ < h264Aggregation:
			err = c.whole(p)
		case typ == h264Aggregation:
			err = c.aggregate(p[1:])
		case typ == h264Fragment && len(p) > 2:
			// The NAL header is put together of the indicator's importance and the header's type.
			err = c.fragment(p[1]&0x80 != 0, p[1]&0x40 != 0, []byte{p[0]&0xE0 | p[1]&0x1F}, p[2:])
		case typ == h264Fragment:
			err = errShort
		default:
			err = errKind
		}
		if err != nil {
			return nil, err
		}
	}
	return c.done()
}

func (h264Format) look(c media.Codec, units [][]byte) (key, picture bool, codec media.Codec) {
	old, _ := c.(*media.H264)
	if old == nil {
		old = &media.H264{}
	}
	sps, pps := old.SPS, old.PPS
	for _, u := range units {
		switch t := h264.NALUType(u[0] & 0x1F); t {
		case h264.NALUTypeSPS:
			sps = u
		case h264.NALUTypePPS:
			pps = u
		case h264.NALUTypeIDR:
			key, picture = true, true
		default:
			picture = picture || t < h264.NALUTypeIDR && t != 0
		}
	}
	if bytes.Equal(sps, old.SPS) && bytes.Equal(pps, old.PPS) {
		return key, picture, c
	}
	return key, picture, &media.H264{SPS: bytes.Clone(sps), PPS: bytes.Clone(pps)}
}

type h265Format struct{}

func (h265Format) units(payloads [][]byte) ([][]byte, error) {
	c := collect(payloads)
	for _, p := range payloads {
		c.left -= len(p)
		if len(p) < 3 {
			return nil, errShort
		}
		var err error
		switch typ := p[0] >> 1 & 0x3F; {
		case typ < h265Aggregation:
			err = c.whole(p)
		case typ == h265Aggregation:
			err = c.aggregate(p[2:])
		case typ == h265Fragment && len(p) > 3:
			err = c.fragment(p[2]&0x80 != 0, p[2]&0x40 != 0, []byte{p[0]&0x81 | p[2]&0x3F<<1, p[1]}, p[3:])
		case typ == h265Fragment:
			err = errShort
		default:
			err = errKind
		}
		if err != nil {
			return nil, err
		}
	}
	return c.done()
}

func (h265Format) look(c media.Codec, units [][]byte) (key, picture bool, codec media.Codec) {
	old, _ := c.(*media.H265)
	if old == nil {
		old = &media.H265{}
	}
	vps, sps, pps := old.VPS, old.SPS, old.PPS
	for _, u := range units {
		switch t := h265.NALUType(u[0] >> 1 & 0x3F); {
		case t == h265.NALUType_VPS_NUT:
			vps = u
		case t == h265.NALUType_SPS_NUT:
			sps = u
		case t == h265.NALUType_PPS_NUT:
			pps = u
		case t < h265.NALUType_VPS_NUT:
			picture = true
			key = key || t >= h265.NALUType_BLA_W_LP && t <= h265.NALUType_CRA_NUT
		}
	}
	if bytes.Equal(vps, old.VPS) && bytes.Equal(sps, old.SPS) && bytes.Equal(pps, old.PPS) {
		return key, picture, c
	}
	return key, picture, &media.H265{VPS: bytes.Clone(vps), SPS: bytes.Clone(sps), PPS: bytes.Clone(pps)}
}

// collector gathers NAL units from packets.
type collector struct {
	units [][]byte
	// open is the unit whose fragments are coming in.
	open []byte
	// left is how many bytes are in the packets that follow.
	left int
}

func collect(payloads [][]byte) collector {
	c := collector{units: make([][]byte, 0, min(len(payloads)+2, 8))}
	for _, p := range payloads {
		c.left += len(p)
	}
	return c
}

func (c *collector) whole(unit []byte) error {
	if c.open != nil {
		return errParts
	}
	if len(c.units) >= maxUnits {
		return errMany
	}
	c.units = append(c.units, unit)
	return nil
}

// aggregate takes units apart that stand behind one another with 16 bits of length each.
func (c *collector) aggregate(p []byte) error {
	for len(p) > 0 {
		if len(p) < 2 {
			return errShort
		}
		n := int(binary.BigEndian.Uint16(p))
		p = p[2:]
		if n > len(p) {
			return errShort
		}
		if n > 0 {
			if err := c.whole(p[:n:n]); err != nil {
				return err
			}
		}
		p = p[n:]
	}
	return nil
}

func (c *collector) fragment(start, end bool, header, body []byte) error {
	if start == (c.open != nil) {
		return errParts
	}
	if start {
		// What follows is the rest of this unit, as a rule.
		c.open = append(make([]byte, 0, len(header)+len(body)+c.left), header...)
	}
	c.open = append(c.open, body...)
	if end {
		unit := c.open
		c.open = nil
		return c.whole(unit)
	}
	return nil
}

func (c *collector) done() ([][]byte, error) {
	if c.open != nil {
		return nil, errParts
	}
	return c.units, nil
}

// av1Format follows the RTP payload format for AV1, version 1.0, section 4.
type av1Format struct{}

func (av1Format) units(payloads [][]byte) ([][]byte, error) {
	var units [][]byte
	var open []byte // an OBU that goes on in the next packet
	for _, p := range payloads {
		if len(p) < 2 {
			return nil, errShort
		}
		// The aggregation header: Z says that the first element goes on from the packet before, Y that the
		// last one goes on in the next, W how many there are, 0 for lengths before each of them.
		z, y, w := p[0]&0x80 != 0, p[0]&0x40 != 0, int(p[0]>>4&3)
		if z != (open != nil) {
			return nil, errParts
		}
		p = p[1:]
		for n := 1; len(p) > 0; n++ {
			element := p
			if w == 0 || n < w {
				var size av1.LEB128
				used, err := size.Unmarshal(p)
				if err != nil || int64(size) > int64(len(p)-used) {
					return nil, errShort
				}
				element = p[used : used+int(size)]
				p = p[used+int(size):]
			} else {
				p = nil
			}
			if n == 1 && z {
				element = append(open, element...)
				open = nil
			}
			if len(p) == 0 && y {
				open = bytes.Clone(element)
				break
			}
			if len(units) >= maxUnits {
				return nil, errMany
			}
			if obu, ok := bareOBU(element); ok {
				units = append(units, obu)
			}
		}
	}
	if open != nil {
		return nil, errParts
	}
	return units, nil
}

// bareOBU is an OBU without its size field: senders should leave it out, and some do not.
func bareOBU(b []byte) (obu []byte, ok bool) {
	if len(b) == 0 {
		return nil, false
	}
	if b[0]&0x02 == 0 {
		return b, true
	}
	head := 1 + int(b[0]>>2&1)
	if len(b) <= head {
		return nil, false
	}
	var size av1.LEB128
	n, err := size.Unmarshal(b[head:])
	if err != nil || int64(size) > int64(len(b)-head-n) {
		return nil, false
	}
	obu = append(make([]byte, 0, head+int(size)), b[:head]...)
	obu[0] &^= 0x02
	return append(obu, b[head+n:head+n+int(size)]...), true
}

func (av1Format) look(c media.Codec, units [][]byte) (key, picture bool, codec media.Codec) {
	old, _ := c.(*media.AV1)
	if old == nil {
		old = &media.AV1{}
	}
	header := old.SequenceHeader
	for _, u := range units {
		switch av1.OBUType(u[0] >> 3 & 0x0F) {
		case av1.OBUTypeSequenceHeader:
			// Encoders write it before keyframes and nowhere else.
			header, key = u, true
		case 3, 6: // frame header, frame
			picture = true
		}
	}
	key = key && picture
	if bytes.Equal(header, old.SequenceHeader) {
		return key, picture, c
	}
	return key, picture, &media.AV1{SequenceHeader: bytes.Clone(header)}
}
