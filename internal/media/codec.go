package media

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/bits"
	"strings"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/av1"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
)

// Kind tells video from audio.
type Kind uint8

// The kinds of track.
const (
	Video Kind = iota + 1
	Audio
)

func (k Kind) String() string {
	if k == Video {
		return "video"
	}
	return "audio"
}

// Codec is the closed sum of H264, H265, AV1, VP9, AAC, Opus and MP3, always held by pointer and immutable.
type Codec interface {
	Kind() Kind
	// Name is the codec's everyday name for logs and pages: "H.264", "AAC".
	Name() string
	// RFC6381 is the value for a playlist's CODECS attribute, "" while the parameters are unusable.
	RFC6381() string
	isCodec()
}

// H264 holds one SPS and one PPS, as NAL units. Both are needed before decoding.
type H264 struct{ SPS, PPS []byte }

// H265 holds one VPS, SPS and PPS, as NAL units.
type H265 struct{ VPS, SPS, PPS []byte }

// AV1 holds the sequence header OBU, without its size field.
type AV1 struct{ SequenceHeader []byte }

// AAC is AAC-LC, HE-AAC or HE-AACv2, as its AudioSpecificConfig says.
type AAC struct {
	Config mpeg4audio.AudioSpecificConfig
}

// Opus always runs on a 48 kHz clock.
type Opus struct{ ChannelCount int }

// MP3 is MPEG-1 or MPEG-2 audio layer III.
type MP3 struct{ SampleRate, ChannelCount int }

func (*H264) isCodec() {}
func (*H265) isCodec() {}
func (*AV1) isCodec()  {}
func (*AAC) isCodec()  {}
func (*Opus) isCodec() {}
func (*MP3) isCodec()  {}

// Kind is Video.
func (*H264) Kind() Kind { return Video }

// Kind is Video.
func (*H265) Kind() Kind { return Video }

// Kind is Video.
func (*AV1) Kind() Kind { return Video }

// Kind is Audio.
func (*AAC) Kind() Kind { return Audio }

// Kind is Audio.
func (*Opus) Kind() Kind { return Audio }

// Kind is Audio.
func (*MP3) Kind() Kind { return Audio }

// Name is "H.264".
func (*H264) Name() string { return "H.264" }

// Name is "HEVC".
func (*H265) Name() string { return "HEVC" }

// Name is "AV1".
func (*AV1) Name() string { return "AV1" }

// Name is "AAC".
func (*AAC) Name() string { return "AAC" }

// Name is "Opus".
func (*Opus) Name() string { return "Opus" }

// Name is "MP3".
func (*MP3) Name() string { return "MP3" }

// RFC6381 is avc1.PPCCLL: profile, constraint flags and level, bytes 1 to 3 of the SPS (RFC 6381 §3.3).
func (c *H264) RFC6381() string {
	if len(c.SPS) < 4 {
		return ""
	}
	return "avc1." + strings.ToUpper(hex.EncodeToString(c.SPS[1:4]))
}

// RFC6381 is hvc1 with profile space and profile, compatibility flags in reverse bit order, tier and
// level, and the constraint bytes without trailing zeros (ISO/IEC 14496-15 annex E.3).
func (c *H265) RFC6381() string {
	var sps h265.SPS
	if len(c.SPS) == 0 || sps.Unmarshal(c.SPS) != nil {
		return ""
	}
	ptl := sps.ProfileTierLevel
	var b strings.Builder
	b.WriteString("hvc1.")
	if ptl.GeneralProfileSpace > 0 {
		b.WriteByte('A' + ptl.GeneralProfileSpace - 1)
	}
	var compat uint32
	for i, f := range ptl.GeneralProfileCompatibilityFlag {
		if f {
			compat |= 1 << (31 - uint(i))
		}
	}
	tier := byte('L')
	if ptl.GeneralTierFlag != 0 {
		tier = 'H'
	}
	fmt.Fprintf(&b, "%d.%X.%c%d", ptl.GeneralProfileIdc, bits.Reverse32(compat), tier, ptl.GeneralLevelIdc)
	raw := h264.EmulationPreventionRemove(c.SPS)
	// NAL header 2, ids and sub-layers 1, profile 1, compatibility 4: the six constraint bytes follow.
	if len(raw) >= 14 {
		cons := raw[8:14]
		for len(cons) > 0 && cons[len(cons)-1] == 0 {
			cons = cons[:len(cons)-1]
		}
		for _, x := range cons {
			fmt.Fprintf(&b, ".%X", x)
		}
	}
	return b.String()
}

// RFC6381 is av01.P.LLT.DD, the short form of the AV1 ISO binding, section 5.
func (c *AV1) RFC6381() string {
	var sh av1.SequenceHeader
	if len(c.SequenceHeader) == 0 || sh.Unmarshal(c.SequenceHeader) != nil ||
		len(sh.SeqLevelIdx) == 0 || len(sh.SeqTier) == 0 {
		return ""
	}
	tier := byte('M')
	if sh.SeqTier[0] {
		tier = 'H'
	}
	return fmt.Sprintf("av01.%d.%02d%c.%02d", sh.SeqProfile, sh.SeqLevelIdx[0], tier, sh.ColorConfig.BitDepth)
}

// RFC6381 is mp4a.40 and the audio object type: 2 AAC-LC, 5 HE-AAC, 29 HE-AACv2.
func (c *AAC) RFC6381() string {
	t := int(c.Config.Type)
	if c.Config.ExtensionType != 0 {
		t = int(c.Config.ExtensionType)
	}
	return fmt.Sprintf("mp4a.40.%d", t)
}

// RFC6381 is "opus", as the Opus in ISOBMFF mapping is registered.
func (*Opus) RFC6381() string { return "opus" }

// RFC6381 is mp4a.40.34: MPEG-1/2 layer III under the MPEG-4 object types.
func (*MP3) RFC6381() string { return "mp4a.40.34" }

// Equal compares two codecs by the bytes of their parameter sets. A publisher that repeats the same
// parameter sets, as libwebrtc does with every IDR, has not changed anything.
func Equal(a, b Codec) bool {
	switch a := a.(type) {
	case *H264:
		b, ok := b.(*H264)
		return ok && bytes.Equal(a.SPS, b.SPS) && bytes.Equal(a.PPS, b.PPS)
	case *H265:
		b, ok := b.(*H265)
		return ok && bytes.Equal(a.VPS, b.VPS) && bytes.Equal(a.SPS, b.SPS) && bytes.Equal(a.PPS, b.PPS)
	case *AV1:
		b, ok := b.(*AV1)
		return ok && bytes.Equal(a.SequenceHeader, b.SequenceHeader)
	case *VP9:
		b, ok := b.(*VP9)
		return ok && *a == *b
	case *AAC:
		b, ok := b.(*AAC)
		if !ok {
			return false
		}
		// Not every protocol fills in the channel count, which the channel configuration says already.
		x, y := a.Config, b.Config
		x.ChannelCount, y.ChannelCount = 0, 0
		return x == y
	case *Opus:
		b, ok := b.(*Opus)
		return ok && *a == *b
	case *MP3:
		b, ok := b.(*MP3)
		return ok && *a == *b
	}
	return false
}

// Picture is what a video track's parameter sets say of its pictures.
type Picture struct {
	// Width and Height are in pixels, after cropping.
	Width, Height int
	// FrameRate is in pictures per second as the parameter sets declare it, 0 where they do not.
	FrameRate float64
	// Reorder is the number of pictures that may be decoded before one that is shown earlier, -1 unknown.
	Reorder int
}

// PictureOf reads a video codec's parameter sets; ok is false for audio and for unusable bytes.
func PictureOf(c Codec) (p Picture, ok bool) {
	switch c := c.(type) {
	case *H264:
		var sps h264.SPS
		if sps.Unmarshal(c.SPS) != nil {
			return Picture{}, false
		}
		p = Picture{Width: sps.Width(), Height: sps.Height(), FrameRate: sps.FPS(), Reorder: -1}
		if sps.VUI != nil && sps.VUI.BitstreamRestriction != nil {
			p.Reorder = int(sps.VUI.BitstreamRestriction.MaxNumReorderFrames)
		}
		return p, true
	case *H265:
		var sps h265.SPS
		if sps.Unmarshal(c.SPS) != nil {
			return Picture{}, false
		}
		p = Picture{Width: sps.Width(), Height: sps.Height(), FrameRate: sps.FPS(), Reorder: -1}
		if n := len(sps.MaxNumReorderPics); n > 0 {
			p.Reorder = int(sps.MaxNumReorderPics[n-1])
		}
		return p, true
	case *AV1:
		var sh av1.SequenceHeader
		if sh.Unmarshal(c.SequenceHeader) != nil {
			return Picture{}, false
		}
		return Picture{Width: sh.Width(), Height: sh.Height(), Reorder: 0}, true
	case *VP9:
		return Picture{Width: c.Width, Height: c.Height, Reorder: 0}, c.Width > 0
	}
	return Picture{}, false
}
