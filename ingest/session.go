package ingest

import (
	"context"
	"fmt"
	"strings"
	"time"

	"livesrv/internal/media"
	"livesrv/internal/stream"
)

// Gate knows who may publish. Admit compares keys in constant time. Its errors: fault.Unauthorized for a
// key that nobody has, fault.Forbidden for one that may not, fault.Conflict for a show that has ended.
type Gate interface {
	Admit(ctx context.Context, key string) (Grant, error)
}

// Grant is a Gate's yes.
type Grant struct {
	// Stream is the name of the stream that the key publishes to.
	Stream string
	// Rev is the revision of the record that says so: it grows with every change.
	Rev int64
}

// Observer is told when a publication begins and ends. It is called from the publisher's goroutine and
// must not keep it for long. SessionEnded's error is nil where the publisher said goodbye.
type Observer interface {
	SessionStarted(Session)
	SessionEnded(Session, error)
}

// Session is what is known of one publisher's connection: a snapshot for pages, logs and the API.
type Session struct {
	ID       string    `json:"id"`
	Protocol string    `json:"protocol"`
	Remote   string    `json:"remote"`
	Stream   string    `json:"stream"`
	Started  time.Time `json:"started"`
	// Tracks is empty until the publisher has said what it sends.
	Tracks []TrackInfo `json:"tracks"`
	Health Health      `json:"health"`
}

// TrackInfo is a track in words and figures.
type TrackInfo struct {
	Kind  string `json:"kind"`  // video, audio
	Codec string `json:"codec"` // H.264, AAC …
	// Profile is the codec as playlists write it: avc1.64001f.
	Profile string `json:"profile,omitempty"`
	Width   int    `json:"width,omitempty"`
	Height  int    `json:"height,omitempty"`
	// FrameRate is what the parameter sets declare; Health has the measured one.
	FrameRate  float64 `json:"frameRate,omitempty"`
	SampleRate int     `json:"sampleRate,omitempty"`
	Channels   int     `json:"channels,omitempty"`
	// ConvertedFrom is the codec that the publisher sends where that is another: Opus.
	ConvertedFrom string `json:"convertedFrom,omitempty"`
}

// Health is how a publication is doing.
type Health struct {
	Bytes uint64 `json:"bytes"`
	// Bitrate is of the last seconds, in bits per second, sound and picture.
	Bitrate int `json:"bitrate"`
	// FrameRate is measured over the last seconds.
	FrameRate float64 `json:"frameRate"`
	// GOP is the last keyframe interval in seconds.
	GOP float64 `json:"gop"`
	// Lag is by how many seconds media now arrives later than it did at best.
	Lag float64 `json:"lag"`
	// Drift is how fast the publisher's clock runs against ours, in parts per million.
	Drift float64 `json:"drift"`
	// Findings is what the publish doctor has to say at present.
	Findings []Finding      `json:"findings"`
	Repairs  stream.Repairs `json:"repairs"`
}

// Finding is one thing that is wrong with a publication. Codes are stable, messages are for people.
type Finding struct {
	Code    string    `json:"code"`
	Message string    `json:"message"`
	Since   time.Time `json:"since"`
}

func trackInfo(t media.Track) TrackInfo {
	ti := TrackInfo{Kind: t.Codec.Kind().String(), Codec: t.Codec.Name(), Profile: t.Codec.RFC6381()}
	switch c := t.Codec.(type) {
	case *media.AAC:
		ti.SampleRate, ti.Channels = c.Config.SampleRate, channels(c.Config.ChannelConfig)
	case *media.Opus:
		ti.SampleRate, ti.Channels = 48000, c.ChannelCount
	case *media.MP3:
		ti.SampleRate, ti.Channels = c.SampleRate, c.ChannelCount
	default:
		if p, ok := media.PictureOf(c); ok {
			ti.Width, ti.Height, ti.FrameRate = p.Width, p.Height, p.FrameRate
		}
	}
	return ti
}

// channels is how many channels an AAC channel configuration has (ISO/IEC 14496-3 table 1.19), 0 where it
// is defined in the stream.
func channels(config uint8) int {
	if config == 7 {
		return 8
	}
	return int(config)
}

// String is a track in a few words: "H.264 1280x720 30 fps", "AAC 48 kHz stereo from Opus".
func (t TrackInfo) String() string {
	var b strings.Builder
	b.WriteString(t.Codec)
	if t.Width > 0 {
		fmt.Fprintf(&b, " %dx%d", t.Width, t.Height)
	}
	if t.FrameRate > 0 {
		fmt.Fprintf(&b, " %.4g fps", t.FrameRate)
	}
	if t.SampleRate > 0 {
		fmt.Fprintf(&b, " %.4g kHz", float64(t.SampleRate)/1000)
		switch t.Channels {
		case 0: // the stream says it later
		case 1:
			b.WriteString(" mono")
		case 2:
			b.WriteString(" stereo")
		default:
			fmt.Fprintf(&b, " %d channels", t.Channels)
		}
	}
	if t.ConvertedFrom != "" {
		b.WriteString(" from " + t.ConvertedFrom)
	}
	return b.String()
}

func describe(tracks []TrackInfo) string {
	words := make([]string, len(tracks))
	for i, t := range tracks {
		words[i] = t.String()
	}
	return strings.Join(words, " + ")
}
