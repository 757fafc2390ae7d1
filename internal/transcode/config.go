package transcode

import (
	"livesrv/internal/fault"
)

// Config says which ffmpeg there is and what it makes.
type Config struct {
	// FFmpeg is the program that converts what not every player plays, by name (looked up on PATH at start) or
	// by path: of Opus, which browsers send, it makes AAC, which Safari and iPhones play too. "" converts
	// nothing. Default ffmpeg.
	FFmpeg string `yaml:"ffmpeg"`
	// AudioKbps is the bitrate of AAC made of Opus, in kbit/s. Default 128. From 64 to 320.
	AudioKbps int `yaml:"audio_kbps"`
}

// DefaultConfig is what an empty configuration file means.
func DefaultConfig() Config { return Config{FFmpeg: "ffmpeg", AudioKbps: 128} }

// Validate says which value is out of its range. Whether there is such a program is no matter of it: without one
// the server runs, and says so.
func (c Config) Validate() error {
	if c.AudioKbps < 64 || c.AudioKbps > 320 {
		return fault.New(fault.Invalid, "%d is out of range", c.AudioKbps).At("audio_kbps").WithHint("use 64 to 320")
	}
	return nil
}
