package publisher

import (
	"math/rand/v2"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
)

const (
	// gopLength is the keyframe interval, keyWeight how many times the size of another picture a keyframe has.
	gopLength = 2 * time.Second
	keyWeight = 8
	soundRate = 48000
	// frameSamples is the length of an AAC frame.
	frameSamples = 1024
)

// Parameter sets that x264 wrote for 1280x720, constrained baseline, level 3.1, 30 pictures a second.
var (
	clipSPS = []byte{0x67, 0x42, 0xc0, 0x1f, 0xd9, 0x00, 0x50, 0x05, 0xbb, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00,
		0x00, 0x03, 0x03, 0xc0, 0xf1, 0x83, 0x24, 0x80}
	clipPPS = []byte{0x68, 0xcb, 0x83, 0xcb, 0x20}
)

var clipSound = &mpeg4audio.AudioSpecificConfig{Type: mpeg4audio.ObjectTypeAACLC, SampleRate: soundRate, ChannelConfig: 2}

// clip is what every stream sends, over and over: one GOP and one audio frame, as they go over the wire. What is
// inside the slices and frames is noise: servers do not look at it.
type clip struct {
	interval time.Duration // of pictures
	pictures []picture     // one GOP
	frame    []byte        // one audio frame
}

// picture is a picture's slice, without what is before it in its message (see videoHead).
type picture struct {
	key bool
	// size is the slice's length, wire the slice with the headers of further chunks in between.
	size int
	wire []byte
}

// newClip makes a clip of so many bits a second and pictures a second; sound of 0 bits has no frames.
func newClip(video, sound, fps int) *clip {
	c := &clip{interval: time.Second / time.Duration(fps)}
	n := max(1, int(gopLength/c.interval))
	gop := video / 8 * int(gopLength/time.Second)
	usual := max(gop/(n-1+keyWeight)-videoHead, 16)
	rnd := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // noise
	for i := range n {
		p := picture{size: usual}
		head := byte(0x41) // nal_ref_idc 2, nal_unit_type 1
		if i == 0 {
			p.key, p.size, head = true, max(gop-(n-1)*(usual+videoHead)-videoHead, 16), 0x65 // 3 and 5: IDR
		}
		p.wire = chunked(noise(rnd, p.size, head), videoHead)
		c.pictures = append(c.pictures, p)
	}
	if sound > 0 {
		c.frame = noise(rnd, max(16, sound/8*frameSamples/soundRate), 0x21)
	}
	return c
}

// noise is n bytes that begin with head. None is zero, so that none looks like a start code.
func noise(rnd *rand.Rand, n int, head byte) []byte {
	b := make([]byte, n)
	b[0] = head
	for i := 1; i < n; i++ {
		b[i] = byte(1 + rnd.IntN(255))
	}
	return b
}

// soundTime is when the n-th audio frame begins.
func soundTime(n int64) time.Duration {
	samples := n * frameSamples
	return time.Duration(samples/soundRate)*time.Second + time.Duration(samples%soundRate)*time.Second/soundRate
}
