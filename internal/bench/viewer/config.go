package viewer

import (
	"crypto/tls"
	"net/url"
	"time"

	"livesrv/internal/fault"
)

// The protocols that viewers speak.
const (
	// HTTP1 is HTTP/1.1, with or without TLS, on two connections a viewer.
	HTTP1 = "h1"
	// HTTP2 is HTTP/2 over TLS, on one connection a viewer.
	HTTP2 = "h2"
)

// Config says what is played, by how many and for how long.
type Config struct {
	// URLs are multivariant playlists of one server, of a stream each. Viewers are shared out among them in turn.
	URLs []string
	// Viewers is how many watch at a time. From 1 to 100000.
	Viewers int
	// Protocol is HTTP1 or HTTP2.
	Protocol string
	// Delta asks for delta updates of the playlist, as players of long windows do.
	Delta bool
	// Ramp is over how long viewers come; Settle is waited after it; Duration is measured. The figures of a
	// Report are those of Duration alone.
	Ramp, Settle, Duration time.Duration
	// TLS is what https is checked against; nil means the system's roots.
	TLS *tls.Config
	// Stamp reads from a part when its last picture was sent, if it says so. Nil asks none.
	Stamp func(part []byte) (time.Time, bool)
	// Window is called when Duration begins and when it ends, to read what belongs to it. May be nil.
	Window func(begins bool)
}

// MostViewers bounds what one run may ask of a machine.
const MostViewers = 100_000

// Validate says which value cannot be used. Its errors are fault.Invalid with the flag's name as Field.
func (c Config) Validate() error {
	us, err := c.parse()
	switch {
	case err != nil:
		return err
	case c.Viewers < 1 || c.Viewers > MostViewers:
		return fault.New(fault.Invalid, "%d viewers are out of range", c.Viewers).At("viewers").WithHint("use 1 to %d", MostViewers)
	case c.Protocol != HTTP1 && c.Protocol != HTTP2:
		return fault.New(fault.Invalid, "%q is no protocol", c.Protocol).At("protocol").WithHint("use %s or %s", HTTP1, HTTP2)
	case c.Protocol == HTTP2 && us[0].Scheme != "https":
		return fault.New(fault.Invalid, "HTTP/2 is measured over TLS, and %s is not", us[0]).At("protocol").
			WithHint("give an https address, or use %s", HTTP1)
	case c.Ramp < 0 || c.Settle < 0 || c.Duration < time.Second || c.Ramp+c.Settle+c.Duration > 24*time.Hour:
		return fault.New(fault.Invalid, "%s is no time to measure in", c.Duration).At("for").WithHint("use 1s to 24h, ramp included")
	}
	return nil
}

// parse reads the addresses. Errors: as of Validate.
func (c Config) parse() ([]*url.URL, error) {
	if len(c.URLs) == 0 {
		return nil, fault.New(fault.Invalid, "there is nothing to watch").At("url").WithHint("give the address of a multivariant playlist")
	}
	us := make([]*url.URL, len(c.URLs))
	for i, text := range c.URLs {
		u, err := url.Parse(text)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, fault.New(fault.Invalid, "%q is not the address of a multivariant playlist", text).At("url").
				WithHint("write http://127.0.0.1:8080/live/SHOW/index.m3u8")
		}
		if us[i] = u; u.Scheme != us[0].Scheme || u.Host != us[0].Host {
			return nil, fault.New(fault.Invalid, "%s and %s are not on one server", us[0], u).At("url").
				WithHint("one server is measured at a time")
		}
	}
	return us, nil
}
