package livetest

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"

	"livesrv/internal/media"
)

// Synth makes access units that look like a publisher's and cost nothing: real parameter sets, invented
// payload, exact timestamps from a zero of its own. It suits tests and benchmarks that need media but no
// picture. A Synth is a value: copies start at its present position.
type Synth struct {
	// FPSNum over FPSDen is the frame rate; FPSNum 0 means no video. FPSDen 0 means 1.
	FPSNum, FPSDen int
	// Steps makes the frame rate vary: the ticks of the video clock from each picture to the next, over and
	// over. FPSNum over FPSDen is then about what it comes to.
	Steps []int64
	// GOP is the distance of keyframes in pictures; 0 is two seconds.
	GOP int
	// BFrames is the number of B-pictures between two others.
	BFrames int
	// AudioRate is in Hz; 0 means no audio.
	AudioRate int
	// PictureBytes is the size of each picture but keyframes, which have eight times that; 0 is 4,000.
	PictureBytes int
	// Layers is in how many qualities the picture comes, at most three: tracks 0, 1 and 2, each half as wide as
	// the one before and with a quarter of its bytes. The pictures of one instant come one after the other, the
	// smallest first, as browsers send them. 0 is 1.
	Layers int
	// Away says that a layer pauses at a picture; after a pause it comes back with a keyframe of its own. Nil is
	// never.
	Away func(layer int, picture int64) bool

	pictures, frames int64
	// sent are the layers of the next instant that have been given.
	sent   int
	paused [3]bool
}

// layerSPS are those that x264 wrote for the sizes of three layers.
var layerSPS = [3][]byte{
	unhex("674d401fd9005005bb0110000003001000000303c0f1832480"),
	synthSPS,
	unhex("674d400dd901419f9f0110000003001000000303c0f142a480"),
}

// Parameter sets that x264 wrote for 640x360 main profile, without and with B-pictures.
var (
	synthSPS  = unhex("674d401ed900a02ff970110000030001000003003c0f162e48")
	synthSPSB = unhex("674d401eeca05017fcb80880000003008000001e078b16cb")
	synthPPS  = unhex("68ebe3cb20")
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// Tracks are the tracks that Next's access units belong to: video first, where there is video.
func (s *Synth) Tracks() []media.Track {
	var t []media.Track
	if s.FPSNum > 0 {
		sps := synthSPS
		if s.BFrames > 0 {
			sps = synthSPSB
		}
		for i := range s.layers() {
			if s.Layers > 1 {
				sps = layerSPS[i]
			}
			t = append(t, media.Track{ID: i, Codec: &media.H264{SPS: sps, PPS: synthPPS}, ClockRate: media.VideoClockRate})
		}
	}
	if s.AudioRate > 0 {
		t = append(t, media.Track{ID: len(t), ClockRate: s.AudioRate, Codec: &media.AAC{Config: mpeg4audio.AudioSpecificConfig{
			Type: mpeg4audio.ObjectTypeAACLC, SampleRate: s.AudioRate, ChannelConfig: 2,
		}}})
	}
	return t
}

func (s *Synth) layers() int { return max(1, min(s.Layers, len(layerSPS))) }

// Next is the access unit with the lowest DTS that has not been given yet.
func (s *Synth) Next() *media.AccessUnit {
	s.passAway()
	if s.AudioRate > 0 && (s.FPSNum == 0 || s.audioTime() < s.videoTime()) {
		return s.audio()
	}
	layer := s.layers() - 1 - s.sent
	au := s.video(layer, s.paused[layer])
	s.paused[layer] = false
	s.nextLayer()
	return au
}

// nextLayer goes on to the next layer, of this picture or the next.
func (s *Synth) nextLayer() {
	if s.sent++; s.sent == s.layers() {
		s.pictures, s.sent = s.pictures+1, 0
	}
}

// passAway goes on over the layers that pause.
func (s *Synth) passAway() {
	for s.Away != nil && s.FPSNum > 0 {
		layer := s.layers() - 1 - s.sent
		if !s.Away(layer, s.pictures) {
			return
		}
		s.paused[layer] = true
		s.nextLayer()
	}
}

// At is the DTS of the access unit that Next gives next, from the publisher's zero.
func (s *Synth) At() time.Duration {
	s.passAway()
	switch {
	case s.FPSNum == 0:
		return s.audioTime()
	case s.AudioRate == 0:
		return s.videoTime()
	}
	return min(s.audioTime(), s.videoTime())
}

func (s *Synth) den() int64 { return int64(max(1, s.FPSDen)) }

// ticks is when a picture is due, counted in the order of showing.
func (s *Synth) ticks(picture int64) int64 {
	if n := int64(len(s.Steps)); n > 0 {
		var round, at int64
		for i, d := range s.Steps {
			if int64(i) < picture%n {
				at += d
			}
			round += d
		}
		return picture/n*round + at
	}
	return picture * media.VideoClockRate * s.den() / int64(s.FPSNum)
}

func (s *Synth) videoTime() time.Duration {
	return media.Duration(s.ticks(s.pictures), media.VideoClockRate)
}

func (s *Synth) audioTime() time.Duration { return media.Duration(s.frames*1024, s.AudioRate) }

func (s *Synth) audio() *media.AccessUnit {
	au := &media.AccessUnit{PTS: s.frames * 1024, DTS: s.frames * 1024, Key: true, Units: [][]byte{filler(256, 0x21)}}
	if s.FPSNum > 0 {
		au.Track = s.layers()
	}
	s.frames++
	return au
}

// video is a layer's picture of the next instant; again makes it a keyframe that begins anew.
func (s *Synth) video(layer int, again bool) *media.AccessUnit {
	gop := int64(s.GOP)
	if gop == 0 {
		gop = 2 * int64(s.FPSNum) / s.den()
	}
	in, b := s.pictures%gop, int64(s.BFrames)
	size := s.PictureBytes
	if size == 0 {
		size = 4000
	}
	size >>= 2 * layer
	au := &media.AccessUnit{Track: layer, DTS: s.ticks(s.pictures), Key: in == 0 || again}
	shown, head := in, byte(0x41)
	switch group := (in - 1) % (b + 1); {
	case in == 0 || again:
		size, head = 8*size, 0x65
	case b > 0 && in-group+b >= gop: // too few left for a whole group: plain P-pictures
	case group == 0:
		shown = in + b
	default:
		shown, head = in-1, 0x01
	}
	if b > 0 {
		shown++ // room for PTS to stay at or after DTS
	}
	au.PTS = s.ticks(s.pictures - in + shown)
	au.Units = [][]byte{filler(size, head)}
	return au
}

// filler is a unit of n bytes that starts with head and never looks like a start code.
func filler(n int, head byte) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = 0xa5
	}
	b[0] = head
	return b
}

// Sink is where Run writes; a stream's Writer is one.
type Sink interface {
	Write(*media.AccessUnit) error
}

// Run writes access units in real time until ctx ends or the sink refuses one.
func (s *Synth) Run(ctx context.Context, to Sink) error {
	start := time.Now().Add(-s.At())
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Until(start.Add(s.At()))):
		}
		au := s.Next()
		au.Arrived = time.Now()
		if err := to.Write(au); err != nil {
			return err
		}
	}
}
