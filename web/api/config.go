package api

import "livesrv/internal/fault"

// Config sets how often one address may ask for what costs something. Mobile networks put many people behind one
// address, so these stop floods, not crowds. Each allows a burst of the same number.
type Config struct {
	// SignInPerMinute bounds attempts to sign in. Default 20, 1 to 10000.
	SignInPerMinute int `yaml:"sign_in_per_minute"`
	// OrdersPerMinute bounds attempts to place an order. Default 120, 1 to 100000.
	OrdersPerMinute int `yaml:"orders_per_minute"`
	// QuotesPerMinute bounds carts that are priced. Default 600, 1 to 100000.
	QuotesPerMinute int `yaml:"quotes_per_minute"`
}

// DefaultConfig gives the defaults.
func DefaultConfig() Config {
	return Config{SignInPerMinute: 20, OrdersPerMinute: 120, QuotesPerMinute: 600}
}

// Validate says which value is out of range.
func (c Config) Validate() error {
	for _, f := range []struct {
		name    string
		got, up int
	}{
		{"sign_in_per_minute", c.SignInPerMinute, 10_000},
		{"orders_per_minute", c.OrdersPerMinute, 100_000},
		{"quotes_per_minute", c.QuotesPerMinute, 100_000},
	} {
		if f.got < 1 || f.got > f.up {
			return fault.New(fault.Invalid, "%d is out of range.", f.got).At(f.name).WithHint("Use a number from 1 to %d.", f.up)
		}
	}
	return nil
}
