package livetest

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// class is what rule 30 distinguishes.
type class uint8

const (
	classPlain    class = iota // a playlist asked for without _HLS_msn
	classBlocking              // a playlist asked for with it
	classMedia                 // part, segment, init
	classAny                   // whatever: its type and coding are not judged
)

// maxBody bounds what one answer may hold.
const maxBody = 64 << 20

// response is one answer, read whole.
type response struct {
	err    error
	status int
	header http.Header
	// body is the content after gzip.
	body []byte
	// done is when the last byte was in, took how long that was after the request.
	done time.Time
	took time.Duration
}

// get fetches u and checks what every answer must have.
func (c *checker) get(ctx context.Context, u *url.URL, k class) response {
	return c.do(ctx, http.MethodGet, u, k, nil)
}

func (c *checker) do(ctx context.Context, method string, u *url.URL, k class, header http.Header) response {
	req, err := http.NewRequestWithContext(ctx, method, u.String(), nil)
	if err != nil {
		return response{err: err}
	}
	req.Header.Set("Accept-Encoding", "gzip")
	req.Header.Set("Origin", "https://shop.example")
	for n, v := range header {
		req.Header[n] = v
	}
	start := time.Now()
	res, err := c.opt.HTTP.Do(req)
	if err != nil {
		return response{err: err}
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, maxBody))
	r := response{err: err, status: res.StatusCode, header: res.Header, body: b, done: time.Now()}
	r.took = r.done.Sub(start)
	if err == nil {
		c.answer(u, method, k, &r)
	}
	return r
}

// answer checks headers, and unpacks gzip.
func (c *checker) answer(u *url.URL, method string, k class, r *response) {
	where, h := u.RequestURI(), r.header
	if r.status >= 300 && r.status < 400 {
		c.find("31", where, "redirects with %d", r.status)
	}
	// Pain P16: every status, errors too.
	if v := h.Get("Access-Control-Allow-Origin"); v != "*" {
		c.find("P16", where, "%d with Access-Control-Allow-Origin %q", r.status, v)
	}
	if v := strings.ToLower(h.Get("Access-Control-Expose-Headers")); !strings.Contains(v, "date") || !strings.Contains(v, "age") {
		c.find("P16", where, "%d exposes %q, not Age and Date", r.status, v)
	}
	if h.Get("Set-Cookie") != "" {
		c.find("P15", where, "sets a cookie")
	}
	if h.Get("Date") == "" {
		c.find("30", where, "no Date")
	}
	if method == http.MethodGet && h.Get("Content-Encoding") == "gzip" {
		r.body = c.unzip(where, r.body)
	}
	if k == classAny || r.status != http.StatusOK && r.status != http.StatusPartialContent {
		return
	}
	c.contentType(where, u, k, h)
	if k == classMedia {
		if h.Get("Content-Encoding") != "" {
			c.find("29", where, "media with Content-Encoding %s", h.Get("Content-Encoding"))
		}
		return
	}
	if h.Get("Content-Encoding") != "gzip" {
		c.find("29", where, "the playlist is not gzipped")
	}
	if !strings.Contains(h.Get("Vary"), "Accept-Encoding") {
		c.find("29", where, "Vary is %q", h.Get("Vary"))
	}
	if !strings.Contains(h.Get("Priority"), "u=1") {
		c.find("28", where, "Priority is %q, want u=1", h.Get("Priority"))
	}
}

func (c *checker) unzip(where string, b []byte) []byte {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err == nil {
		var plain []byte
		if plain, err = io.ReadAll(io.LimitReader(z, maxBody)); err == nil {
			return plain
		}
	}
	c.find("29", where, "bad gzip: %v", err)
	return b
}

func (c *checker) contentType(where string, u *url.URL, k class, h http.Header) {
	want := []string{"application/vnd.apple.mpegurl"}
	if k == classMedia {
		want = []string{"video/iso.segment", "video/mp4", "audio/mp4"}
		if strings.HasSuffix(u.Path, ".mp4") {
			want = want[1:]
		}
	}
	for _, w := range want {
		if h.Get("Content-Type") == w {
			return
		}
	}
	c.find("31", where, "Content-Type is %q, want %s", h.Get("Content-Type"), strings.Join(want, " or "))
}

// lifetime checks Cache-Control: max-age of num/den target durations (rule 30).
func (c *checker) lifetime(u *url.URL, r response, td time.Duration, num, den int) {
	v := r.header.Get("Cache-Control")
	want := max(1, int(td/time.Second)*num/den)
	for d := range strings.SplitSeq(v, ",") {
		if age, ok := strings.CutPrefix(strings.TrimSpace(d), "max-age="); ok {
			if age != fmt.Sprint(want) {
				c.find("30", u.RequestURI(), "%d with Cache-Control %q, want max-age=%d", r.status, v, want)
			}
			return
		}
	}
	c.find("30", u.RequestURI(), "%d with Cache-Control %q, want max-age=%d", r.status, v, want)
}
