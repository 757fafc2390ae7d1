package rtmp

import (
	"crypto/tls"
	"net"
	"strings"
	"time"

	"livesrv/internal/fault"
)

// Config says where to listen and how much to take.
type Config struct {
	// Address is where RTMP is taken in, "host:port"; empty switches it off. Default ":1935".
	Address string `yaml:"address"`
	// TLSAddress is where RTMPS is taken in. Needs a certificate. Default off, or ":1936" where
	// cert_file is given.
	TLSAddress string `yaml:"tls_address"`
	// CertFile and KeyFile are the certificate (with its chain) and its key, in PEM. Default none.
	CertFile string `yaml:"cert_file"`
	KeyFile  string `yaml:"key_file"`
	// App is the first part of the path in the publisher's address. Default "live".
	App string `yaml:"app"`
	// MaxMessage is the greatest message in bytes, which is the greatest picture. A connection may have
	// that much on the way in all. Default 8388608 (8 MiB). From 65536 to 16777215, the protocol's most.
	MaxMessage int `yaml:"max_message"`
	// TrackWait is how long to wait for a second track where the publisher has not said what it sends.
	// Default 1s. From 100ms to 10s.
	TrackWait time.Duration `yaml:"track_wait"`

	// TLS is used in place of CertFile and KeyFile where the server has a certificate already.
	TLS *tls.Config `yaml:"-"`
}

// DefaultConfig is what an empty configuration file means.
func DefaultConfig() Config {
	return Config{Address: ":1935", App: "live", MaxMessage: 8 << 20, TrackWait: time.Second}
}

// Validate says which value cannot be used.
func (c Config) Validate() error {
	for field, addr := range map[string]string{"address": c.Address, "tls_address": c.TLSAddress} {
		if _, _, err := net.SplitHostPort(addr); addr != "" && err != nil {
			return fault.New(fault.Invalid, "%q is not an address", addr).At(field).WithHint(`write host:port, or ":1935" for all addresses`)
		}
	}
	switch {
	case (c.CertFile == "") != (c.KeyFile == ""):
		return fault.New(fault.Invalid, "a certificate and its key belong together").At("cert_file").
			WithHint("give both cert_file and key_file, or neither")
	case c.TLSAddress != "" && c.CertFile == "" && c.TLS == nil:
		return fault.New(fault.Invalid, "RTMPS needs a certificate").At("tls_address").
			WithHint("give cert_file and key_file, or leave tls_address empty")
	case c.App == "" || strings.ContainsAny(c.App, "/?# "):
		return fault.New(fault.Invalid, "%q is not one part of a path", c.App).At("app").WithHint("use a word such as live")
	case c.MaxMessage < 1<<16 || c.MaxMessage > 1<<24-1:
		return fault.New(fault.Invalid, "%d bytes are out of range", c.MaxMessage).At("max_message").
			WithHint("use 65536 to 16777215; 8388608 suits nearly everybody")
	case c.TrackWait < 100*time.Millisecond || c.TrackWait > 10*time.Second:
		return fault.New(fault.Invalid, "%s is out of range", c.TrackWait).At("track_wait").WithHint("use 100ms to 10s")
	}
	return nil
}

// SecureAddress is where RTMPS is taken in, "" for nowhere.
func (c Config) SecureAddress() string {
	if c.TLSAddress == "" && c.CertFile != "" {
		return ":1936"
	}
	return c.TLSAddress
}
