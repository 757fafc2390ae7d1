package whip

import (
	"net"
	"net/netip"
	"strings"
	"time"

	"livesrv/internal/fault"
)

// Config says where media comes in and how long what is lost is waited for. The HTTP half of WHIP is served by
// the server's one HTTP port.
type Config struct {
	// UDPAddress is the one UDP port of all sessions' media, "host:port"; empty switches UDP off. Default ":8189".
	UDPAddress string `yaml:"udp_address"`
	// TCPAddress is the one TCP port of all sessions' media, for networks that let no UDP through; empty
	// switches it off. WHIP is off where both are empty. Default ":8189".
	TCPAddress string `yaml:"tcp_address"`
	// PublicAddresses are the IP addresses under which publishers reach this machine where they are not its
	// own: behind a router or in a container, whose ports are passed on to here. They are offered beside the
	// machine's own. Default none.
	PublicAddresses []string `yaml:"public_addresses"`
	// ICEServers are the STUN and TURN servers that publishers are told of: "stun:host:port",
	// "turn:host:port?transport=udp", "turns:host:port". This server needs none itself. Default none.
	ICEServers []string `yaml:"ice_servers"`
	// TURNUsername and TURNCredential are for the TURN servers among them. Every publisher with a right stream
	// key is told. Default none.
	TURNUsername   string `yaml:"turn_username"`
	TURNCredential string `yaml:"turn_credential" secret:"true"`
	// JitterBuffer is how long a lost packet is waited for, and asked for again, before its picture is given
	// up. Nothing is delayed while nothing is lost. Default 400ms. From 50ms to 2s.
	JitterBuffer time.Duration `yaml:"jitter_buffer"`
	// TrackWait is how long to wait for the second track, or for all layers of a simulcast, before the stream
	// goes on air without. Default 2s. From 100ms to 10s.
	TrackWait time.Duration `yaml:"track_wait"`
}

// DefaultConfig is what an empty configuration file means.
func DefaultConfig() Config {
	return Config{UDPAddress: ":8189", TCPAddress: ":8189", JitterBuffer: 400 * time.Millisecond, TrackWait: 2 * time.Second}
}

// enabled says whether there is any way in.
func (c Config) enabled() bool { return c.UDPAddress != "" || c.TCPAddress != "" }

// Validate says which value cannot be used.
func (c Config) Validate() error {
	for field, addr := range map[string]string{"udp_address": c.UDPAddress, "tcp_address": c.TCPAddress} {
		if _, _, err := net.SplitHostPort(addr); addr != "" && err != nil {
			return fault.New(fault.Invalid, "%q is not an address", addr).At(field).WithHint(`write host:port, or ":8189" for all addresses`)
		}
	}
	for _, a := range c.PublicAddresses {
		if ip, err := netip.ParseAddr(a); err != nil || ip.IsUnspecified() || ip.Zone() != "" {
			return fault.New(fault.Invalid, "%q is not an IP address that publishers can reach", a).At("public_addresses").
				WithHint("write addresses such as 203.0.113.7; names are not looked up")
		}
	}
	for _, s := range c.ICEServers {
		if err := checkICEServer(s); err != nil {
			return err
		}
	}
	switch {
	case (c.TURNUsername == "") != (c.TURNCredential == ""):
		return fault.New(fault.Invalid, "a TURN user and its credential belong together").At("turn_username").
			WithHint("give both turn_username and turn_credential, or neither")
	case c.JitterBuffer < 50*time.Millisecond || c.JitterBuffer > 2*time.Second:
		return fault.New(fault.Invalid, "%s is out of range", c.JitterBuffer).At("jitter_buffer").WithHint("use 50ms to 2s; 400ms suits nearly everybody")
	case c.TrackWait < 100*time.Millisecond || c.TrackWait > 10*time.Second:
		return fault.New(fault.Invalid, "%s is out of range", c.TrackWait).At("track_wait").WithHint("use 100ms to 10s")
	}
	return nil
}

// checkICEServer refuses what would not be an address in a Link header.
func checkICEServer(s string) error {
	scheme, rest, _ := strings.Cut(s, ":")
	switch scheme {
	case "stun", "stuns", "turn", "turns":
		if rest != "" && !strings.ContainsAny(rest, "<>\",; \t\r\n/") {
			return nil
		}
	}
	return fault.New(fault.Invalid, "%q is not a STUN or TURN server", s).At("ice_servers").
		WithHint(`write "stun:host:port" or "turn:host:port?transport=udp"`)
}

// turn says whether an ICE server wants a name and a credential.
func turn(server string) bool { return strings.HasPrefix(server, "turn") }
