package fmp4

import (
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/av1"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"

	"livesrv/internal/fault"
	"livesrv/internal/media"
)

// appendEntry appends the one sample entry of a track. Parameter sets are in the entry alone, so that
// the fourcc is avc1 or hvc1 (App 1.10).
func appendEntry(b []byte, t Track, s shape) ([]byte, error) {
	switch c := t.Codec.(type) {
	case *media.H264:
		return appendAVC(b, c, s)
	case *media.H265:
		return appendHEVC(b, c, s)
	case *media.AV1:
		return appendAV1(b, c, s)
	case *media.VP9:
		return appendVP9(b, c, s), nil
	case *media.AAC:
		return appendAAC(b, t, c)
	case *media.Opus:
		return appendOpus(b, c)
	case *media.MP3:
		return appendMP3(b, t, c), nil
	}
	return b, fault.New(fault.Invalid, "there is no sample entry for %s", t.Codec.Name())
}

// visual begins a VisualSampleEntry (ISO/IEC 14496-12 §12.1.3).
func visual(b []byte, kind string, s shape) ([]byte, int) {
	b, at := open(b, kind)
	b = zeros(b, 6)
	b = be.AppendUint16(b, 1) // data reference
	b = zeros(b, 16)
	b = be.AppendUint16(b, uint16(s.width))
	b = be.AppendUint16(b, uint16(s.height))
	b = be.AppendUint32(b, 0x480000)
	b = be.AppendUint32(b, 0x480000)
	b = zeros(b, 4)
	b = be.AppendUint16(b, 1) // frames per sample
	b = zeros(b, 32)
	b = be.AppendUint16(b, 0x18)
	return be.AppendUint16(b, 0xFFFF), at
}

// colour appends colr and pasp where the parameter sets say something about them.
func colour(b []byte, s shape) []byte {
	if s.coloured {
		var at int
		b, at = open(b, "colr")
		b = append(b, "nclx"...)
		b = be.AppendUint16(b, uint16(s.primaries))
		b = be.AppendUint16(b, uint16(s.transfer))
		b = be.AppendUint16(b, uint16(s.matrix))
		full := byte(0)
		if s.fullRange {
			full = 0x80
		}
		b = end(append(b, full), at)
	}
	if s.sarW != s.sarH {
		var at int
		b, at = open(b, "pasp")
		b = be.AppendUint32(b, uint32(s.sarW))
		b = be.AppendUint32(b, uint32(s.sarH))
		b = end(b, at)
	}
	return b
}

// appendAVC writes avc1 with an AVCDecoderConfigurationRecord (ISO/IEC 14496-15 §5.3.3.1).
func appendAVC(b []byte, c *media.H264, s shape) ([]byte, error) {
	var sps h264.SPS
	if len(c.SPS) < 4 || len(c.PPS) == 0 || len(c.SPS) > 0xFFFF || len(c.PPS) > 0xFFFF || sps.Unmarshal(c.SPS) != nil {
		return b, unusable(c)
	}
	b, entry := visual(b, "avc1", s)
	b, at := open(b, "avcC")
	b = append(b, 1, c.SPS[1], c.SPS[2], c.SPS[3], 0xFC|3, 0xE0|1)
	b = be.AppendUint16(b, uint16(len(c.SPS)))
	b = append(b, c.SPS...)
	b = append(b, 1)
	b = be.AppendUint16(b, uint16(len(c.PPS)))
	b = append(b, c.PPS...)
	switch sps.ProfileIdc {
	case 66, 77, 88: // Baseline, Main and Extended have no extension
	default:
		b = append(b, 0xFC|byte(sps.ChromaFormatIdc), 0xF8|byte(sps.BitDepthLumaMinus8), 0xF8|byte(sps.BitDepthChromaMinus8), 0)
	}
	b = end(b, at)
	return end(colour(b, s), entry), nil
}

// appendHEVC writes hvc1 with an HEVCDecoderConfigurationRecord (ISO/IEC 14496-15 §8.3.3.1).
func appendHEVC(b []byte, c *media.H265, s shape) ([]byte, error) {
	var sps h265.SPS
	raw := h264.EmulationPreventionRemove(c.SPS)
	if len(c.VPS) == 0 || len(c.PPS) == 0 || len(raw) < 15 || sps.Unmarshal(c.SPS) != nil {
		return b, unusable(c)
	}
	nested := byte(0)
	if sps.TemporalIDNestingFlag {
		nested = 1
	}
	b, entry := visual(b, "hvc1", s)
	b, at := open(b, "hvcC")
	b = append(b, 1)
	b = append(b, raw[3:15]...) // profile, compatibility, constraints, level as the SPS has them
	b = be.AppendUint16(b, 0xF000)
	b = append(b, 0xFC, 0xFC|byte(sps.ChromaFormatIdc), 0xF8|byte(sps.BitDepthLumaMinus8), 0xF8|byte(sps.BitDepthChromaMinus8))
	b = be.AppendUint16(b, 0)
	b = append(b, (byte(sps.MaxSubLayersMinus1)+1)<<3|nested<<2|3, 3)
	for _, set := range []struct {
		kind h265.NALUType
		unit []byte
	}{{h265.NALUType_VPS_NUT, c.VPS}, {h265.NALUType_SPS_NUT, c.SPS}, {h265.NALUType_PPS_NUT, c.PPS}} {
		if len(set.unit) > 0xFFFF {
			return b, unusable(c)
		}
		b = append(b, 0x80|byte(set.kind), 0, 1)
		b = be.AppendUint16(b, uint16(len(set.unit)))
		b = append(b, set.unit...)
	}
	b = end(b, at)
	return end(colour(b, s), entry), nil
}

// appendAV1 writes av01 with an AV1CodecConfigurationRecord (AV1 in ISOBMFF §2.3.3).
func appendAV1(b []byte, c *media.AV1, s shape) ([]byte, error) {
	var sh av1.SequenceHeader
	if len(c.SequenceHeader) == 0 || sh.Unmarshal(c.SequenceHeader) != nil || len(sh.SeqLevelIdx) == 0 || len(sh.SeqTier) == 0 {
		return b, unusable(c)
	}
	bit := func(on bool, shift uint) byte {
		if on {
			return 1 << shift
		}
		return 0
	}
	cc := sh.ColorConfig
	b, entry := visual(b, "av01", s)
	b, at := open(b, "av1C")
	b = append(b, 0x81, sh.SeqProfile<<5|sh.SeqLevelIdx[0],
		bit(sh.SeqTier[0], 7)|bit(cc.HighBitDepth, 6)|bit(cc.TwelveBit, 5)|bit(cc.MonoChrome, 4)|
			bit(cc.SubsamplingX, 3)|bit(cc.SubsamplingY, 2)|byte(cc.ChromaSamplePosition)&3, 0)
	b = appendOBU(b, c.SequenceHeader)
	b = end(b, at)
	return end(colour(b, s), entry), nil
}

// appendVP9 writes vp09 with a VPCodecConfigurationRecord (VP Codec ISO Media File Format Binding §2.2).
func appendVP9(b []byte, c *media.VP9, s shape) []byte {
	const unspecified = 2 // primaries and transfer: VP9 says only the matrix
	b, entry := visual(b, "vp09", s)
	b, at := openFull(b, "vpcC", 1, 0)
	depth := c.BitDepth<<4 | c.Subsampling<<1
	if c.FullRange {
		depth |= 1
	}
	b = append(b, c.Profile, c.Level(), depth, unspecified, unspecified, c.Matrix, 0, 0)
	b = end(b, at)
	return end(b, entry)
}

// sound begins an AudioSampleEntry (ISO/IEC 14496-12 §12.2.3).
func sound(b []byte, kind string, channels, rate int) ([]byte, int) {
	b, at := open(b, kind)
	b = zeros(b, 6)
	b = be.AppendUint16(b, 1) // data reference
	b = zeros(b, 8)
	b = be.AppendUint16(b, uint16(channels))
	b = be.AppendUint16(b, 16)
	b = zeros(b, 4)
	if rate > 0xFFFF {
		rate = 0 // 16.16 cannot hold it; the decoder configuration says it
	}
	return be.AppendUint32(b, uint32(rate)<<16), at
}

// esds appends an ES_Descriptor with one decoder configuration (ISO/IEC 14496-1 §7.2.6.5).
func esds(b []byte, id uint32, object byte, specific []byte) []byte {
	b, at := openFull(b, "esds", 0, 0)
	n := byte(len(specific))
	inner := 13 + byte(0)
	if n > 0 {
		inner += 2 + n
	}
	b = append(b, 0x03, 3+2+inner+3, byte(id>>8), byte(id), 0)
	b = append(b, 0x04, inner, object, 0x15) // audio stream
	b = zeros(b, 11)                         // buffer size and bit rates: not known
	if n > 0 {
		b = append(b, 0x05, n)
		b = append(b, specific...)
	}
	b = append(b, 0x06, 1, 2) // SLConfigDescriptor: as MP4 has it
	return end(b, at)
}

func appendAAC(b []byte, t Track, c *media.AAC) ([]byte, error) {
	specific, err := c.Config.Marshal()
	if err != nil || len(specific) > 64 || c.Config.Type == 0 || c.Config.SampleRate <= 0 {
		return b, unusable(c)
	}
	channels := int(c.Config.ChannelConfig)
	switch channels {
	case 0:
		channels = 2 // the layout is in the stream
	case 7:
		channels = 8
	}
	b, entry := sound(b, "mp4a", channels, int(t.Timescale))
	b = esds(b, t.ID, 0x40, specific)
	return end(b, entry), nil
}

// appendMP3 writes mp4a with the object types of MPEG-1 and, under 32 kHz, MPEG-2 audio.
func appendMP3(b []byte, t Track, c *media.MP3) []byte {
	object := byte(0x6B)
	if c.SampleRate < 32000 {
		object = 0x69
	}
	b, entry := sound(b, "mp4a", c.ChannelCount, c.SampleRate)
	b = esds(b, t.ID, object, nil)
	return end(b, entry)
}

// opusMaps are the stream counts, coupled counts and channel orders of mapping family 1 (RFC 7845 §5.1.1.2).
var opusMaps = map[int][]byte{
	3: {2, 1, 0, 2, 1},
	4: {2, 2, 0, 1, 2, 3},
	5: {3, 2, 0, 4, 1, 2, 3},
	6: {4, 2, 0, 4, 1, 2, 3, 5},
	7: {4, 3, 0, 4, 1, 2, 3, 5, 6},
	8: {5, 3, 0, 6, 1, 2, 3, 4, 5, 7},
}

// appendOpus writes Opus with an OpusSpecificBox (Opus in ISOBMFF §4.3.2). Pre-skip is 0: in a live
// stream no player starts at the encoder's first frame, and the encoder's delay is taken off the times already.
func appendOpus(b []byte, c *media.Opus) ([]byte, error) {
	if c.ChannelCount < 1 || c.ChannelCount > 8 {
		return b, unusable(c)
	}
	b, entry := sound(b, "Opus", c.ChannelCount, 48000)
	b, at := open(b, "dOps")
	b = append(b, 0, byte(c.ChannelCount))
	b = be.AppendUint16(b, 0)
	b = be.AppendUint32(b, 48000)
	b = be.AppendUint16(b, 0)
	if m, ok := opusMaps[c.ChannelCount]; ok {
		b = append(b, 1)
		b = append(b, m...)
	} else {
		b = append(b, 0)
	}
	b = end(b, at)
	return end(b, entry), nil
}
