package transcode

import (
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/opus"
)

// sampleRate is Opus's clock, whatever was recorded, and that of the AAC made of it.
const sampleRate = 48000

// maxOpusLength is how long a packet can be, in samples: 120 ms (RFC 6716 §3.2.5).
const maxOpusLength = sampleRate * 120 / 1000

// opusLength is how many samples a packet decodes to; ok is false for one that breaks the framing rules of RFC 6716
// §3.2, R1 to R7, which a decoder refuses whole.
func opusLength(p []byte) (samples int64, ok bool) {
	if len(p) == 0 || len(p) > maxPacket { // R1
		return 0, false
	}
	samples = opus.PacketDuration2(p)
	if samples <= 0 || samples > maxOpusLength { // R5
		return 0, false
	}
	body := p[1:]
	switch p[0] & 3 {
	case 0:
		return samples, len(body) <= maxOpusFrame
	case 1: // R3
		return samples, len(body)%2 == 0 && len(body)/2 <= maxOpusFrame
	case 2: // R4
		first, n, ok := opusSize(body)
		return samples, ok && n+first <= len(body) && len(body)-n-first <= maxOpusFrame
	}
	return samples, opusMany(body)
}

// maxOpusFrame is R2.
const maxOpusFrame = 1275

// opusSize reads the length of a frame and how many bytes it took (RFC 6716 §3.2.1).
func opusSize(b []byte) (size, n int, ok bool) {
	switch {
	case len(b) == 0:
		return 0, 0, false
	case b[0] < 252:
		return int(b[0]), 1, true
	case len(b) == 1:
		return 0, 0, false
	}
	return int(b[0]) + 4*int(b[1]), 2, true
}

// opusMany checks a code 3 packet behind its first byte, R6 and R7.
func opusMany(b []byte) bool {
	count, variable, padded := int(b[0]&63), b[0]&0x80 != 0, b[0]&0x40 != 0
	b = b[1:]
	padding := 0
	for padded {
		if len(b) == 0 {
			return false
		}
		x := b[0]
		b = b[1:]
		padding += int(min(x, 254))
		padded = x == 255
	}
	if !variable {
		rest := len(b) - padding
		return rest >= 0 && rest%count == 0 && rest/count <= maxOpusFrame
	}
	sum := padding
	for range count - 1 {
		size, n, ok := opusSize(b)
		if !ok || size > maxOpusFrame {
			return false
		}
		sum += size
		b = b[n:]
	}
	return sum <= len(b) && len(b)-sum <= maxOpusFrame
}

// Silent packets, longest first: the CELT full-band configurations 31 to 28 with a frame that says silence.
var silences = []struct {
	samples int64
	packet  []byte
}{
	{960, []byte{31 << 3, 0xff, 0xfe}},
	{480, []byte{30 << 3, 0xff, 0xfe}},
	{240, []byte{29 << 3, 0xff, 0xfe}},
	{shortest, []byte{28 << 3, 0xff, 0xfe}},
}

// shortest is the shortest packet there is: 2.5 ms.
const shortest = 120
