package stream

import (
	"bytes"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/av1"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"

	"livesrv/internal/media"
)

// OBU types (AV1 specification §6.2.2).
const (
	obuFrameHeader av1.OBUType = 3
	obuFrame       av1.OBUType = 6
	obuTileList    av1.OBUType = 8
	obuPadding     av1.OBUType = 15
)

// usable says whether a codec's parameter sets suffice to write an init segment.
func usable(c media.Codec) bool {
	if c.Kind() == media.Audio {
		return true
	}
	_, ok := media.PictureOf(c)
	return ok
}

// strip takes out of units, in place, what belongs into the track or nowhere: parameter sets, access unit
// delimiters, filler, temporal delimiters. It returns what is left, whether decoding can start here, and
// the codec with the parameter sets that came in band, which is c itself while they say nothing new by
// the byte: libwebrtc repeats them with every IDR (docs/hls.md P6).
func strip(c media.Codec, units [][]byte) (kept [][]byte, isKey bool, codec media.Codec) {
	switch c := c.(type) {
	case *media.H264:
		return stripH264(c, units)
	case *media.H265:
		return stripH265(c, units)
	case *media.AV1:
		return stripAV1(c, units)
	case *media.VP9:
		return stripVP9(c, units)
	}
	return units, true, c
}

func stripH264(c *media.H264, units [][]byte) ([][]byte, bool, media.Codec) {
	kept, key := units[:0], false
	for _, u := range units {
		if len(u) > 0 && h264.NALUType(u[0]&0x1F) == h264.NALUTypeIDR {
			key = true
		}
	}
	sps, pps := c.SPS, c.PPS
	for _, u := range units {
		if len(u) == 0 {
			continue
		}
		switch h264.NALUType(u[0] & 0x1F) {
		case h264.NALUTypeSPS:
			sps = u
		case h264.NALUTypePPS:
			// A second picture parameter set has its own id and stays in band: the track holds one.
			if !bytes.Equal(u, c.PPS) && len(c.PPS) > 1 && firstGolomb(u, 1) != firstGolomb(c.PPS, 1) && bytes.Equal(sps, c.SPS) {
				kept = append(kept, u)
				continue
			}
			pps = u
		case h264.NALUTypeAccessUnitDelimiter, h264.NALUTypeFillerData, h264.NALUTypeEndOfSequence, h264.NALUTypeEndOfStream:
		default:
			kept = append(kept, u)
		}
	}
	if bytes.Equal(sps, c.SPS) && bytes.Equal(pps, c.PPS) {
		return kept, key, c
	}
	return kept, key, replace(c, &media.H264{SPS: bytes.Clone(sps), PPS: bytes.Clone(pps)})
}

func stripH265(c *media.H265, units [][]byte) ([][]byte, bool, media.Codec) {
	kept, key := units[:0], false
	vps, sps, pps := c.VPS, c.SPS, c.PPS
	for _, u := range units {
		if len(u) < 2 {
			continue
		}
		switch typ := h265.NALUType((u[0] >> 1) & 0x3F); typ {
		case h265.NALUType_VPS_NUT:
			vps = u
		case h265.NALUType_SPS_NUT:
			sps = u
		case h265.NALUType_PPS_NUT:
			if !bytes.Equal(u, c.PPS) && len(c.PPS) > 2 && firstGolomb(u, 2) != firstGolomb(c.PPS, 2) && bytes.Equal(sps, c.SPS) {
				kept = append(kept, u)
				continue
			}
			pps = u
		case h265.NALUType_AUD_NUT, h265.NALUType_FD_NUT, h265.NALUType_EOS_NUT, h265.NALUType_EOB_NUT:
		default:
			// BLA, IDR and CRA pictures, 16 to 21, are where decoding can start.
			if typ >= h265.NALUType_BLA_W_LP && typ <= h265.NALUType_CRA_NUT {
				key = true
			}
			kept = append(kept, u)
		}
	}
	if bytes.Equal(vps, c.VPS) && bytes.Equal(sps, c.SPS) && bytes.Equal(pps, c.PPS) {
		return kept, key, c
	}
	return kept, key, replace(c, &media.H265{VPS: bytes.Clone(vps), SPS: bytes.Clone(sps), PPS: bytes.Clone(pps)})
}

// stripAV1 leaves the sequence header where it is: a sync sample must contain one (AV1 ISO binding §2.4).
func stripAV1(c *media.AV1, units [][]byte) ([][]byte, bool, media.Codec) {
	kept := units[:0]
	var header []byte
	frames, key := 0, false
	for _, u := range units {
		if len(u) == 0 {
			continue
		}
		switch av1.OBUType(u[0] >> 3 & 0x0F) {
		case av1.OBUTypeTemporalDelimiter, obuTileList, obuPadding:
		case av1.OBUTypeSequenceHeader:
			header = u
			kept = append(kept, u)
		case obuFrame, obuFrameHeader:
			key = key || frames == 0 && header != nil && isKeyFrame(u)
			frames++
			kept = append(kept, u)
		default:
			kept = append(kept, u)
		}
	}
	if header == nil || bytes.Equal(header, c.SequenceHeader) {
		return kept, key, c
	}
	return kept, key, replace(c, &media.AV1{SequenceHeader: bytes.Clone(header)})
}

// stripVP9 leaves everything: what a keyframe's header says is the codec.
func stripVP9(c *media.VP9, units [][]byte) ([][]byte, bool, media.Codec) {
	if len(units) != 1 {
		return units[:0], false, c
	}
	now, key, ok := media.ReadVP9(units[0])
	switch {
	case !ok:
		return units[:0], false, c
	case !key || *now == *c:
		return units, key, c
	}
	return units, true, now
}

// isKeyFrame reads the first bits of a frame header (AV1 specification §5.9.2): show_existing_frame must be
// 0 and frame_type KEY_FRAME, which is 0.
func isKeyFrame(u []byte) bool {
	body := 1 + int(u[0]>>2&1)
	return len(u) > body && u[body]>>5 == 0
}

// replace takes new parameter sets where they can be read, or where the old ones could not either.
func replace(old, now media.Codec) media.Codec {
	if usable(now) || !usable(old) {
		return now
	}
	return old
}

// firstGolomb reads the unsigned Exp-Golomb number that begins at byte from: a parameter set's id.
// It is -1 where there is none below 256, the greatest id there is.
func firstGolomb(b []byte, from int) int {
	zeros := 0
	bit := func(i int) (byte, bool) {
		if from+i/8 >= len(b) {
			return 0, false
		}
		return b[from+i/8] >> (7 - i%8) & 1, true
	}
	for {
		v, ok := bit(zeros)
		if !ok || zeros > 8 {
			return -1
		}
		if v == 1 {
			break
		}
		zeros++
	}
	n := 1
	for i := range zeros {
		v, ok := bit(zeros + 1 + i)
		if !ok {
			return -1
		}
		n = n<<1 | int(v)
	}
	return n - 1
}
