package packager

import (
	"time"

	"livesrv/internal/fault"
)

// Config says how streams are cut and how long they are kept.
type Config struct {
	// SegmentDuration is the length that segments aim at. A segment ends at the first keyframe at or
	// after three quarters of it, so it should be the encoder's keyframe interval.
	// Default 2s. From 1s to 6s.
	SegmentDuration time.Duration `yaml:"segment_duration"`
	// TargetDuration is EXT-X-TARGETDURATION, in whole seconds: no segment is ever longer. A GOP that is
	// longer is cut where there is no keyframe, which players bear and which is logged.
	// Default 4s. At least SegmentDuration, at most 10s.
	TargetDuration time.Duration `yaml:"target_duration"`
	// PartDuration is PART-TARGET. Viewers play three of them behind the live edge. Where the frame
	// rate allows no part between 85 % and 100 % of it, the next larger target that does is taken.
	// Default 500ms. From 100ms to 1s.
	PartDuration time.Duration `yaml:"part_duration"`
	// Window is how much of the past the playlist lists; a viewer can go back that far.
	// Default 60s. At least six segments and three target durations, at most 10m.
	Window time.Duration `yaml:"window"`
	// GapAfter is the silence after which the missing time is listed as gap, so that players wait on.
	// Default 2s. From 1s to 10s.
	GapAfter time.Duration `yaml:"gap_after"`
	// EndAfter is how long a publisher may be away before the playlist ends, and the show with it. A publisher
	// who returns later with the same key reopens the show, within six hours.
	// Default 5m. At least GapAfter, at most 24h.
	EndAfter time.Duration `yaml:"end_after"`
}

// DefaultConfig is what an empty configuration file means.
func DefaultConfig() Config {
	return Config{
		SegmentDuration: 2 * time.Second,
		TargetDuration:  4 * time.Second,
		PartDuration:    500 * time.Millisecond,
		Window:          time.Minute,
		GapAfter:        2 * time.Second,
		EndAfter:        5 * time.Minute,
	}
}

// Validate says which value is out of its range. Its errors are fault.Invalid with the key as Field.
func (c Config) Validate() error {
	out := func(key string, d time.Duration, hint string, args ...any) error {
		return fault.New(fault.Invalid, "%s is out of range", d).At(key).WithHint(hint, args...)
	}
	least := max(6*c.SegmentDuration, 3*c.TargetDuration)
	switch {
	case c.SegmentDuration < time.Second || c.SegmentDuration > 6*time.Second:
		return out("segment_duration", c.SegmentDuration, "use 1s to 6s; 2s suits nearly everybody")
	case c.TargetDuration%time.Second != 0 || c.TargetDuration < c.SegmentDuration || c.TargetDuration > 10*time.Second:
		return out("target_duration", c.TargetDuration, "use whole seconds from segment_duration (%s) to 10s; 4s suits nearly everybody", c.SegmentDuration)
	case c.PartDuration < 100*time.Millisecond || c.PartDuration > time.Second:
		return out("part_duration", c.PartDuration, "use 100ms to 1s; 200ms for the shortest delay, 500ms for the fewest requests")
	case c.PartDuration%time.Millisecond != 0:
		return out("part_duration", c.PartDuration, "use whole milliseconds")
	case c.Window < least || c.Window > 10*time.Minute:
		return out("window", c.Window, "use %s (six segments and three target durations) to 10m", least)
	case c.GapAfter < time.Second || c.GapAfter > 10*time.Second:
		return out("gap_after", c.GapAfter, "use 1s to 10s; 2s suits nearly everybody")
	case c.EndAfter < c.GapAfter || c.EndAfter > 24*time.Hour:
		return out("end_after", c.EndAfter, "use gap_after (%s) to 24h; 5m suits nearly everybody", c.GapAfter)
	}
	return nil
}
