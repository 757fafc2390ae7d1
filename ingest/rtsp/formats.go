package rtsp

import (
	"errors"
	"fmt"
	"strings"

	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtpfragmented"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph264"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph265"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtpmpeg1audio"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtpmpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg1audio"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/pion/rtp"

	"livesrv/ingest"
	"livesrv/internal/fault"
	"livesrv/internal/media"
)

// opusRate is the one clock of Opus.
const opusRate = 48000

// depacketise makes the depacketiser of a format, nil for one that cannot be taken.
func depacketise(f format.Format) depacketiser {
	switch f := f.(type) {
	case *format.H264:
		if d, err := f.CreateDecoder(); err == nil {
			v := &video[*rtph264.Decoder]{decoder: d, fresh: f.CreateDecoder, more: rtph264.ErrMorePacketsNeeded, none: rtph264.ErrNonStartingPacketAndNoPrevious}
			sps, pps := f.SafeParams()
			v.now = ingest.ParameterSets(nil, false, [][]byte{sps, pps})
			v.newDTS = func() dtsFinder { x := &h264.DTSExtractor{}; x.Initialize(); return x }
			return v
		}
	case *format.H265:
		if d, err := f.CreateDecoder(); err == nil {
			v := &video[*rtph265.Decoder]{decoder: d, fresh: f.CreateDecoder, hevc: true, more: rtph265.ErrMorePacketsNeeded, none: rtph265.ErrNonStartingPacketAndNoPrevious}
			vps, sps, pps := f.SafeParams()
			v.now = ingest.ParameterSets(nil, true, [][]byte{vps, sps, pps})
			v.newDTS = func() dtsFinder { x := &h265.DTSExtractor{}; x.Initialize(); return x }
			return v
		}
	case *format.AV1:
		if d, err := f.CreateDecoder(); err == nil {
			return &av1Video{decoder: d, fresh: f.CreateDecoder}
		}
	case *format.VP9:
		if d, err := f.CreateDecoder(); err == nil {
			return &vp9Video{decoder: d, fresh: f.CreateDecoder}
		}
	case *format.MPEG4Audio:
		if d, err := f.CreateDecoder(); err == nil && f.Config != nil && f.Config.SampleRate > 0 {
			return &sound[*rtpmpeg4audio.Decoder]{decoder: d, c: &media.AAC{Config: *f.Config}, rate: f.Config.SampleRate, clock: clockRate(f),
				length: func([]byte) int64 { return mpeg4audio.SamplesPerAccessUnit }, more: rtpmpeg4audio.ErrMorePacketsNeeded}
		}
	case *format.MPEG4AudioLATM:
		if d, err := f.CreateDecoder(); err == nil {
			return &latm{decoder: d, mux: f.StreamMuxConfig, inBand: f.CPresent, clock: clockRate(f)}
		}
	case *format.Opus:
		if d, err := f.CreateDecoder(); err == nil && f.ChannelCount >= 1 && f.ChannelCount <= 2 {
			return &sound[opusDecoder]{decoder: opusDecoder{d.Decode}, c: &media.Opus{ChannelCount: f.ChannelCount}, rate: opusRate, clock: opusRate}
		}
	case *format.MPEG1Audio:
		if d, err := f.CreateDecoder(); err == nil {
			return &mp3{decoder: d}
		}
	}
	return nil
}

// clockRate is how many ticks of RTP a second has. HE-AAC counts the samples that come out of it (RFC 3640 §4.1: the rate in
// the rtpmap), which gortsplib writes into descriptions and does not read from them.
func clockRate(f format.Format) int {
	var c *mpeg4audio.AudioSpecificConfig
	switch f := f.(type) {
	case *format.MPEG4Audio:
		c = f.Config
	case *format.MPEG4AudioLATM:
		if aac, ok := muxConfig(f.StreamMuxConfig); ok && !f.CPresent {
			c = &aac.Config
		}
	}
	if c != nil && c.ExtensionSampleRate > 0 {
		return c.ExtensionSampleRate
	}
	return f.ClockRate()
}

// nameOf is a codec that is not taken, as people know it.
func nameOf(f format.Format) string {
	switch f := f.(type) {
	case *format.G711:
		return "G.711"
	case *format.G722:
		return "G.722"
	case *format.G726:
		return "G.726"
	case *format.LPCM:
		return "PCM"
	case *format.Opus:
		return fmt.Sprintf("Opus with %d channels", f.ChannelCount)
	case *format.Generic:
		name, _, _ := strings.Cut(f.RTPMap(), "/")
		return name
	}
	return f.Codec()
}

// unsupported is the name of what only its packets show to be a codec that is not taken.
type unsupported string

// Error implements error.
func (u unsupported) Error() string { return string(u) + " is not supported" }

// decoder is one of gortsplib's.
type decoder interface {
	Decode(*rtp.Packet) ([][]byte, error)
}

// dtsFinder finds the decoding times, which RTP does not carry.
type dtsFinder interface {
	Extract(au [][]byte, pts int64) (int64, error)
}

// unfinished says whether an error only means that more packets are needed.
func unfinished(err error, more ...error) bool {
	for _, m := range more {
		if m != nil && errors.Is(err, m) {
			return true
		}
	}
	return false
}

// sound takes frames that follow each other.
type sound[D decoder] struct {
	decoder     D
	c           media.Codec
	rate, clock int // of the codec, of RTP
	length      func(frame []byte) int64
	more        error
}

func (s *sound[D]) codec() (media.Codec, int) { return s.c, s.rate }

func (s *sound[D]) take(pkt *rtp.Packet, at int64) ([]*media.AccessUnit, media.Codec, int, error) {
	frames, err := s.decoder.Decode(pkt)
	switch {
	case unfinished(err, s.more):
		return nil, nil, 0, nil
	case err != nil:
		return nil, nil, 0, fault.New(fault.Invalid, "sound cannot be taken apart").Because(err)
	}
	return lay(frames, media.Rescale(at, s.clock, s.rate), s.length), s.c, s.rate, nil
}

// lay makes access units of frames that follow each other.
func lay(frames [][]byte, at int64, length func([]byte) int64) []*media.AccessUnit {
	var aus []*media.AccessUnit
	for _, f := range frames {
		if len(f) == 0 {
			continue
		}
		aus = append(aus, &media.AccessUnit{Units: [][]byte{f}, PTS: at, DTS: at, Key: true})
		if length != nil {
			at += length(f)
		}
	}
	return aus
}

// opusDecoder gives the one packet that RTP carries.
type opusDecoder struct {
	decode func(*rtp.Packet) ([]byte, error)
}

// Decode implements decoder.
func (d opusDecoder) Decode(pkt *rtp.Packet) ([][]byte, error) {
	b, err := d.decode(pkt)
	return [][]byte{b}, err
}

// latm is AAC in LATM (RFC 6416).
type latm struct {
	decoder *rtpfragmented.Decoder
	mux     *mpeg4audio.StreamMuxConfig
	inBand  bool
	clock   int
}

func (l *latm) codec() (media.Codec, int) {
	c, ok := l.config()
	if !ok {
		return nil, 0
	}
	return c, c.Config.SampleRate
}

func (l *latm) config() (*media.AAC, bool) { return muxConfig(l.mux) }

// muxConfig is the first of what a stream in LATM has.
func muxConfig(m *mpeg4audio.StreamMuxConfig) (*media.AAC, bool) {
	if m == nil || len(m.Programs) == 0 || len(m.Programs[0].Layers) == 0 {
		return nil, false
	}
	c := m.Programs[0].Layers[0].AudioSpecificConfig
	if c == nil || c.SampleRate <= 0 {
		return nil, false
	}
	return &media.AAC{Config: *c}, true
}

func (l *latm) take(pkt *rtp.Packet, at int64) ([]*media.AccessUnit, media.Codec, int, error) {
	b, err := l.decoder.Decode(pkt)
	switch {
	case unfinished(err, rtpfragmented.ErrMorePacketsNeeded):
		return nil, nil, 0, nil
	case err != nil:
		return nil, nil, 0, fault.New(fault.Invalid, "sound cannot be taken apart").Because(err)
	}
	el := mpeg4audio.AudioMuxElement{MuxConfigPresent: l.inBand, StreamMuxConfig: l.mux}
	if err := el.Unmarshal(b); err != nil {
		return nil, nil, 0, fault.New(fault.Invalid, "AAC in LATM cannot be taken apart").Because(err)
	}
	l.mux = el.StreamMuxConfig
	c, ok := l.config()
	if !ok {
		return nil, nil, 0, fault.New(fault.Invalid, "AAC in LATM comes without its configuration")
	}
	var frames [][]byte
	for _, sub := range el.Payloads {
		if len(sub) > 0 && len(sub[0]) > 0 {
			frames = append(frames, sub[0][0])
		}
	}
	rate := c.Config.SampleRate
	return lay(frames, media.Rescale(at, l.clock, rate), func([]byte) int64 { return mpeg4audio.SamplesPerAccessUnit }), c, rate, nil
}

// mp3 is MPEG audio, of which only layer III can be taken.
type mp3 struct {
	decoder *rtpmpeg1audio.Decoder
}

func (m *mp3) codec() (media.Codec, int) { return nil, 0 }

func (m *mp3) take(pkt *rtp.Packet, at int64) ([]*media.AccessUnit, media.Codec, int, error) {
	frames, err := m.decoder.Decode(pkt)
	switch {
	case unfinished(err, rtpmpeg1audio.ErrMorePacketsNeeded, rtpmpeg1audio.ErrNonStartingPacketAndNoPrevious):
		return nil, nil, 0, nil
	case err != nil || len(frames) == 0:
		return nil, nil, 0, fault.New(fault.Invalid, "sound cannot be taken apart").Because(err)
	}
	var h mpeg1audio.FrameHeader
	if err := h.Unmarshal(frames[0]); err != nil || h.SampleRate <= 0 {
		return nil, nil, 0, fault.New(fault.Invalid, "the sound is not MP3").Because(err)
	}
	if h.Layer != 3 {
		return nil, nil, 0, unsupported(fmt.Sprintf("MPEG audio layer %d (MP%[1]d)", h.Layer))
	}
	channels := 2
	if h.ChannelMode == mpeg1audio.ChannelModeMono {
		channels = 1
	}
	c := &media.MP3{SampleRate: h.SampleRate, ChannelCount: channels}
	// RTP counts MPEG audio at 90 kHz (RFC 2250 §3.2).
	at = media.Rescale(at, media.VideoClockRate, h.SampleRate)
	return lay(frames, at, func([]byte) int64 { return int64(h.SampleCount()) }), c, h.SampleRate, nil
}
