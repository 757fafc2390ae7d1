package demo

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/pmp4"
)

// Clip is a film that can be played over and over: H.264 video and AAC audio, in memory.
type Clip struct {
	// Length is how long one round lasts: the length of the video.
	Length time.Duration

	sps, pps []byte
	audio    *mpeg4audio.AudioSpecificConfig
	pictures []picture
	// frames are the AAC frames of one round: frame i sounds at i times frame.
	frames [][]byte
	frame  time.Duration
	// delay is from the first picture's decoding to its showing, over zero with B-frames.
	delay time.Duration
}

// picture is one access unit of the video within a round. Times count from the decoding of the round's
// first picture.
type picture struct {
	dts, pts time.Duration
	units    [][]byte
}

// ReadClip reads a plain MP4 file with one H.264 and one AAC track.
func ReadClip(r io.ReadSeeker) (*Clip, error) {
	var file pmp4.Presentation
	if err := file.Unmarshal(r); err != nil {
		return nil, fmt.Errorf("the clip is no MP4 file: %w", err)
	}
	c := &Clip{}
	for _, t := range file.Tracks {
		var err error
		switch codec := t.Codec.(type) {
		case *codecs.H264:
			c.sps, c.pps = codec.SPS, codec.PPS
			err = c.readVideo(t)
		case *codecs.MPEG4Audio:
			config := mpeg4audio.AudioSpecificConfig(codec.Config)
			c.audio = &config
			err = c.readAudio(t)
		}
		if err != nil {
			return nil, err
		}
	}
	if len(c.pictures) == 0 || len(c.frames) == 0 {
		return nil, errors.New("the clip must have an H.264 and an AAC track")
	}
	return c, nil
}

func (c *Clip) readVideo(t *pmp4.Track) error {
	if len(t.Samples) == 0 || t.Samples[0].IsNonSyncSample {
		return errors.New("the clip's first picture is no keyframe")
	}
	// A round begins with its first picture. Where pictures are reordered that is shown this much later than
	// it is decoded, and the audio is kept back by as much.
	c.delay = ticksToTime(int64(t.Samples[0].PTSOffset), t.TimeScale)
	ticks := int64(0)
	for _, s := range t.Samples {
		payload, err := s.GetPayload()
		if err != nil {
			return fmt.Errorf("the clip's video: %w", err)
		}
		var units h264.AVCC
		if err := units.Unmarshal(payload); err != nil {
			return fmt.Errorf("the clip's video: %w", err)
		}
		c.pictures = append(c.pictures, picture{
			dts:   ticksToTime(ticks, t.TimeScale),
			pts:   ticksToTime(ticks+int64(s.PTSOffset), t.TimeScale),
			units: units,
		})
		ticks += int64(s.Duration)
	}
	c.Length = ticksToTime(ticks, t.TimeScale)
	return nil
}

func (c *Clip) readAudio(t *pmp4.Track) error {
	c.frame = ticksToTime(samplesPerFrame, uint32(c.audio.SampleRate))
	// Frames before the edit list's start are the encoder's run-up and not part of the film.
	position := int64(t.TimeOffset)
	for _, s := range t.Samples {
		if position >= 0 {
			payload, err := s.GetPayload()
			if err != nil {
				return fmt.Errorf("the clip's audio: %w", err)
			}
			c.frames = append(c.frames, payload)
		}
		position += int64(s.Duration)
	}
	return nil
}

func ticksToTime(ticks int64, scale uint32) time.Duration {
	return time.Duration(ticks) * time.Second / time.Duration(scale)
}
