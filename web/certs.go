package web

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"livesrv/internal/fault"
)

// recheckCert is how often the certificate's files are looked at for a renewal.
const recheckCert = time.Minute

// certificates gives the server its certificate: from files that somebody else renews, or one made here.
type certificates struct {
	certFile, keyFile string
	dir               string   // for a self-signed one
	names             []string // that a self-signed one is for
	log               *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	written time.Time // when the certificate's file was
	checked time.Time
}

// load reads the certificate, or makes it, at the start.
func (c *certificates) load() error {
	if c.certFile == "" {
		c.certFile = filepath.Join(c.dir, "self-signed.crt")
		c.keyFile = filepath.Join(c.dir, "self-signed.key")
		if err := c.ensureSelfSigned(); err != nil {
			return fault.New(fault.Unavailable, "The self-signed certificate cannot be kept in %s.", c.dir).At("tls_self_signed").
				WithHint("Make the folder writable for the server.").Because(err)
		}
	}
	return c.read()
}

func (c *certificates) read() error {
	info, err := os.Stat(c.certFile)
	if err != nil {
		return fault.New(fault.Invalid, "The certificate %s cannot be read.", c.certFile).At("cert_file").
			WithHint("Check the path and that the server may read the file.").Because(err)
	}
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fault.New(fault.Invalid, "%s and %s are not a certificate and its key.", c.certFile, c.keyFile).At("cert_file").
			WithHint("Both must be PEM files that belong together and can be read by the server.").Because(err)
	}
	c.current, c.written = &pair, info.ModTime()
	return nil
}

// get is called for every handshake. A renewal that cannot be read leaves the old certificate in use.
func (c *certificates) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.checked) >= recheckCert {
		c.checked = now
		if info, err := os.Stat(c.certFile); err == nil && !info.ModTime().Equal(c.written) {
			if err := c.read(); err != nil {
				c.log.Warn("the renewed certificate is not used", "error", err)
			} else {
				c.log.Info("took up a renewed certificate", "file", c.certFile)
			}
		}
	}
	return c.current, nil
}

// selfSignedNames are the names and addresses that a self-signed certificate is for.
func selfSignedNames(cfg Config) []string {
	names := []string{"localhost", "127.0.0.1", "::1"}
	if h, err := os.Hostname(); err == nil && h != "" {
		names = append(names, h)
	}
	if host, _, err := net.SplitHostPort(cfg.Address); err == nil && host != "" {
		names = append(names, host)
	}
	if u, err := url.Parse(cfg.PublicURL); err == nil && u.Hostname() != "" {
		names = append(names, u.Hostname())
	}
	return names
}

// ensureSelfSigned keeps the certificate over restarts, so that a browser must be persuaded once only. A new one
// is made when the old is about to end or is not for all our names.
func (c *certificates) ensureSelfSigned() error {
	if pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile); err == nil && c.fits(pair.Leaf) {
		return nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: "livesrv, self-signed"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().AddDate(1, 0, 0),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	for _, n := range c.names {
		if ip := net.ParseIP(n); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, n)
		}
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600); err != nil {
		return err
	}
	return os.WriteFile(c.certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), 0o644)
}

func (c *certificates) fits(leaf *x509.Certificate) bool {
	if leaf == nil || time.Until(leaf.NotAfter) < 30*24*time.Hour {
		return false
	}
	for _, n := range c.names {
		if leaf.VerifyHostname(n) != nil {
			return false
		}
	}
	return true
}
