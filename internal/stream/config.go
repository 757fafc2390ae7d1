package stream

import (
	"time"

	"livesrv/internal/fault"
)

// Config bounds queues and says how far timestamps are trusted.
type Config struct {
	// ReaderQueue is how many access units may wait for one reader before it loses whole GOPs.
	// Default 1024, about 13 s of 30 pictures per second with audio. From 64 to 65536.
	ReaderQueue int `yaml:"reader_queue"`
	// JumpTolerance is how far a timestamp may run ahead of the time it arrived at, or turn back, before
	// it counts as a jump of the publisher's clock rather than as a gap in its media.
	// Default 1s. From 200ms to 30s.
	JumpTolerance time.Duration `yaml:"jump_tolerance"`
	// AudioGap is how far audio timestamps may disagree, for a third of a second on end, with the sum of
	// the frame lengths before frames count as missing (or as too many). Smaller errors are taken back
	// slowly. Default 40ms. From 20ms to 500ms.
	AudioGap time.Duration `yaml:"audio_gap"`
}

// DefaultConfig is what an empty configuration file means.
func DefaultConfig() Config {
	return Config{ReaderQueue: 1024, JumpTolerance: time.Second, AudioGap: 40 * time.Millisecond}
}

// Validate says which value is out of its range.
func (c Config) Validate() error {
	switch {
	case c.ReaderQueue < 64 || c.ReaderQueue > 65536:
		return fault.New(fault.Invalid, "%d access units are out of range", c.ReaderQueue).
			At("reader_queue").WithHint("use 64 to 65536; 1024 suits nearly everybody")
	case c.JumpTolerance < 200*time.Millisecond || c.JumpTolerance > 30*time.Second:
		return fault.New(fault.Invalid, "%s is out of range", c.JumpTolerance).
			At("jump_tolerance").WithHint("use 200ms to 30s; 1s suits nearly everybody")
	case c.AudioGap < 20*time.Millisecond || c.AudioGap > 500*time.Millisecond:
		return fault.New(fault.Invalid, "%s is out of range", c.AudioGap).
			At("audio_gap").WithHint("use 20ms to 500ms; 40ms suits nearly everybody")
	}
	return nil
}
