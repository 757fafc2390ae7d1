package h1

import (
	"bufio"
	"bytes"
	"net/http"
	"strings"
	"testing"
)

const prefix = "/live/"

var names = []string{"accept-encoding", "range"}

// heads are requests with what becomes of them.
var heads = []struct {
	name, text string
	want       verdict
}{
	{"plain", "GET /live/a/v0/7.1.m4s HTTP/1.1\r\nHost: x\r\n\r\n", simple},
	{"with a query", "GET /live/a/v0/media.m3u8?_HLS_msn=7&_HLS_part=1 HTTP/1.1\r\nHost: x:8080\r\nAccept-Encoding: gzip\r\n\r\n", simple},
	{"an escape in the query", "GET /live/a?x=%20y?z HTTP/1.1\r\nhost: [::1]:80\r\n\r\n", simple},
	{"close", "GET /live/a HTTP/1.1\r\nHost: x\r\nConnection: Close\r\n\r\n", simple},
	{"keep-alive", "GET /live/a HTTP/1.1\r\nConnection: keep-alive\r\nHost: x\r\n\r\n", simple},
	{"two ranges", "GET /live/a HTTP/1.1\r\nHost: x\r\nRange: bytes=0-1\r\nRange:bytes=2-3 \r\n\r\n", simple},
	{"another follows", "GET /live/a HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\n", simple},
	{"an empty value", "GET /live/a HTTP/1.1\r\nHost: x\r\nX-A:\r\n\r\n", simple},

	{"nothing", "", incomplete},
	{"half a method", "GE", incomplete},
	{"half a path", "GET /li", incomplete},
	{"half a line", "GET /live/a HTTP/1.1\r\nHost: x", incomplete},
	{"no end", "GET /live/a HTTP/1.1\r\nHost: x\r\n", incomplete},

	{"another path", "GET /liv/a HTTP/1.1\r\nHost: x\r\n\r\n", other},
	{"another path at once", "GET /s/", other},
	{"another method", "POST /live/a HTTP/1.1\r\nHost: x\r\n\r\n", other},
	{"another method at once", "P", other},
	{"HEAD", "HEAD /live/a HTTP/1.1\r\nHost: x\r\n\r\n", other},
	{"HTTP/1.0", "GET /live/a HTTP/1.0\r\nHost: x\r\n\r\n", other},
	{"an escape in the path", "GET /live/%61 HTTP/1.1\r\nHost: x\r\n\r\n", other},
	{"two blanks", "GET /live/a  HTTP/1.1\r\nHost: x\r\n\r\n", other},
	{"a fragment", "GET /live/a#b HTTP/1.1\r\nHost: x\r\n\r\n", other},
	{"absolute form", "GET http://x/live/a HTTP/1.1\r\nHost: x\r\n\r\n", other},
	{"no host", "GET /live/a HTTP/1.1\r\n\r\n", other},
	{"two hosts", "GET /live/a HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", other},
	{"an empty host", "GET /live/a HTTP/1.1\r\nHost:\r\n\r\n", other},
	{"a body", "GET /live/a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", other},
	{"no body", "GET /live/a HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", other},
	{"chunks", "GET /live/a HTTP/1.1\r\nHost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", other},
	{"an expectation", "GET /live/a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n", other},
	{"an upgrade", "GET /live/a HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", other},
	{"a folded line", "GET /live/a HTTP/1.1\r\nHost: x\r\nX-A: a\r\n b\r\n\r\n", other},
	{"a blank before the colon", "GET /live/a HTTP/1.1\r\nHost: x\r\nX-A : a\r\n\r\n", other},
	{"bare line feeds", "GET /live/a HTTP/1.1\nHost: x\n\n", other},
	{"a bare line feed inside", "GET /live/a HTTP/1.1\r\nHost: x\nX: y\r\n\r\n", other},
	{"a bare carriage return", "GET /live/a HTTP/1.1\r\nHost: x\r\nX: y\rz\r\n\r\n", other},
	{"a control character", "GET /live/a HTTP/1.1\r\nHost: x\r\nX: y\x00\r\n\r\n", other},
	{"no name", "GET /live/a HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n", other},
	{"no colon", "GET /live/a HTTP/1.1\r\nHost: x\r\nabc\r\n\r\n", other},
	{"an empty line first", "\r\nGET /live/a HTTP/1.1\r\nHost: x\r\n\r\n", other},
	{"TLS", "\x16\x03\x01\x02", other},
	{"too long", "GET /live/a HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("y", maxHead) + "\r\n\r\n", other},
	{"too long a line", "GET /live/" + strings.Repeat("y", maxHead), other},
	{"an end that does not come", "GET /live/a HTTP/1.1\r\nX: " + strings.Repeat("y", maxHead), other},
}

func TestHead(t *testing.T) {
	for _, c := range heads {
		t.Run(c.name, func(t *testing.T) {
			var h head
			if got := h.parse([]byte(c.text), prefix, names); got != c.want {
				t.Fatalf("got %v, want %v", got, c.want)
			}
			if c.want == simple {
				agree(t, []byte(c.text), &h)
			}
		})
	}
}

// TestHeadGrows: a head that comes byte by byte ends as it would have at once, and is never judged too early.
func TestHeadGrows(t *testing.T) {
	for _, c := range heads {
		if c.want != simple {
			continue
		}
		var whole head
		whole.parse([]byte(c.text), prefix, names)
		for n := range whole.size {
			var h head
			if got := h.parse([]byte(c.text[:n]), prefix, names); got != incomplete {
				t.Errorf("%s: %v after %d bytes of %d", c.name, got, n, whole.size)
			}
		}
	}
}

// agree wants that net/http reads the same request, to the byte.
func agree(t *testing.T, b []byte, h *head) {
	t.Helper()
	in := bytes.NewReader(b)
	br := bufio.NewReader(in)
	r, err := http.ReadRequest(br)
	if err != nil {
		t.Fatalf("net/http refuses %q: %v", b, err)
	}
	if used := len(b) - in.Len() - br.Buffered(); used != h.size {
		t.Errorf("%q: %d bytes, net/http takes %d", b, h.size, used)
	}
	if r.Method != "GET" || r.RequestURI != string(h.target) || r.URL.Path != string(h.target[:h.path]) || r.ContentLength != 0 || r.TransferEncoding != nil {
		t.Errorf("%q: net/http reads %s %s, path %q, a body of %d", b, r.Method, r.RequestURI, r.URL.Path, r.ContentLength)
	}
	query := ""
	if h.path < len(h.target) {
		query = string(h.target[h.path+1:])
	}
	if r.URL.RawQuery != query {
		t.Errorf("%q: query %q, net/http reads %q", b, query, r.URL.RawQuery)
	}
	if r.Close != h.close {
		t.Errorf("%q: close %v, net/http says %v", b, h.close, r.Close)
	}
	got := http.Header{}
	for _, f := range h.fields {
		name := http.CanonicalHeaderKey(names[f.name])
		got[name] = append(got[name], string(f.value))
	}
	for _, n := range names {
		name := http.CanonicalHeaderKey(n)
		if strings.Join(got[name], "\n") != strings.Join(r.Header[name], "\n") {
			t.Errorf("%q: %s is %q, net/http reads %q", b, name, got[name], r.Header[name])
		}
	}
}

// FuzzHead: whatever is taken here is what net/http would have read, to the byte.
func FuzzHead(f *testing.F) {
	for _, c := range heads {
		f.Add([]byte(c.text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var h head
		if h.parse(b, prefix, names) == simple {
			agree(t, b, &h)
		}
	})
}
