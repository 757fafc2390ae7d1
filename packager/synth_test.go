package packager

import (
	"io"
	"log/slog"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"

	"livesrv/internal/media"
)

// epoch is the wall time of tick 0 in tests, and now begins there.
var epoch = time.Date(2026, 11, 22, 19, 0, 0, 0, time.UTC)

// sps and pps are those of a 1280x720 stream, Main profile, without timing in the VUI.
var (
	sps = []byte{0x67, 0x4d, 0x40, 0x1f, 0xe8, 0x80, 0x28, 0x02, 0xdd, 0x80, 0xb5, 0x01, 0x01, 0x01, 0x40, 0x00, 0x00, 0x03, 0x00, 0x40, 0x00, 0x00, 0x0c, 0x03, 0xc6, 0x0c, 0x44, 0x80}
	pps = []byte{0x68, 0xeb, 0xef, 0x20}
)

func videoTrack() media.Track {
	return media.Track{ID: 0, ClockRate: 90000, Codec: &media.H264{SPS: sps, PPS: pps}}
}

func soundTrack(id, rate int) media.Track {
	return media.Track{ID: id, ClockRate: rate, Codec: &media.AAC{Config: mpeg4audio.AudioSpecificConfig{
		Type: mpeg4audio.ObjectTypeAACLC, SampleRate: rate, ChannelConfig: 2}}}
}

// synth makes access units as a stream delivers them, and feeds a presentation with a clock of its own.
type synth struct {
	p   *Presentation
	now time.Time

	// interval gives the ticks from picture i to the next; gop and reorder are in pictures.
	interval     func(i int) int64
	gop, reorder int
	picture      int
	dts          int64
	sinceKey     int

	// fat are what pictures and keyframes hold, instead of a few hundred bytes each made anew.
	fat [2][]byte

	soundID, soundRate int
	soundPTS           int64
	soundAhead         int64 // ticks of the line by which audio comes early (or late, if negative)
}

func constant(d int64) func(int) int64 { return func(int) int64 { return d } }

func newSynth(cfg Config) *synth {
	s := &synth{now: epoch, interval: constant(3000), gop: 60, soundID: 1, soundRate: 48000}
	s.p = newPresentation("test", cfg, slog.New(slog.NewTextHandler(io.Discard, nil)), func() time.Time { return s.now })
	return s
}

func wallAt(ticks int64) time.Time { return epoch.Add(media.Duration(ticks, rate)) }

// at moves the clock to a place on the line.
func (s *synth) at(line int64) {
	if t := wallAt(line).Add(20 * time.Millisecond); t.After(s.now) {
		s.now = t
	}
}

func (s *synth) video() {
	key := s.sinceKey%s.gop == 0
	shift := int64(0)
	d := s.interval(s.picture)
	if s.reorder > 0 {
		// Display order I B.. P: a keyframe and every (reorder+1)th picture are shown late, those between early.
		shift = int64(s.reorder) * d
		if !key && s.sinceKey%(s.reorder+1) != 1%(s.reorder+1) {
			shift = 0
		}
	}
	s.at(s.dts)
	size := 400
	if key {
		size = 4000
		s.sinceKey = 0
	}
	unit := s.fat[0]
	if key {
		unit = s.fat[1]
	}
	if unit == nil {
		unit = newUnit(size, key)
	}
	s.p.push(&media.AccessUnit{Track: 0, PTS: s.dts + shift, DTS: s.dts, Wall: wallAt(s.dts + shift), Key: key, Units: [][]byte{unit}})
	s.dts += d
	s.picture++
	s.sinceKey++
}

// newUnit is a slice of so many bytes.
func newUnit(size int, key bool) []byte {
	unit := make([]byte, size)
	unit[0] = 0x41
	if key {
		unit[0] = 0x65
	}
	return unit
}

func (s *synth) sound() {
	s.at(media.Rescale(s.soundPTS, s.soundRate, rate) - s.soundAhead)
	s.p.push(&media.AccessUnit{Track: s.soundID, PTS: s.soundPTS, DTS: s.soundPTS, Key: true,
		Wall: epoch.Add(media.Duration(s.soundPTS, s.soundRate)), Units: [][]byte{make([]byte, 300)}})
	s.soundPTS += 1024
}

// run feeds pictures and audio, interleaved by time, until the pictures have reached the given time.
func (s *synth) run(until time.Duration, video, sound bool) {
	end := media.Ticks(until, rate)
	for {
		a := media.Rescale(s.soundPTS, s.soundRate, rate) - s.soundAhead
		switch {
		case video && (!sound || s.dts <= a):
			if s.dts >= end {
				return
			}
			s.video()
		case sound:
			if a >= end {
				return
			}
			s.sound()
		default:
			return
		}
	}
}

// skip leaves a stretch out, as a publisher does who is away, while time passes.
func (s *synth) skip(d time.Duration) {
	for end := s.now.Add(d); s.now.Before(end); {
		s.now = s.now.Add(100 * time.Millisecond)
		s.p.tick()
	}
	s.dts += media.Ticks(d, rate)
	s.soundPTS += media.Ticks(d, s.soundRate)
	s.sinceKey = 0
}
