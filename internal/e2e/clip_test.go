package e2e

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"

	"livesrv/internal/livetest"
	"livesrv/internal/media"
	"livesrv/internal/stream"
)

// footage says what an encoder is to make of a moving picture and a tone.
type footage struct {
	// sizes are those of the picture, one for each layer; none is no picture.
	sizes []string
	// hevc chooses the codec; video has more options for its encoder, in ffmpeg's words.
	hevc  bool
	video string
	// fps is pictures a second, default 30; gop how many from keyframe to keyframe, default a second's worth. A clip is
	// whole GOPs, of about four seconds.
	fps, gop int
	// channels and rate are of the sound: 0 channels is stereo, -1 none; 0 Hz is 48000.
	channels, rate int
}

// clip is some seconds of a picture, in one or several sizes, and of sound, to be sent over and over.
type clip struct {
	tracks   []media.Track
	layers   [][][][]byte // by layer and picture, the NAL units
	sound    [][]byte
	pictures int
	fps      int
}

// encode makes a clip.
func (f footage) encode(t *testing.T) clip {
	t.Helper()
	f.fps = cmp.Or(f.fps, 30)
	f.gop = cmp.Or(f.gop, f.fps)
	f.rate = cmp.Or(f.rate, 48000)
	c := clip{fps: f.fps, pictures: (4*f.fps + f.gop - 1) / f.gop * f.gop}
	for _, size := range f.sizes {
		c.picture(t, f, size)
	}
	if f.channels >= 0 {
		c.tone(t, cmp.Or(f.channels, 2), f.rate)
	}
	return c
}

// picture adds a layer.
func (c *clip) picture(t *testing.T, f footage, size string) {
	t.Helper()
	args := fmt.Sprintf("-f lavfi -i testsrc2=r=%d:s=%s -frames:v %d -bf 0 -g %d ", f.fps, size, c.pictures, f.gop)
	if f.hevc {
		args += fmt.Sprintf("-c:v libx265 -preset ultrafast -x265-params log-level=error:aud=1:bframes=0:scenecut=0:open-gop=0:keyint=%d:min-keyint=%d %s -f hevc", f.gop, f.gop, f.video)
	} else {
		args += "-c:v libx264 -preset ultrafast -sc_threshold 0 -x264-params aud=1 " + f.video + " -f h264"
	}
	var avc media.H264
	var hevc media.H265
	var pictures [][][]byte
	for u := range bytes.SplitSeq(ffmpeg(t, args), []byte{0, 0, 1}) {
		if u = bytes.TrimRight(u, "\x00"); len(u) == 0 {
			continue
		}
		kind := int(u[0] & 31)
		if f.hevc {
			kind = 100 + int(u[0]>>1)
		}
		switch kind {
		case 7:
			avc.SPS = u
		case 8:
			avc.PPS = u
		case 132:
			hevc.VPS = u
		case 133:
			hevc.SPS = u
		case 134:
			hevc.PPS = u
		case 9, 135:
			pictures = append(pictures, nil)
		case 1, 5, 100, 101, 119, 120:
			pictures[len(pictures)-1] = append(pictures[len(pictures)-1], u)
		}
	}
	if len(pictures) != c.pictures {
		t.Fatalf("%d pictures of %s, want %d", len(pictures), size, c.pictures)
	}
	track := media.Track{ID: len(c.tracks), ClockRate: media.VideoClockRate, Codec: &avc}
	if f.hevc {
		track.Codec = &hevc
	}
	c.layers = append(c.layers, pictures)
	c.tracks = append(c.tracks, track)
}

// tone adds sound.
func (c *clip) tone(t *testing.T, channels, rate int) {
	t.Helper()
	var packets mpeg4audio.ADTSPackets
	args := fmt.Sprintf("-f lavfi -i sine=frequency=440:sample_rate=%d:d=4 -ac %d -c:a aac -f adts", rate, channels)
	if err := packets.Unmarshal(ffmpeg(t, args)); err != nil {
		t.Fatal(err)
	}
	for _, p := range packets {
		c.sound = append(c.sound, p.AU)
	}
	c.tracks = append(c.tracks, media.Track{ID: len(c.layers), ClockRate: rate, Codec: &media.AAC{Config: mpeg4audio.AudioSpecificConfig{
		Type: mpeg4audio.ObjectTypeAACLC, SampleRate: rate, ChannelConfig: uint8(channels)}}})
}

// send writes the clip in real time until ctx ends, without the tracks that are away, if any can be.
func (c *clip) send(ctx context.Context, w *stream.Writer, away func(track int) bool) error {
	start := time.Now()
	frames, sound := int64(0), len(c.layers)
	for n := int64(0); ; n++ {
		at := n * media.VideoClockRate / int64(c.fps)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Until(start.Add(media.Duration(at, media.VideoClockRate)))):
		}
		for ; len(c.sound) > 0 && media.Rescale(frames*1024, c.tracks[sound].ClockRate, media.VideoClockRate) <= at; frames++ {
			if away != nil && away(sound) {
				continue
			}
			au := &media.AccessUnit{Track: sound, PTS: frames * 1024, DTS: frames * 1024, Units: [][]byte{c.sound[frames%int64(len(c.sound))]}}
			if err := w.Write(au); err != nil {
				return err
			}
		}
		for i := len(c.layers) - 1; i >= 0; i-- {
			if away != nil && away(i) {
				continue
			}
			units := append([][]byte{}, c.layers[i][n%int64(c.pictures)]...)
			if err := w.Write(&media.AccessUnit{Track: i, PTS: at, DTS: at, Units: units}); err != nil {
				return err
			}
		}
	}
}

// ffmpeg gives what ffmpeg writes.
func ffmpeg(t *testing.T, args string) []byte {
	t.Helper()
	path, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Fatal(livetest.ErrNoFFmpeg)
	}
	var out, said bytes.Buffer
	cmd := exec.Command(path, strings.Fields("-v error -nostdin "+args+" -")...)
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, said.String())
	}
	return out.Bytes()
}
