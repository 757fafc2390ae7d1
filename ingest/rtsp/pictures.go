package rtsp

import (
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtpav1"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtpvp9"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/av1"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"
	"github.com/pion/rtp"

	"livesrv/ingest"
	"livesrv/internal/fault"
	"livesrv/internal/media"
)

// video is H.264 or HEVC.
type video[D decoder] struct {
	decoder    D
	fresh      func() (D, error)
	hevc       bool
	more, none error
	newDTS     func() dtsFinder

	now  media.Codec
	dts  dtsFinder // nil before the first keyframe, and after an error
	last int64
	any  bool
}

func (v *video[D]) codec() (media.Codec, int) { return v.now, media.VideoClockRate }

func (v *video[D]) lose() {
	if d, err := v.fresh(); err == nil {
		v.decoder = d
	}
}

func (v *video[D]) begins(b []byte) bool {
	if v.hevc {
		return beginsH265(b)
	}
	return beginsH264(b)
}

// beginsH264 says whether a picture begins with a payload (RFC 6184 §5.2): with what stands before its slices, or with the
// slice of its first macroblock, whose number 0 is written as one bit that is set.
func beginsH264(b []byte) bool {
	if len(b) < 2 {
		return false
	}
	switch typ := h264.NALUType(b[0] & 0x1F); typ {
	case h264.NALUTypeSTAPA:
		return len(b) > 3 && beginsH264(b[3:])
	case h264.NALUTypeFUA:
		return b[1]&0x80 != 0 && beginsH264(append([]byte{b[1] & 0x1F}, b[2:]...))
	case h264.NALUTypeNonIDR, h264.NALUTypeIDR:
		return b[1]&0x80 != 0
	default:
		return typ >= h264.NALUTypeSEI && typ <= h264.NALUTypeAccessUnitDelimiter
	}
}

// beginsH265 does the same for HEVC, where the first slice says so itself (RFC 7798 §4.4).
func beginsH265(b []byte) bool {
	if len(b) < 3 {
		return false
	}
	switch typ := h265.NALUType(b[0] >> 1 & 0x3F); typ {
	case h265.NALUType_AggregationUnit:
		return len(b) > 4 && beginsH265(b[4:])
	case h265.NALUType_FragmentationUnit:
		return b[2]&0x80 != 0 && beginsH265(append([]byte{b[2] & 0x3F << 1, 0}, b[3:]...))
	default:
		return typ < h265.NALUType_VPS_NUT && b[2]&0x80 != 0 || typ >= h265.NALUType_VPS_NUT && typ <= h265.NALUType_AUD_NUT || typ == h265.NALUType_PREFIX_SEI_NUT
	}
}

func (v *video[D]) take(pkt *rtp.Packet, at int64) ([]*media.AccessUnit, media.Codec, int, error) {
	units, err := v.decoder.Decode(pkt)
	switch {
	case unfinished(err, v.more, v.none):
		return nil, nil, 0, nil
	case err != nil:
		return nil, nil, 0, fault.New(fault.Invalid, "a picture cannot be taken apart").Because(err)
	}
	v.now = ingest.ParameterSets(v.now, v.hevc, units)
	if v.now == nil {
		return nil, nil, 0, nil // nothing can be decoded before the parameter sets
	}
	au := &media.AccessUnit{Units: units, PTS: at, DTS: v.decodeAt(units, at)}
	return []*media.AccessUnit{au}, v.now, media.VideoClockRate, nil
}

// decodeAt is when a picture is to be decoded. Where that cannot be found out, as after a loss, it is
// when it is shown, or just after the one before.
func (v *video[D]) decodeAt(units [][]byte, pts int64) int64 {
	if v.dts == nil {
		v.dts = v.newDTS()
	}
	if set := v.sets(); set != nil {
		units = append(set, units...) // many cameras say them in the description alone
	}
	dts, err := v.dts.Extract(units, pts)
	if err != nil {
		v.dts = nil
		dts = pts
		if v.any && dts <= v.last && pts > v.last-media.VideoClockRate {
			dts = v.last + 1
		}
	}
	v.last, v.any = dts, true
	return dts
}

// sets are the parameter sets as units.
func (v *video[D]) sets() [][]byte {
	switch c := v.now.(type) {
	case *media.H264:
		return [][]byte{c.SPS, c.PPS}
	case *media.H265:
		return [][]byte{c.VPS, c.SPS, c.PPS}
	}
	return nil
}

// av1Video takes temporal units.
type av1Video struct {
	decoder *rtpav1.Decoder
	fresh   func() (*rtpav1.Decoder, error)
	now     media.Codec
}

func (v *av1Video) codec() (media.Codec, int) { return nil, 0 }

func (v *av1Video) lose() {
	if d, err := v.fresh(); err == nil {
		v.decoder = d
	}
}

// begins knows only of the first packet of a sequence: N in the aggregation header (RTP payload format for AV1 §4.4).
func (v *av1Video) begins(b []byte) bool { return len(b) > 0 && b[0]&0x08 != 0 }

func (v *av1Video) take(pkt *rtp.Packet, at int64) ([]*media.AccessUnit, media.Codec, int, error) {
	units, err := v.decoder.Decode(pkt)
	switch {
	case unfinished(err, rtpav1.ErrMorePacketsNeeded, rtpav1.ErrNonStartingPacketAndNoPrevious):
		return nil, nil, 0, nil
	case err != nil:
		return nil, nil, 0, fault.New(fault.Invalid, "a picture cannot be taken apart").Because(err)
	}
	for i, u := range units {
		units[i] = unsized(u)
		if len(units[i]) > 0 && av1.OBUType(units[i][0]>>3&0x0F) == av1.OBUTypeSequenceHeader {
			c := &media.AV1{SequenceHeader: append([]byte(nil), units[i]...)}
			if _, ok := media.PictureOf(c); ok {
				v.now = c
			}
		}
	}
	if v.now == nil {
		return nil, nil, 0, nil
	}
	return []*media.AccessUnit{{Units: units, PTS: at, DTS: at}}, v.now, media.VideoClockRate, nil
}

// vp9Video takes frames, each of which is a picture or, with what is not shown, a superframe.
type vp9Video struct {
	decoder *rtpvp9.Decoder
	fresh   func() (*rtpvp9.Decoder, error)
	now     media.Codec
}

func (v *vp9Video) codec() (media.Codec, int) { return nil, 0 }

func (v *vp9Video) lose() {
	if d, err := v.fresh(); err == nil {
		v.decoder = d
	}
}

// begins goes by B in the payload descriptor (RFC 9628 §4.2).
func (v *vp9Video) begins(b []byte) bool { return len(b) > 0 && b[0]&0x08 != 0 }

func (v *vp9Video) take(pkt *rtp.Packet, at int64) ([]*media.AccessUnit, media.Codec, int, error) {
	frame, err := v.decoder.Decode(pkt)
	switch {
	case unfinished(err, rtpvp9.ErrMorePacketsNeeded, rtpvp9.ErrNonStartingPacketAndNoPrevious):
		return nil, nil, 0, nil
	case err != nil:
		return nil, nil, 0, fault.New(fault.Invalid, "a picture cannot be taken apart").Because(err)
	}
	c, key, ok := media.ReadVP9(frame)
	if !ok {
		return nil, nil, 0, fault.New(fault.Invalid, "a picture is not of VP9")
	}
	if key {
		v.now = c
	}
	if v.now == nil {
		return nil, nil, 0, nil
	}
	return []*media.AccessUnit{{Units: [][]byte{frame}, PTS: at, DTS: at}}, v.now, media.VideoClockRate, nil
}

// unsized takes the size field out of an OBU (AV1 specification §5.3.2): an RTP packet may leave it in.
func unsized(u []byte) []byte {
	if len(u) < 2 || u[0]&2 == 0 {
		return u
	}
	header := 1 + int(u[0]>>2&1)
	if len(u) <= header {
		return u
	}
	var size av1.LEB128
	n, err := size.Unmarshal(u[header:])
	if err != nil || int(size) != len(u)-header-n {
		return u
	}
	out := append([]byte{u[0] &^ 2}, u[1:header]...)
	return append(out, u[header+n:]...)
}
