package feed

import (
	"time"

	"livesrv/internal/fault"
)

// What one connection may ask for. These are properties of our own pages, not of an installation.
const (
	maxTopics      = 8       // a page follows one show, a desk one show and one desk
	maxTopicLength = 80      // prefix and a slug of at most 63 characters
	maxMessage     = 8 << 10 // bytes of one message from a browser
)

// Config sets the sizes of the realtime feed.
type Config struct {
	// HistorySize is how many events of a show are kept for viewers who reconnect. Who was away for longer
	// reads the state again, so a small value costs requests, not correctness. Default 512, 16 to 10000.
	HistorySize int `yaml:"history_size"`
	// HistoryTTL is how long these events are kept after the last one. Default 10m, 10s to 24h.
	HistoryTTL time.Duration `yaml:"history_ttl"`
	// QueueBytes is how much may wait to be sent to one connection. A viewer who does not read is cut off
	// at this size and comes back by itself. Default 262144 (256 KiB), 16384 to 16777216.
	QueueBytes int `yaml:"queue_bytes"`
	// MaxConnections is how many sockets may be open in all; about 40 KB of memory each. Default 50000,
	// 1 to 1000000.
	MaxConnections int `yaml:"max_connections"`
	// MaxConnectionsPerAddress is how many of them may come from one address. Mobile networks put thousands
	// of phones behind one address, so it is generous. Default 5000, 1 to 1000000.
	MaxConnectionsPerAddress int `yaml:"max_connections_per_address"`
	// ViewersEvery is the shortest time between two viewer counts sent to a show. Default 1s, 100ms to 1m.
	ViewersEvery time.Duration `yaml:"viewers_every"`
}

// DefaultConfig is right for one server with some ten thousand viewers.
func DefaultConfig() Config {
	return Config{
		HistorySize:              512,
		HistoryTTL:               10 * time.Minute,
		QueueBytes:               256 << 10,
		MaxConnections:           50_000,
		MaxConnectionsPerAddress: 5_000,
		ViewersEvery:             time.Second,
	}
}

// Validate says which value is out of range and what is allowed.
func (c Config) Validate() error {
	for _, f := range []struct {
		name         string
		got, low, up int
	}{
		{"history_size", c.HistorySize, 16, 10_000},
		{"queue_bytes", c.QueueBytes, 16 << 10, 16 << 20},
		{"max_connections", c.MaxConnections, 1, 1_000_000},
		{"max_connections_per_address", c.MaxConnectionsPerAddress, 1, 1_000_000},
	} {
		if f.got < f.low || f.got > f.up {
			return fault.New(fault.Invalid, "%d is out of range.", f.got).At(f.name).
				WithHint("Use a number from %d to %d.", f.low, f.up)
		}
	}
	for _, f := range []struct {
		name         string
		got, low, up time.Duration
	}{
		{"history_ttl", c.HistoryTTL, 10 * time.Second, 24 * time.Hour},
		{"viewers_every", c.ViewersEvery, 100 * time.Millisecond, time.Minute},
	} {
		if f.got < f.low || f.got > f.up {
			return fault.New(fault.Invalid, "%s is out of range.", f.got).At(f.name).
				WithHint("Use a duration from %s to %s.", f.low, f.up)
		}
	}
	return nil
}
