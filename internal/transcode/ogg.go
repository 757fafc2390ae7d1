package transcode

import (
	"encoding/binary"
)

// maxPacket is the largest packet that fits a page of its own: 255 segments of which the last is not full
// (RFC 3533 §6).
const maxPacket = 255*255 - 1

// Page flags (RFC 3533 §6).
const oggFirst = 0x02

// ogg writes the Opus packets of one stream as Ogg, each a page of its own (RFC 3533, RFC 7845).
type ogg struct {
	page uint32
}

// headers appends the identification and the comment header. The stream is always called stereo: a decoder makes
// two channels of a packet with one (RFC 6716 §2.1.2). Pre-skip is 0: nothing is to be taken off.
func (o *ogg) headers(b []byte) []byte {
	head := append([]byte("OpusHead"), 1, 2, 0, 0)
	head = binary.LittleEndian.AppendUint32(head, sampleRate)
	head = append(head, 0, 0, 0) // gain, mapping family
	b = o.append(b, oggFirst, 0, head)
	tags := append([]byte("OpusTags"), 7, 0, 0, 0)
	tags = append(tags, "livesrv\x00\x00\x00\x00"...)
	return o.append(b, 0, 0, tags)
}

// packet appends a packet; end is the sample at which it ends.
func (o *ogg) packet(b []byte, end int64, packet []byte) []byte { return o.append(b, 0, end, packet) }

// append appends a page with one packet of at most maxPacket bytes.
func (o *ogg) append(b []byte, flags byte, granule int64, packet []byte) []byte {
	from := len(b)
	b = append(b, "OggS\x00"...)
	b = append(b, flags)
	b = binary.LittleEndian.AppendUint64(b, uint64(granule))
	b = append(b, "live"...) // the stream's serial number
	b = binary.LittleEndian.AppendUint32(b, o.page)
	o.page++
	b = append(b, 0, 0, 0, 0, byte(len(packet)/255+1))
	for n := len(packet); ; n -= 255 {
		if n < 255 {
			b = append(b, byte(n))
			break
		}
		b = append(b, 255)
	}
	b = append(b, packet...)
	binary.LittleEndian.PutUint32(b[from+22:], oggSum(b[from:]))
	return b
}

// oggTable is of the polynomial 0x04c11db7, highest bit first, as RFC 3533 §6 has it; hash/crc32 has only the
// reflected one.
var oggTable = func() (t [256]uint32) {
	for i := range t {
		r := uint32(i) << 24
		for range 8 {
			if r&(1<<31) != 0 {
				r = r<<1 ^ 0x04c11db7
			} else {
				r <<= 1
			}
		}
		t[i] = r
	}
	return t
}()

func oggSum(page []byte) (sum uint32) {
	for _, x := range page {
		sum = sum<<8 ^ oggTable[byte(sum>>24)^x]
	}
	return sum
}
