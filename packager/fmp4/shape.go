package fmp4

import (
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/av1"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"

	"livesrv/internal/media"
)

// shape is what boxes say about a picture: its size, its pixels' and its colours'.
type shape struct {
	width, height int
	// sarW:sarH is the shape of a sample; equal where it is square or not known.
	sarW, sarH int
	// coloured says that the colour fields hold what the parameter sets say.
	coloured                    bool
	primaries, transfer, matrix uint8
	fullRange                   bool
}

func (s shape) displayWidth() int {
	if s.sarW == s.sarH {
		return s.width
	}
	return s.width * s.sarW / s.sarH
}

// sars are the sample aspect ratios that H.264 and HEVC number (table E-1 of both).
var sars = [...][2]int{{1, 1}, {1, 1}, {12, 11}, {10, 11}, {16, 11}, {40, 33}, {24, 11}, {20, 11}, {32, 11},
	{80, 33}, {18, 11}, {15, 11}, {64, 33}, {160, 99}, {4, 3}, {3, 2}, {2, 1}}

func (s *shape) aspect(present bool, idc uint8, w, h uint16) {
	s.sarW, s.sarH = 1, 1
	switch {
	case !present:
	case int(idc) < len(sars):
		s.sarW, s.sarH = sars[idc][0], sars[idc][1]
	case idc == 255 && w > 0 && h > 0 && w <= 4*h && h <= 4*w:
		s.sarW, s.sarH = int(w), int(h)
	}
}

func shapeOf(c media.Codec) (s shape, ok bool) {
	p, ok := media.PictureOf(c)
	if !ok || p.Width <= 0 || p.Height <= 0 || p.Width > 0x3FFF || p.Height > 0x3FFF {
		return shape{}, false
	}
	s = shape{width: p.Width, height: p.Height, sarW: 1, sarH: 1}
	switch c := c.(type) {
	case *media.H264:
		var sps h264.SPS
		if sps.Unmarshal(c.SPS) == nil && sps.VUI != nil {
			v := sps.VUI
			s.aspect(v.AspectRatioInfoPresentFlag, v.AspectRatioIdc, v.SarWidth, v.SarHeight)
			s.coloured = v.ColourDescriptionPresentFlag
			s.primaries, s.transfer, s.matrix = v.ColourPrimaries, v.TransferCharacteristics, v.MatrixCoefficients
			s.fullRange = v.VideoFullRangeFlag
		}
	case *media.H265:
		var sps h265.SPS
		if sps.Unmarshal(c.SPS) == nil && sps.VUI != nil {
			v := sps.VUI
			s.aspect(v.AspectRatioInfoPresentFlag, v.AspectRatioIdc, v.SarWidth, v.SarHeight)
			s.coloured = v.ColourDescriptionPresentFlag
			s.primaries, s.transfer, s.matrix = v.ColourPrimaries, v.TransferCharacteristics, v.MatrixCoefficients
			s.fullRange = v.VideoFullRangeFlag
		}
	case *media.AV1:
		var sh av1.SequenceHeader
		if sh.Unmarshal(c.SequenceHeader) == nil {
			cc := sh.ColorConfig
			s.coloured = cc.ColorDescriptionPresentFlag
			s.primaries, s.transfer, s.matrix = uint8(cc.ColorPrimaries), uint8(cc.TransferCharacteristics), uint8(cc.MatrixCoefficients)
			s.fullRange = cc.ColorRange
		}
	}
	return s, true
}
