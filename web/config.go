package web

import (
	"net"
	"net/netip"
	"net/url"
	"time"

	"livesrv/internal/fault"
)

// Config of the HTTP server.
type Config struct {
	// Address to listen on, host and port; an empty host means every network. Default ":8080".
	Address string `yaml:"address"`
	// CertFile and KeyFile are a certificate (with its chain) and its key in PEM; with both the server speaks
	// HTTPS on Address. Renewed files are taken up without a restart. Default none.
	CertFile string `yaml:"cert_file"`
	KeyFile  string `yaml:"key_file"`
	// TLSSelfSigned makes a certificate of the server's own, kept in the data folder, for trying HTTPS.
	// Browsers warn of it. Default false.
	TLSSelfSigned bool `yaml:"tls_self_signed"`
	// PublicURL is the address viewers use, "https://live.example", when it is not what the server can see
	// for itself; it is the first part of links that the server prints and hands out. Default none.
	PublicURL string `yaml:"public_url"`
	// TrustedProxies are the addresses or networks ("10.0.0.0/8") of reverse proxies whose X-Forwarded-For,
	// -Proto and -Host headers are believed. From others these headers are removed. Default none.
	TrustedProxies []string `yaml:"trusted_proxies"`
	// ShutdownGrace is how long requests in work may take when the server stops. Default 3s, 0s to 5m.
	ShutdownGrace time.Duration `yaml:"shutdown_grace"`
}

// DefaultConfig listens on port 8080 without TLS.
func DefaultConfig() Config {
	return Config{Address: ":8080", ShutdownGrace: 3 * time.Second}
}

// Validate says which value cannot be used and what to write instead.
func (c Config) Validate() error {
	if _, _, err := net.SplitHostPort(c.Address); err != nil {
		return fault.New(fault.Invalid, "%q is not an address to listen on.", c.Address).At("address").
			WithHint(`Write a host and a port, or only a port: "127.0.0.1:8080" or ":8080".`)
	}
	if (c.CertFile == "") != (c.KeyFile == "") {
		field := "key_file"
		if c.CertFile == "" {
			field = "cert_file"
		}
		return fault.New(fault.Invalid, "A certificate needs its key and a key its certificate.").At(field).
			WithHint("Set cert_file and key_file, or neither.")
	}
	if c.CertFile != "" && c.TLSSelfSigned {
		return fault.New(fault.Invalid, "A self-signed certificate is not used beside cert_file.").At("tls_self_signed").
			WithHint("Remove tls_self_signed, or cert_file and key_file.")
	}
	if c.PublicURL != "" {
		u, err := url.Parse(c.PublicURL)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil ||
			(u.Path != "" && u.Path != "/") || u.RawQuery != "" || u.Fragment != "" {
			return fault.New(fault.Invalid, "%q is not the address of a site.", c.PublicURL).At("public_url").
				WithHint(`Write scheme and host only: "https://live.example".`)
		}
	}
	if _, err := parseProxies(c.TrustedProxies); err != nil {
		return err
	}
	if c.ShutdownGrace < 0 || c.ShutdownGrace > 5*time.Minute {
		return fault.New(fault.Invalid, "%s is out of range.", c.ShutdownGrace).At("shutdown_grace").
			WithHint("Use a duration from 0s to 5m; 3s is the default.")
	}
	return nil
}

func parseProxies(list []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, s := range list {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			var a netip.Addr
			if a, err = netip.ParseAddr(s); err == nil {
				p = netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen())
			}
		}
		if err != nil {
			return nil, fault.New(fault.Invalid, "%q is not an address or a network.", s).At("trusted_proxies").
				WithHint(`Write "127.0.0.1" or "10.0.0.0/8".`)
		}
		out = append(out, p.Masked())
	}
	return out, nil
}
