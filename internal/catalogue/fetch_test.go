package catalogue_test

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"livesrv/internal/catalogue"
	"livesrv/internal/fault"
)

// site is a web server that counts its visitors.
func site(t *testing.T, h http.HandlerFunc) (address string, port uint16, visits *atomic.Int64) {
	t.Helper()
	visits = new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		visits.Add(1)
		h(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, netip.MustParseAddrPort(s.Listener.Addr().String()).Port(), visits
}

// onlyPort stands in for the public internet: one port of this machine is 'public', all else is not.
func onlyPort(port uint16) catalogue.Policy {
	return func(a netip.AddrPort) error {
		if a.Port() != port {
			return fault.New(fault.Forbidden, "not there")
		}
		return nil
	}
}

func fetcher(t *testing.T, p catalogue.Policy) catalogue.Fetcher {
	f := catalogue.NewFetcher(p)
	t.Cleanup(f.Done)
	return f
}

// TestPublicOnly connects to nothing of this machine, however it is named.
func TestPublicOnly(t *testing.T) {
	t.Parallel()
	address, _, visits := site(t, func(http.ResponseWriter, *http.Request) {})
	port := address[strings.LastIndex(address, ":"):]
	f := fetcher(t, func(a netip.AddrPort) error { // the ports of a test are random
		return catalogue.PublicOnly(netip.AddrPortFrom(a.Addr(), 443))
	})
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "127.1", "2130706433", "0x7f000001"} {
		_, err := f.Fetch(context.Background(), "http://"+host+port+"/", 100)
		if err == nil {
			t.Errorf("%s was fetched", host)
		}
	}
	if n := visits.Load(); n != 0 {
		t.Errorf("%d visits", n)
	}
	if _, err := fetcher(t, catalogue.PublicOnly).Fetch(context.Background(), "http://127.0.0.1"+port+"/", 100); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("%v, want forbidden", err)
	}
}

func TestPolicy(t *testing.T) {
	t.Parallel()
	for _, a := range []string{"93.184.215.14:443", "1.1.1.1:80", "[2606:4700::1111]:443"} {
		if err := catalogue.PublicOnly(netip.MustParseAddrPort(a)); err != nil {
			t.Errorf("%s: %v", a, err)
		}
	}
	for _, a := range []string{
		"10.0.0.1:80", "172.16.0.1:80", "192.168.1.1:80", "127.0.0.1:80", "169.254.169.254:80", "100.64.0.1:80", "0.0.0.0:80",
		"224.0.0.1:80", "255.255.255.255:80", "240.0.0.1:80", "192.0.0.1:80", "198.18.0.1:80", "203.0.113.1:80",
		"[::1]:80", "[::]:80", "[fe80::1]:80", "[fe80::1%25eth0]:80", "[fc00::1]:80", "[ff02::1]:80", "[::ffff:10.0.0.1]:80",
		"[64:ff9b::a00:1]:80", "[2002:a00:1::]:80", "[2001::1]:80", "[fec0::1]:80", "[::a00:1]:80", "1.1.1.1:22", "1.1.1.1:8080",
	} {
		ap, err := netip.ParseAddrPort(strings.ReplaceAll(a, "%25", "%"))
		if err != nil {
			t.Fatal(err)
		}
		if err := catalogue.PublicOnly(ap); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("%s: %v, want forbidden", a, err)
		}
	}
}

// TestRedirects: every hop is asked for, and the one that leads inside is not made.
func TestRedirects(t *testing.T) {
	t.Parallel()
	inside, _, visits := site(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("secret")) })
	outside, port, _ := site(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/inside":
			http.Redirect(w, r, inside, http.StatusFound)
		case "/file":
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/once":
			http.Redirect(w, r, "/there", http.StatusFound)
		default:
			_, _ = w.Write([]byte("here"))
		}
	})
	f := fetcher(t, onlyPort(port))
	for path, kind := range map[string]fault.Kind{"/inside": fault.Forbidden, "/file": fault.Invalid, "/loop": fault.Unavailable} {
		if _, err := f.Fetch(context.Background(), outside+path, 100); err == nil || fault.KindOf(err) != kind {
			t.Errorf("%s: %v, want %v", path, err, kind)
		}
	}
	if visits.Load() != 0 {
		t.Error("the machine inside was visited")
	}
	if b, err := f.Fetch(context.Background(), outside+"/once", 100); err != nil || string(b) != "here" {
		t.Errorf("%q, %v", b, err)
	}
}

func TestFetchBounds(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	address, port, _ := site(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/endless":
			for {
				if _, err := w.Write(make([]byte, 4096)); err != nil {
					return
				}
			}
		case "/hang":
			<-hang
		case "/gone":
			http.NotFound(w, r)
		case "/auth":
			t.Error("visited with a password")
		default:
			_, _ = w.Write(bytes.Repeat([]byte("x"), 100))
		}
	})
	defer close(hang)
	f := fetcher(t, onlyPort(port))
	ctx := context.Background()
	if b, err := f.Fetch(ctx, address+"/", 100); err != nil || len(b) != 100 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	for name, c := range map[string]struct {
		ctx     context.Context
		address string
		kind    fault.Kind
	}{
		"a byte too many": {ctx, address + "/101", fault.TooLarge},
		"endless":         {ctx, address + "/endless", fault.TooLarge},
		"hanging":         {short, address + "/hang", fault.Unavailable},
		"gone":            {ctx, address + "/gone", fault.Unavailable},
		"password":        {ctx, strings.Replace(address, "//", "//a:b@", 1) + "/auth", fault.Invalid},
		"no scheme":       {ctx, "red.jpg", fault.Invalid},
		"ftp":             {ctx, "ftp://example.com/a", fault.Invalid},
		"javascript":      {ctx, "javascript:alert(1)", fault.Invalid},
		"control":         {ctx, "http://a\x00b/", fault.Invalid},
		"long":            {ctx, address + "/" + strings.Repeat("a", 3000), fault.Invalid},
	} {
		limit := int64(1000)
		if name == "a byte too many" {
			limit = 99
		}
		if _, err := f.Fetch(c.ctx, c.address, limit); err == nil || fault.KindOf(err) != c.kind {
			t.Errorf("%s: %v, want %v", name, err, c.kind)
		}
	}
}

func dot(side int) []byte {
	var b bytes.Buffer
	_ = png.Encode(&b, image.NewGray(image.Rect(0, 0, side, side)))
	return b.Bytes()
}

// TestImportPictures takes pictures from a real server, once.
func TestImportPictures(t *testing.T) {
	t.Parallel()
	address, port, visits := site(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/a.png":
			_, _ = w.Write(dot(10))
		case "/b.png":
			_, _ = w.Write(dot(20))
		case "/text":
			_, _ = w.Write([]byte("<html>"))
		default:
			http.NotFound(w, r)
		}
	})
	ctx := context.Background()
	s, m := open(t, fetcher(t, onlyPort(port)))
	file := strings.ReplaceAll(`Handle,Title,Option1 Name,Option1 Value,Variant Price,Variant Inventory Qty,Image Src,Image Alt Text,Variant Image
cap,Cap,Colour,Red,9,1,@/a.png,Front,@/b.png
cap,,,Blue,9,1,@/b.png,Back,@/a.png
cap,,,,,,@/text,,
cap,,,,,,@/missing1,,
cap,,,,,,@/missing2,,
cap,,,,,,@/missing3,,
cap,,,,,,@/missing4,,
cap,,,,,,http://127.0.0.1:1/x.png,,
`, "@", address)
	opts := catalogue.ImportOptions{Currency: "EUR"}
	r, err := s.Import(ctx, m, strings.NewReader(file), opts)
	if err != nil {
		t.Fatal(err)
	}
	p := all(t, s, m)[0]
	if len(p.Images) != 2 || p.Images[0].Width != 10 || p.Images[1].Width != 20 || p.Images[1].Alt != "Back" {
		t.Fatalf("pictures %+v; %+v", p.Images, r)
	}
	if p.SKUs[0].Image != p.Images[1].ID || p.SKUs[1].Image != p.Images[0].ID {
		t.Errorf("the choices show the wrong pictures: %+v", p)
	}
	wantWords := []string{"not a JPEG", "404", "404", "404", "left alone", "not there"}
	for i, w := range wantWords {
		row := r.Rows[2+i]
		if row.Result == catalogue.Refused || len(row.Warnings) != 1 || !strings.Contains(row.Warnings[0], w) {
			t.Errorf("line %d: %+v, want a warning with %q", row.Line, row, w)
		}
	}
	before := visits.Load()
	r, err = s.Import(ctx, m, strings.NewReader(strings.Join(strings.SplitAfter(file, "\n")[:3], "")), opts)
	if err != nil || r.Unchanged != 1 || visits.Load() != before {
		t.Errorf("again: %+v, %v, %d visits", r, err, visits.Load()-before)
	}
	var out bytes.Buffer
	if err := s.Export(ctx, m, &out); err != nil {
		t.Fatal(err)
	}
	if r, err = s.Import(ctx, m, &out, catalogue.ImportOptions{}); err != nil || r.Unchanged != 1 || visits.Load() != before {
		t.Errorf("after export: %+v, %v", r, err)
	}
	for _, thumb := range []bool{false, true} {
		b, err := s.Image(ctx, p.Images[0].ID, thumb)
		if err != nil || !bytes.HasPrefix(b, []byte("\xff\xd8")) {
			t.Errorf("%d bytes, %v", len(b), err)
		}
	}
	r, err = s.Import(ctx, m, strings.NewReader(strings.ReplaceAll(file, "cap", "hat")), catalogue.ImportOptions{Currency: "EUR", NoFetch: true})
	if err != nil || r.Created != 1 || len(r.Rows[0].Warnings) == 0 || visits.Load() != before {
		t.Errorf("without fetching: %+v, %v", r, err)
	}
}
