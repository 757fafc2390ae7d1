package rtmp

import (
	"bytes"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"

	"livesrv/internal/fault"
	"livesrv/internal/media"
)

var errShort = fault.New(fault.Invalid, "a decoder configuration is too short")

// parseAVC reads an AVCDecoderConfigurationRecord (ISO/IEC 14496-15 §5.3.3.1) and the size of the lengths
// before NAL units. The first of each kind of parameter sets is taken.
func parseAVC(b []byte) (c *media.H264, lengthSize int, err error) {
	if len(b) < 6 {
		return nil, 0, errShort
	}
	lengthSize = int(b[4]&3) + 1
	sps, rest, err := sets(b[6:], int(b[5]&0x1F))
	if err != nil {
		return nil, 0, err
	}
	if len(rest) < 1 {
		return nil, 0, errShort
	}
	pps, _, err := sets(rest[1:], int(rest[0]))
	if err != nil {
		return nil, 0, err
	}
	return &media.H264{SPS: bytes.Clone(sps), PPS: bytes.Clone(pps)}, lengthSize, nil
}

// sets reads n parameter sets with lengths of 16 bits, of which the first is kept.
func sets(b []byte, n int) (first, rest []byte, err error) {
	for i := range n {
		if len(b) < 2 {
			return nil, nil, errShort
		}
		size := int(b[0])<<8 | int(b[1])
		if len(b) < 2+size {
			return nil, nil, errShort
		}
		if i == 0 {
			first = b[2 : 2+size]
		}
		b = b[2+size:]
	}
	return first, b, nil
}

// parseHEVC reads an HEVCDecoderConfigurationRecord (ISO/IEC 14496-15 §8.3.3.1).
func parseHEVC(b []byte) (c *media.H265, lengthSize int, err error) {
	if len(b) < 23 {
		return nil, 0, errShort
	}
	c, lengthSize = &media.H265{}, int(b[21]&3)+1
	arrays := int(b[22])
	b = b[23:]
	for range arrays {
		if len(b) < 3 {
			return nil, 0, errShort
		}
		typ, n := h265.NALUType(b[0]&0x3F), int(b[1])<<8|int(b[2])
		var first []byte
		if first, b, err = sets(b[3:], n); err != nil {
			return nil, 0, err
		}
		switch typ {
		case h265.NALUType_VPS_NUT:
			c.VPS = bytes.Clone(first)
		case h265.NALUType_SPS_NUT:
			c.SPS = bytes.Clone(first)
		case h265.NALUType_PPS_NUT:
			c.PPS = bytes.Clone(first)
		}
	}
	return c, lengthSize, nil
}

// parseAV1 reads an AV1CodecConfigurationRecord (AV1 ISO binding §2.3.3). The sequence header may be
// missing: it is then in the first keyframe.
func parseAV1(b []byte) (*media.AV1, error) {
	if len(b) < 4 {
		return nil, errShort
	}
	c := &media.AV1{}
	units, ok := splitOBUs(nil, bytes.Clone(b[4:]))
	if !ok {
		return nil, fault.New(fault.Invalid, "the AV1 configuration cannot be read")
	}
	for _, u := range units {
		if u[0]>>3&0x0F == obuSequenceHeader {
			c.SequenceHeader = u
		}
	}
	return c, nil
}

const obuSequenceHeader = 1

// maxUnits bounds the NAL units or OBUs of one picture.
const maxUnits = 1024

// splitNALs cuts NAL units with lengths before them out of b and appends them to units, without copying.
func splitNALs(units [][]byte, b []byte, lengthSize int) (_ [][]byte, ok bool) {
	for len(b) > 0 {
		if len(b) < lengthSize || len(units) >= maxUnits {
			return units, false
		}
		size := 0
		for _, x := range b[:lengthSize] {
			size = size<<8 | int(x)
		}
		b = b[lengthSize:]
		if size > len(b) {
			return units, false
		}
		if size > 0 {
			units = append(units, b[:size:size])
		}
		b = b[size:]
	}
	return units, true
}

// splitOBUs cuts OBUs with size fields (AV1 specification §5.3) out of b and appends them to units without
// those fields. It writes over the last bytes of the size fields, so b must be the caller's own.
func splitOBUs(units [][]byte, b []byte) (_ [][]byte, ok bool) {
	for len(b) > 0 {
		header := 1
		if b[0]&4 != 0 { // obu_extension_flag
			header = 2
		}
		if b[0]&0x80 != 0 || len(b) < header || len(units) >= maxUnits {
			return units, false
		}
		if b[0]&2 == 0 { // obu_has_size_field: without it the OBU reaches to the end
			return append(units, b), true
		}
		size, n := leb128(b[header:])
		if n == 0 || size > len(b)-header-n {
			return units, false
		}
		end := header + n + size
		u := b[n:end:end]
		b[0] &^= 2
		copy(u, b[:header])
		units = append(units, u)
		b = b[end:]
	}
	return units, true
}

// leb128 reads a size (AV1 specification §4.10.5); n is 0 where there is none below 2^32.
func leb128(b []byte) (v, n int) {
	for i := range min(len(b), 5) {
		v |= int(b[i]&0x7F) << (7 * i)
		if b[i]&0x80 == 0 {
			if v > 1<<32-1 {
				return 0, 0
			}
			return v, i + 1
		}
	}
	return 0, 0
}
