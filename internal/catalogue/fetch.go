package catalogue

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"livesrv/internal/fault"
)

// Fetcher reads pictures from addresses that strangers wrote into a file.
type Fetcher interface {
	// Fetch gives what is at the address, at most limit bytes. Its errors may be shown.
	Fetch(ctx context.Context, address string, limit int64) ([]byte, error)
	// Done lets go of idle connections.
	Done()
}

// Policy says whether a fetch may connect to an address. It is asked with the address of every connection just before
// it is made, after the name was resolved: what a name resolved to earlier, or resolves to later, does not matter.
type Policy func(netip.AddrPort) error

// The bounds of a fetch.
const (
	fetchTimeout = 15 * time.Second
	maxRedirects = 3
)

// web is the Fetcher for http and https.
type web struct{ client *http.Client }

// NewFetcher makes a Fetcher that obeys the policy. It uses no proxy, for a proxy would connect in its place.
func NewFetcher(allow Policy) Fetcher {
	dialer := &net.Dialer{
		Timeout: 5 * time.Second,
		// Control sees the resolved address of each attempt, of redirects and of a name's second address too.
		Control: func(_, address string, _ syscall.RawConn) error {
			a, err := netip.ParseAddrPort(address)
			if err != nil {
				return err
			}
			return allow(a)
		},
	}
	return &web{&http.Client{
		Timeout: fetchTimeout,
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			TLSHandshakeTimeout:    5 * time.Second,
			ResponseHeaderTimeout:  10 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
			MaxConnsPerHost:        4,
			MaxIdleConns:           8,
			IdleConnTimeout:        10 * time.Second,
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return errors.New("too many redirects")
			}
			return checkURL(r.URL)
		},
	}}
}

func checkURL(u *url.URL) error {
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		return fault.New(fault.Invalid, "%q is not a web address", u.Redacted()).WithHint("like https://shop.example/red-shoes.jpg")
	}
	return nil
}

// Fetch implements Fetcher.
func (w *web) Fetch(ctx context.Context, address string, limit int64) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil || len(address) > 2048 {
		return nil, fault.New(fault.Invalid, "this is not a web address").Because(err)
	}
	if err := checkURL(u); err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fault.New(fault.Invalid, "this is not a web address").Because(err)
	}
	req.Header.Set("User-Agent", "livesrv")
	req.Header.Set("Accept", "image/jpeg, image/png, image/webp, image/gif")
	resp, err := w.client.Do(req)
	if err != nil {
		if f, ok := errors.AsType[*fault.Error](err); ok { // the policy's or checkURL's own words
			return nil, f
		}
		return nil, fault.New(fault.Unavailable, "%s did not answer", u.Hostname()).WithHint("does the address open in a browser?").Because(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fault.New(fault.Unavailable, "%s answered %d", u.Hostname(), resp.StatusCode).WithHint("does the address open in a browser?")
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, fault.New(fault.Unavailable, "the answer of %s broke off", u.Hostname()).Because(err)
	}
	if int64(len(b)) > limit {
		return nil, fault.New(fault.TooLarge, "it is over %d MB", limit>>20)
	}
	return b, nil
}

// Done implements Fetcher.
func (w *web) Done() { w.client.CloseIdleConnections() }

// PublicOnly is the Policy for the open internet: public addresses on the web's own ports.
func PublicOnly(a netip.AddrPort) error {
	if a.Port() != 80 && a.Port() != 443 {
		return fault.New(fault.Forbidden, "pictures are fetched from the ports 80 and 443 only, not from %d", a.Port())
	}
	if !isPublic(a.Addr()) {
		return fault.New(fault.Forbidden, "the address is inside a private network").WithHint("upload the picture instead")
	}
	return nil
}

// notPublic are the special-purpose blocks of IANA's registries that netip has no word for, and the blocks of IPv6 that
// carry an IPv4 address inside, by which a private one could be reached.
var notPublic = prefixes("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15",
	"198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
	"::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10")

func prefixes(list ...string) (out []netip.Prefix) {
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

func isPublic(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsValid() || a.Zone() != "" || !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, p := range notPublic {
		if p.Contains(a) {
			return false
		}
	}
	return true
}
