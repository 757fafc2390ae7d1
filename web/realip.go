package web

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// forwarded are the headers by which proxies speak of the sender. Nobody else may.
var forwarded = []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-Ip", "Forwarded"}

// realIP makes r.RemoteAddr the viewer's address and r.Host the name the viewer asked for when the request comes
// through trusted proxies, and removes what others claim. X-Forwarded-Proto that is still there can be believed.
func (s *Server) realIP(proxies []netip.Prefix, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		peer, ok := parseAddr(r.RemoteAddr)
		if !ok || !trusted(proxies, peer) {
			for _, h := range forwarded {
				r.Header.Del(h)
			}
			next.ServeHTTP(w, r)
			return
		}
		r.RemoteAddr = net.JoinHostPort(clientAddr(proxies, peer, r.Header["X-Forwarded-For"]).String(), "0")
		if host := lastOf(r.Header.Get("X-Forwarded-Host")); saneHost(host) {
			r.Host = host
		}
		switch proto := strings.ToLower(lastOf(r.Header.Get("X-Forwarded-Proto"))); proto {
		case "http", "https":
			r.Header.Set("X-Forwarded-Proto", proto)
		default:
			r.Header.Del("X-Forwarded-Proto")
		}
		next.ServeHTTP(w, r)
	})
}

// clientAddr walks the chain of X-Forwarded-For from the near end: each trusted proxy vouches for the one
// before it, and the first that is not trusted is the client. What a client wrote itself is further left and is
// never reached. An entry that cannot be read ends the walk at the last one that was vouched for.
func clientAddr(proxies []netip.Prefix, peer netip.Addr, headers []string) netip.Addr {
	client := peer
	for i := len(headers) - 1; i >= 0; i-- {
		rest := headers[i]
		for rest != "" {
			var entry string
			if comma := strings.LastIndexByte(rest, ','); comma >= 0 {
				rest, entry = rest[:comma], rest[comma+1:]
			} else {
				rest, entry = "", rest
			}
			a, ok := parseAddr(strings.TrimSpace(entry))
			if !ok {
				return client
			}
			client = a
			if !trusted(proxies, a) {
				return client
			}
		}
	}
	return client
}

// parseAddr reads "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]" and "[2001:db8::1]:80".
func parseAddr(s string) (netip.Addr, bool) {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().Unmap().WithZone(""), true
	}
	a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"))
	return a.Unmap().WithZone(""), err == nil
}

func trusted(proxies []netip.Prefix, a netip.Addr) bool {
	for _, p := range proxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// lastOf is the last element of a comma-separated list: what the nearest proxy wrote.
func lastOf(list string) string {
	return strings.TrimSpace(list[strings.LastIndexByte(list, ',')+1:])
}

// saneHost reports whether s is a host name or address with an optional port, and nothing that could break out of
// a header or a policy it is put into.
func saneHost(s string) bool {
	if s == "" || len(s) > 255 {
		return false
	}
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '.', c == '-', c == '_', c == ':', c == '[', c == ']':
		default:
			return false
		}
	}
	return true
}
