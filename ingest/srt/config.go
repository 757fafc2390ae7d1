package srt

import (
	"net"
	"time"

	"livesrv/internal/fault"
)

// Config says where to listen and how much delay repairs a line.
type Config struct {
	// Address is where SRT is taken in, "host:port" of UDP; empty switches it off. Default ":8890".
	Address string `yaml:"address"`
	// Passphrase encrypts: where it is set, only publishers that know it come in. 10 to 79 bytes.
	// Default none, and then nothing is encrypted.
	Passphrase string `yaml:"passphrase" secret:"true"`
	// Latency is how long a lost packet has to come again, which is what SRT adds to the delay; the
	// publisher may ask for more, up to 8s. Four round trips suit most lines. Default 120ms. From 20ms to 8s.
	Latency time.Duration `yaml:"latency"`
}

// maxLatency is the greatest latency that a publisher may ask for: so much media is held for it.
const maxLatency = 8 * time.Second

// DefaultConfig is what an empty configuration file means.
func DefaultConfig() Config {
	return Config{Address: ":8890", Latency: 120 * time.Millisecond}
}

// Validate says which value cannot be used.
func (c Config) Validate() error {
	if _, _, err := net.SplitHostPort(c.Address); c.Address != "" && err != nil {
		return fault.New(fault.Invalid, "%q is not an address", c.Address).At("address").
			WithHint(`write host:port, or ":8890" for all addresses`)
	}
	if n := len(c.Passphrase); n > 0 && (n < 10 || n > 79) {
		return fault.New(fault.Invalid, "a passphrase of %d bytes does not work", n).At("passphrase").
			WithHint("use 10 to 79 bytes, or leave it empty")
	}
	if c.Latency < 20*time.Millisecond || c.Latency > maxLatency {
		return fault.New(fault.Invalid, "%s is out of range", c.Latency).At("latency").WithHint("use 20ms to %s", maxLatency)
	}
	return nil
}
