package media

import (
	"testing"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg1audio"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/opus"
)

// What decoders make of these frames is tried in packager, where they stand in files.
func TestSilence(t *testing.T) {
	aac := func(c mpeg4audio.AudioSpecificConfig) Codec { return &AAC{Config: c} }
	for name, c := range map[string]Codec{
		"video":                               &H264{},
		"AAC main":                            aac(mpeg4audio.AudioSpecificConfig{Type: 1, SampleRate: 48000, ChannelConfig: 2}),
		"AAC with its channels in the stream": aac(mpeg4audio.AudioSpecificConfig{Type: mpeg4audio.ObjectTypeAACLC, SampleRate: 48000}),
		"AAC of no such channels":             aac(mpeg4audio.AudioSpecificConfig{Type: mpeg4audio.ObjectTypeAACLC, SampleRate: 48000, ChannelConfig: 9}),
		"MP3 of no such rate":                 &MP3{SampleRate: 96000, ChannelCount: 2},
	} {
		if b := Silence(c); b != nil {
			t.Errorf("%s: %x", name, b)
		}
	}
	for channels := range 3 {
		if b := Silence(&Opus{ChannelCount: channels}); opus.PacketDuration2(b) != 960 {
			t.Errorf("opus of %d channels: %x", channels, b)
		}
	}
	for _, rate := range []int{8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000} {
		for channels := 1; channels <= 2; channels++ {
			b := Silence(&MP3{SampleRate: rate, ChannelCount: channels})
			var h mpeg1audio.FrameHeader
			if err := h.Unmarshal(b); err != nil {
				if rate >= 16000 { // mediacommon knows no MPEG-2.5
					t.Errorf("mp3 at %d: %v", rate, err)
				}
				continue
			}
			stereo := h.ChannelMode != mpeg1audio.ChannelModeMono
			// A frame has as many samples as its bit rate has bytes for.
			size := h.SampleCount() / 8 * h.Bitrate / rate
			if h.Layer != 3 || h.SampleRate != rate || stereo != (channels == 2) || len(b) != size {
				t.Errorf("mp3 at %d with %d channels: %+v, %d bytes, want %d", rate, channels, h, len(b), size)
			}
		}
	}
}
