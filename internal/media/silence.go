package media

import (
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
)

// Silence is one frame of the codec in which there is nothing to be heard; it can stand anywhere between a
// publisher's own. Shared: read only. Nil where none can be made: for video, and for AAC that is not AAC-LC at
// its core or leaves its channels to be described in the stream.
func Silence(c Codec) []byte {
	switch c := c.(type) {
	case *AAC:
		if c.Config.Type == mpeg4audio.ObjectTypeAACLC && int(c.Config.ChannelConfig) < len(aacSilence) {
			return aacSilence[c.Config.ChannelConfig]
		}
	case *Opus:
		// A code 0 packet of 20 ms of full band CELT (RFC 6716 §3.1: configuration 31) that says nothing but
		// silence (§4.3: the first symbol).
		if c.ChannelCount == 1 {
			return []byte{31 << 3, 0xff, 0xfe}
		}
		return []byte{31<<3 | 1<<2, 0xff, 0xfe}
	case *MP3:
		return mp3Silence(c)
	}
	return nil
}

// The elements of an AAC raw data block (ISO/IEC 14496-3, table 4.85).
const (
	aacSingle = 0
	aacPair   = 1
	aacLow    = 3
	aacEnd    = 7
)

// aacSilence has the raw data blocks for each channel configuration (ISO/IEC 14496-3, table 1.19): with no band of
// the spectrum in any channel. There is none for configuration 0.
var aacSilence = [8][]byte{
	1: aacBlock(aacSingle),
	2: aacBlock(aacPair),
	3: aacBlock(aacSingle, aacPair),
	4: aacBlock(aacSingle, aacPair, aacSingle),
	5: aacBlock(aacSingle, aacPair, aacPair),
	6: aacBlock(aacSingle, aacPair, aacPair, aacLow),
	7: aacBlock(aacSingle, aacPair, aacPair, aacPair, aacLow),
}

func aacBlock(elements ...uint32) []byte {
	var b bitWriter
	var tags [aacEnd]uint32
	for _, e := range elements {
		b.put(e, 3)
		b.put(tags[e], 4)
		tags[e]++
		if e == aacPair {
			b.put(1, 1) // common_window
			b.put(0, 11)
			b.put(0, 2)  // ms_mask_present
			b.put(0, 11) // global_gain; no pulses, no noise shaping, no gain control
			b.put(0, 11)
			continue
		}
		b.put(0, 8)  // global_gain
		b.put(0, 11) // ics_info: one long sine window with max_sfb 0, no prediction
		b.put(0, 3)
	}
	b.put(aacEnd, 3)
	return b.bytes
}

// mp3Silence is a frame of the least bit rate whose granules have no bits (ISO/IEC 11172-3 §2.4.1): it takes nothing from
// the frames before it.
func mp3Silence(c *MP3) []byte {
	for version, rates := range mp3Rates {
		for i, rate := range rates {
			if rate != c.SampleRate {
				continue
			}
			// MPEG-1 has 144 bytes per bit rate over sample rate at 32 kbit/s, the others half of it at 8 kbit/s.
			size := 72 * 8000 / rate
			if version == mpeg1 {
				size = 144 * 32000 / rate
			}
			b := make([]byte, size)
			b[0] = 0xff
			b[1] = 0xe0 | byte(version)<<3 | 1<<1 | 1 // layer III, no checksum
			b[2] = 1<<4 | byte(i)<<2
			if c.ChannelCount == 1 {
				b[3] = 3 << 6
			}
			return b
		}
	}
	return nil
}

const mpeg1 = 3

// mp3Rates are the sample rates of MPEG-2.5, -2 and -1, by the bits that name version and rate in a frame's header.
var mp3Rates = map[int][3]int{
	0:     {11025, 12000, 8000},
	2:     {22050, 24000, 16000},
	mpeg1: {44100, 48000, 32000},
}

// bitWriter writes bit by bit, the most significant first.
type bitWriter struct {
	bytes []byte
	free  int
}

func (b *bitWriter) put(v uint32, n int) {
	for n--; n >= 0; n-- {
		if b.free == 0 {
			b.bytes, b.free = append(b.bytes, 0), 8
		}
		b.free--
		b.bytes[len(b.bytes)-1] |= byte(v>>n&1) << b.free
	}
}
