package web

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

func TestRealIP(t *testing.T) {
	cfg := DefaultConfig()
	cfg.TrustedProxies = []string{"10.0.0.0/8", "192.0.2.1", "2001:db8::/32"}
	h := handler(t, cfg, handlers())
	for _, c := range []struct {
		name, peer string
		xff        []string
		fhost      string
		want, host string
	}{
		{"no proxy", "198.51.100.7:4000", nil, "", "198.51.100.7:4000", "example.com"},
		{"a stranger's claims", "198.51.100.7:4000", []string{"1.2.3.4"}, "evil.example", "198.51.100.7:4000", "example.com"},
		{"one proxy", "10.0.0.1:4000", []string{"198.51.100.7"}, "live.example", "198.51.100.7:0", "live.example"},
		{"the client lies to the proxy", "10.0.0.1:4000", []string{"1.2.3.4, 198.51.100.7"}, "", "198.51.100.7:0", "example.com"},
		{"two proxies", "10.0.0.1:4000", []string{"1.2.3.4, 198.51.100.7, 192.0.2.1"}, "", "198.51.100.7:0", "example.com"},
		{"headers in two lines", "10.0.0.1:4000", []string{"198.51.100.7", "192.0.2.1"}, "", "198.51.100.7:0", "example.com"},
		{"only proxies", "10.0.0.1:4000", []string{"10.0.0.3, 10.0.0.2"}, "", "10.0.0.3:0", "example.com"},
		{"garbage ends the walk", "10.0.0.1:4000", []string{"1.2.3.4, garbage, 192.0.2.1"}, "", "192.0.2.1:0", "example.com"},
		{"empty", "10.0.0.1:4000", []string{""}, "", "10.0.0.1:0", "example.com"},
		{"with port", "10.0.0.1:4000", []string{"198.51.100.7:99"}, "", "198.51.100.7:0", "example.com"},
		{"IPv6", "[2001:db8::5]:4000", []string{"[2a00::1]:99"}, "", "[2a00::1]:0", "example.com"},
		{"IPv4 in IPv6", "[::ffff:10.0.0.1]:4000", []string{"198.51.100.7"}, "", "198.51.100.7:0", "example.com"},
		{"insane host", "10.0.0.1:4000", []string{"198.51.100.7"}, "a b;c", "198.51.100.7:0", "example.com"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var seen http.Header
			w := get(h, "GET", "/api/x", func(r *http.Request) {
				r.RemoteAddr = c.peer
				for _, v := range c.xff {
					r.Header.Add("X-Forwarded-For", v)
				}
				if c.fhost != "" {
					r.Header.Set("X-Forwarded-Host", c.fhost)
				}
				r.Header.Set("X-Forwarded-Proto", "https")
				seen = r.Header
			})
			if got, want := w.Body.String(), "api "+c.want+" "+c.host; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			fromProxy := c.name != "no proxy" && c.name != "a stranger's claims"
			if believed := seen.Get("X-Forwarded-Proto") == "https"; believed != fromProxy {
				t.Errorf("X-Forwarded-Proto believed: %v", believed)
			}
		})
	}
}

func FuzzClientAddr(f *testing.F) {
	for _, s := range []string{"", "1.2.3.4", "1.2.3.4, 10.0.0.2", "[2a00::1]:99", ",,,", "1.2.3.4:99999", "::ffff:10.0.0.1", "fe80::1%eth0", "10.0.0.9,x"} {
		f.Add("10.0.0.1", s)
		f.Add("198.51.100.7", s)
	}
	proxies, err := parseProxies([]string{"10.0.0.0/8"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, peer, xff string) {
		p, ok := parseAddr(peer)
		if !ok {
			return
		}
		got := clientAddr(proxies, p, strings.Split(xff, "\n"))
		if !got.IsValid() || got.Is4In6() || got.Zone() != "" {
			t.Errorf("clientAddr(%q, %q) = %v", peer, xff, got)
		}
		if got != p && !strings.Contains(strings.ToLower(xff), "%") {
			if a, ok := parseAddr(got.String()); !ok || a != got {
				t.Errorf("%v does not read back", got)
			}
		}
	})
}

func FuzzSaneHost(f *testing.F) {
	for _, s := range []string{"", "box:8080", "[::1]:80", "a b", "x;y", "é", "a'b", "a\r\nb", "a,b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if saneHost(s) && strings.ContainsAny(s, " ;,'\"\r\n\t/\\<>*") {
			t.Errorf("%q is not sane", s)
		}
	})
}

func TestParseProxies(t *testing.T) {
	got, err := parseProxies([]string{"10.1.2.3/8", "::1"})
	if err != nil || got[0] != netip.MustParsePrefix("10.0.0.0/8") || got[1] != netip.MustParsePrefix("::1/128") {
		t.Errorf("%v %v", got, err)
	}
}
