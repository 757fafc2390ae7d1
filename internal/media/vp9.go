package media

import (
	"fmt"
	"iter"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/vp9"
)

// VP9 holds what a keyframe's header says: VP9 has no parameter sets. The zero value stands for a track whose first
// keyframe has not come yet.
type VP9 struct {
	Profile, BitDepth uint8
	// Subsampling of the chroma and Matrix coefficients are numbered as in a vpcC box (VP Codec ISO Media File
	// Format Binding §2.2); Matrix is 2 where the stream does not say.
	Subsampling, Matrix uint8
	FullRange           bool
	Width, Height       int
}

func (*VP9) isCodec() {}

// Kind is Video.
func (*VP9) Kind() Kind { return Video }

// Name is "VP9".
func (*VP9) Name() string { return "VP9" }

// RFC6381 is vp09.PP.LL.DD: profile, level and bit depth (VP Codec ISO Media File Format Binding §3).
func (c *VP9) RFC6381() string {
	if c.Width == 0 {
		return ""
	}
	return fmt.Sprintf("vp09.%02d.%02d.%02d", c.Profile, c.Level(), c.BitDepth)
}

// vp9Levels are the levels of VP9 (VP9 bitstream specification, annex A): pixels of a picture, pixels a second, the
// greatest side.
var vp9Levels = []struct {
	level                uint8
	picture, rate, sides int
}{
	{10, 36864, 829440, 512}, {11, 73728, 2764800, 768}, {20, 122880, 4608000, 960}, {21, 245760, 9216000, 1344},
	{30, 552960, 20736000, 2048}, {31, 983040, 36864000, 2752}, {40, 2228224, 83558400, 4160}, {41, 2228224, 160432128, 4160},
	{50, 8912896, 311951360, 8384}, {51, 8912896, 588251136, 8384}, {60, 35651584, 1176502272, 16832},
}

// Level is the least one that has room for 60 pictures of this size a second, times ten. The stream does not say its
// own, and a player that is promised too low a level may fail.
func (c *VP9) Level() uint8 {
	for _, l := range vp9Levels {
		if n := c.Width * c.Height; n <= l.picture && 60*n <= l.rate && max(c.Width, c.Height) <= l.sides {
			return l.level
		}
	}
	return 62
}

// vp9Matrices are the matrix coefficients (ISO/IEC 23001-8) of a header's colour spaces.
var vp9Matrices = [8]uint8{2, 5, 1, 6, 7, 9, 2, 0}

// ReadVP9 reads the header of a frame or a superframe. key says that decoding can start with it, and only then is
// there a codec; ok is false for what is not VP9.
func ReadVP9(b []byte) (c *VP9, key, ok bool) {
	var h vp9.Header
	if h.Unmarshal(b) != nil {
		return nil, false, false
	}
	if h.ShowExistingFrame || h.NonKeyFrame {
		return nil, false, true
	}
	c = &VP9{
		Profile: h.Profile, BitDepth: h.ColorConfig.BitDepth, Subsampling: h.ChromaSubsampling(),
		Matrix: vp9Matrices[h.ColorConfig.ColorSpace&7], FullRange: h.ColorConfig.ColorRange, Width: h.Width(), Height: h.Height(),
	}
	// The spatial layers of a picture lie behind one another, the largest last, and that is the one to be seen.
	for at := range vp9Layers(b) {
		if w, h, ok := vp9LayerSize(b[at:]); ok {
			c.Width, c.Height = w, h
		}
	}
	return c, true, true
}

// vp9Layers gives where the second and later frames of a superframe begin (VP9 bitstream specification, annex B).
func vp9Layers(b []byte) iter.Seq[int] {
	return func(yield func(int) bool) {
		marker := b[len(b)-1]
		if marker>>5 != 6 {
			return
		}
		size, frames := int(marker>>3&3)+1, int(marker&7)+1
		index := len(b) - 2 - size*frames
		if index < 0 || b[index] != marker {
			return
		}
		at := 0
		for n := range frames - 1 {
			length := 0
			for i := range size {
				length |= int(b[index+1+n*size+i]) << (8 * i)
			}
			if at += length; at >= index || !yield(at) {
				return
			}
		}
	}
}

// vp9LayerSize is the size of a frame that takes it from no other: the upper layers of a keyframe refer to the one
// below them, which is smaller (VP9 bitstream specification §6.2 and §6.2.2.2). Profile 0 alone.
func vp9LayerSize(b []byte) (width, height int, ok bool) {
	if len(b) < 12 || b[0]>>4 != 0b1000 || b[0]&0b1110 != 0b0110 {
		return 0, 0, false // not a shown frame that refers to others
	}
	pos := 8
	bits := func(n int) (v int) {
		for range n {
			v = v<<1 | int(b[pos/8]>>(7-pos%8)&1)
			pos++
		}
		return v
	}
	if b[0]&1 == 0 { // not error resilient: reset_frame_context
		bits(2)
	}
	bits(8 + 3*4) // what it refreshes and refers to
	if bits(3) != 0 {
		return 0, 0, false // found_ref
	}
	width = bits(16) + 1
	return width, bits(16) + 1, true
}
