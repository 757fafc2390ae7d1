package hls

import "livesrv/internal/fault"

// Config bounds what waiting viewers may cost.
type Config struct {
	// HoldsPerShow is how many requests may wait for the next part of one show at a time. Over it a
	// request that would have to wait is answered 503 and told to come back in a second; what is there
	// already is served as ever. A player holds two requests, a cache in front holds one of each kind.
	// Default 40000. From 1 to 10000000.
	HoldsPerShow int `yaml:"holds_per_show"`
	// Holds is the same over all shows. Each waiting request costs about 20 KiB of memory on HTTP/1.1.
	// Default 100000. At least holds_per_show, at most 10000000.
	Holds int `yaml:"holds"`
}

const mostHolds = 10_000_000

// DefaultConfig is what an empty configuration file means.
func DefaultConfig() Config { return Config{HoldsPerShow: 40_000, Holds: 100_000} }

// Validate says which value is out of its range. Its errors are fault.Invalid with the key as Field.
func (c Config) Validate() error {
	switch {
	case c.HoldsPerShow < 1 || c.HoldsPerShow > mostHolds:
		return fault.New(fault.Invalid, "%d waiting requests are out of range", c.HoldsPerShow).
			At("holds_per_show").WithHint("use 1 to %d; twice the viewers you expect of one show is right", mostHolds)
	case c.Holds < c.HoldsPerShow || c.Holds > mostHolds:
		return fault.New(fault.Invalid, "%d waiting requests are out of range", c.Holds).
			At("holds").WithHint("use holds_per_show (%d) to %d", c.HoldsPerShow, mostHolds)
	}
	return nil
}
