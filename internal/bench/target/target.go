// Package target says what a load tool may be pointed at: this machine, or one whose owner has said so. A tool that
// plays a thousand viewers does to a stranger's server what an attack does.
package target

import (
	"net"
	"net/netip"
	"strings"

	"livesrv/internal/fault"
)

// Flag is the flag by which whoever runs a bench says that the target is theirs, FlagHelp what its help says.
const (
	Flag     = "i-own-the-target"
	FlagHelp = "load a server that is not on this machine: it is yours, and nobody else depends on it"
)

// Check refuses a "host:port", or a host alone, that is not this machine, unless its owner has agreed. Names are not
// looked up: of them localhost alone is this machine. Errors: Invalid.
func Check(hostport string, own bool) error {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]")
	}
	if host == "" {
		return fault.New(fault.Invalid, "there is no host to load")
	}
	if own || local(host) {
		return nil
	}
	return fault.New(fault.Invalid, "%s is not this machine", host).
		WithHint("a bench is an attack on whoever has not agreed to it: if the server is yours, say so with --%s", Flag)
}

func local(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().IsLoopback()
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return host == "localhost" || strings.HasSuffix(host, ".localhost") // RFC 6761 §6.3
}
