package app

import (
	"cmp"
	"net"
	"net/url"
	"strconv"
	"strings"

	"livesrv/internal/config"
	"livesrv/web/api"
)

// Addrs are where a server that listens can be reached from this machine, "" for what is off.
type Addrs struct {
	// URL is the site: the configured public address, or the listener's own.
	URL string
	// Local is the site on this machine, whatever the public address.
	Local string
	// Network is the site as other devices of the local network reach it, where it listens for them.
	Network string
	// RTMP and RTMPS are what an encoder is given as server.
	RTMP, RTMPS string
	// SRT and RTSP are what an encoder is given with the stream key put where it says KEY.
	SRT, RTSP string
	// WHIP is where browsers and OBS publish by WHIP.
	WHIP string
	// Admin is the admin listener.
	Admin string
}

// Addrs may be asked for after Listen.
func (a *App) Addrs() Addrs {
	scheme := "http"
	if a.web.TLS() {
		scheme = "https"
	}
	local := scheme + "://" + reachable(a.web.Addr())
	out := Addrs{
		URL:   cmp.Or(strings.TrimSuffix(a.cfg.HTTP.PublicURL, "/"), local),
		Local: local,
		Admin: a.admin.url(),
	}
	if tcp, ok := a.web.Addr().(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		if ip := localIP(); ip != "" {
			out.Network = scheme + "://" + net.JoinHostPort(ip, strconv.Itoa(tcp.Port))
		}
	}
	if addr := a.rtmp.Addr(); addr != nil {
		out.RTMP = "rtmp://" + reachable(addr) + "/" + a.cfg.RTMP.App
	}
	if addr := a.rtmp.TLSAddr(); addr != nil {
		out.RTMPS = "rtmps://" + reachable(addr) + "/" + a.cfg.RTMP.App
	}
	if addr := a.srt.Addr(); addr != nil {
		out.SRT = srtURL(reachable(addr), "KEY")
	}
	if addr := a.rtsp.Addr(); addr != nil {
		out.RTSP = rtspURL(reachable(addr), "KEY")
	}
	if a.whip.Enabled() {
		out.WHIP = out.URL + "/whip"
	}
	return out
}

func srtURL(host, key string) string { return "srt://" + host + "?streamid=publish:" + key }

func rtspURL(host, key string) string { return "rtsp://" + host + "/live/" + key }

// whipAddress names the ports of WHIP's media.
func whipAddress(cfg config.Config) string {
	return cmp.Or(cfg.WHIP.UDPAddress, cfg.WHIP.TCPAddress)
}

// ingestAddresses says where to push a show: under the public name where there is one, else as this machine is
// called in its network.
func (r *rooms) ingestAddresses(cfg config.Config) func(slug, key string) []api.IngestAddress {
	host := ""
	if u, err := url.Parse(cfg.HTTP.PublicURL); err == nil {
		host = u.Hostname()
	}
	at := func(addr net.Addr) (string, bool) {
		if addr == nil {
			return "", false
		}
		ip, port, err := net.SplitHostPort(addr.String())
		if err != nil {
			return "", false
		}
		if parsed := net.ParseIP(ip); parsed != nil && parsed.IsUnspecified() {
			ip = cmp.Or(localIP(), "127.0.0.1")
		}
		return net.JoinHostPort(cmp.Or(host, ip), port), true
	}
	return func(_, key string) []api.IngestAddress {
		var out []api.IngestAddress
		for _, l := range []struct {
			protocol string
			addr     net.Addr
			url      func(host string) string
		}{
			{"rtmp", r.rtmp.Addr(), func(host string) string { return "rtmp://" + host + "/" + cfg.RTMP.App }},
			{"rtmps", r.rtmp.TLSAddr(), func(host string) string { return "rtmps://" + host + "/" + cfg.RTMP.App }},
			{"srt", r.srt.Addr(), func(host string) string { return srtURL(host, key) }},
			{"rtsp", r.rtsp.Addr(), func(host string) string { return rtspURL(host, key) }},
		} {
			if host, ok := at(l.addr); ok {
				out = append(out, api.IngestAddress{Protocol: l.protocol, URL: l.url(host)})
			}
		}
		if r.whip.Enabled() {
			out = append(out, api.IngestAddress{Protocol: "whip", URL: r.siteURL(cfg) + "/whip"})
		}
		return out
	}
}

// siteURL is the site under its public address, else as this machine is called in its network.
func (r *rooms) siteURL(cfg config.Config) string {
	if cfg.HTTP.PublicURL != "" {
		return strings.TrimSuffix(cfg.HTTP.PublicURL, "/")
	}
	scheme := "http"
	if r.web.TLS() {
		scheme = "https"
	}
	if tcp, ok := r.web.Addr().(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return scheme + "://" + net.JoinHostPort(cmp.Or(localIP(), "127.0.0.1"), strconv.Itoa(tcp.Port))
	}
	return scheme + "://" + reachable(r.web.Addr())
}

// streamHealth is how a show's stream is doing, nil while nobody publishes.
func (r *rooms) streamHealth(slug string) any {
	if s, ok := r.door.Session(slug); ok {
		return s
	}
	return nil
}

// reachable is an address that a program on this machine can connect to: a listener on every network is reached
// by the loopback.
func reachable(addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return addr.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// localIP is this machine's address in its local network, "" where it is in none.
func localIP() string {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return ""
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && n.IP.IsPrivate() {
			return n.IP.String()
		}
	}
	return ""
}
