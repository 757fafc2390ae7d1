package ingest

import (
	"time"

	"livesrv/internal/fault"
)

// Values of Config.Takeover.
const (
	// Refuse turns the second publisher away.
	Refuse = "refuse"
	// Newest ends the first publisher's session.
	Newest = "newest"
)

// Config holds the rules that are the same for every protocol.
type Config struct {
	// Takeover says what happens when a second publisher comes with the key of a stream that is on air:
	// "refuse" turns the second away, "newest" ends the first, which then gets in again only when the second
	// has stopped: an encoder that connects again by itself does not take the stream back. Default refuse.
	Takeover string `yaml:"takeover"`
	// SilentAfter is how long a publisher may send nothing before a second one takes its stream over even
	// where takeover is refuse: a phone that lost its line comes back before its old connection is known
	// to be dead. Default 3s. From 500ms to 1m.
	SilentAfter time.Duration `yaml:"silent_after"`
	// StartTimeout is how long a connection may take from its first byte to publishing.
	// Default 10s. From 1s to 1m.
	StartTimeout time.Duration `yaml:"start_timeout"`
	// ReadTimeout is how long a publisher may send nothing before its session ends.
	// Default 10s. From 1s to 2m.
	ReadTimeout time.Duration `yaml:"read_timeout"`
	// MaxSessions is how many publishers there may be in all. Connections that have shown no stream key yet are
	// counted apart: as many, and at least 100, may wait; where more come, the one that has waited longest of
	// the network that has most of them is ended. Default 1000. From 1 to 100000.
	MaxSessions int `yaml:"max_sessions"`
	// MaxSessionsPerAddress is how many connections one address may have, with and without a stream key (an
	// IPv6 network of 64 bits counts as one; the machine itself is free). Default 20. From 1 to 100000.
	MaxSessionsPerAddress int `yaml:"max_sessions_per_address"`
	// MaxMbitPerAddress is how many megabits of media a second the publishers of one address may send
	// together before the one who sends the most is ended; ten seconds' worth may come at once (an IPv6
	// network of 64 bits counts as one; the machine itself is free). Default 200. From 1 to 100000.
	MaxMbitPerAddress int `yaml:"max_mbit_per_address"`
	// WrongKeysPerMinute is how many wrong stream keys an address may try before it is refused unheard
	// for the rest of the minute. Default 30. From 1 to 100000.
	WrongKeysPerMinute int `yaml:"wrong_keys_per_minute"`
	// LongGOP is the keyframe interval from which the publish doctor warns: viewers wait for a keyframe
	// when they join. Default 2s. From 500ms to 20s.
	LongGOP time.Duration `yaml:"long_gop"`
}

// DefaultConfig is what an empty configuration file means.
func DefaultConfig() Config {
	return Config{
		Takeover:              Refuse,
		SilentAfter:           3 * time.Second,
		StartTimeout:          10 * time.Second,
		ReadTimeout:           10 * time.Second,
		MaxSessions:           1000,
		MaxSessionsPerAddress: 20,
		MaxMbitPerAddress:     200,
		WrongKeysPerMinute:    30,
		LongGOP:               2 * time.Second,
	}
}

// Validate says which value is out of its range.
func (c Config) Validate() error {
	if c.Takeover != Refuse && c.Takeover != Newest {
		return fault.New(fault.Invalid, "%q is not a way to settle it", c.Takeover).
			At("takeover").WithHint("use %s or %s", Refuse, Newest)
	}
	for _, d := range []struct {
		field        string
		v, low, high time.Duration
	}{
		{"silent_after", c.SilentAfter, 500 * time.Millisecond, time.Minute},
		{"start_timeout", c.StartTimeout, time.Second, time.Minute},
		{"read_timeout", c.ReadTimeout, time.Second, 2 * time.Minute},
		{"long_gop", c.LongGOP, 500 * time.Millisecond, 20 * time.Second},
	} {
		if d.v < d.low || d.v > d.high {
			return fault.New(fault.Invalid, "%s is out of range", d.v).At(d.field).WithHint("use %s to %s", d.low, d.high)
		}
	}
	for _, n := range []struct {
		field string
		v     int
	}{
		{"max_sessions", c.MaxSessions},
		{"max_sessions_per_address", c.MaxSessionsPerAddress},
		{"max_mbit_per_address", c.MaxMbitPerAddress},
		{"wrong_keys_per_minute", c.WrongKeysPerMinute},
	} {
		if n.v < 1 || n.v > 100_000 {
			return fault.New(fault.Invalid, "%d is out of range", n.v).At(n.field).WithHint("use 1 to 100000")
		}
	}
	return nil
}
