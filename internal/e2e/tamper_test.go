package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"livesrv/internal/livetest"
	"livesrv/packager"
)

// breach changes answers on their way to the player. Its functions get what they need to spoil one thing.
type breach struct {
	rule string
	// playlist spoils a media playlist's text, media the bytes below it, header the headers of either,
	// and request what is asked of the server.
	playlist func(path, text string) string
	media    func(path string, b []byte) []byte
	header   func(path string, h http.Header)
	request  func(r *http.Request)
}

// RoundTrip lets every answer through the breach.
type spoiled struct {
	breach
	next http.RoundTripper
	mu   sync.Mutex
}

func (s *spoiled) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.request != nil {
		r = r.Clone(r.Context())
		s.request(r)
	}
	plain := r.Clone(r.Context())
	if s.playlist != nil {
		plain.Header.Del("Accept-Encoding")
	}
	res, err := s.next.RoundTrip(plain)
	if err != nil || res.StatusCode != http.StatusOK {
		return res, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.header != nil {
		s.header(r.URL.Path, res.Header)
	}
	var body bytes.Buffer
	if _, err := body.ReadFrom(res.Body); err != nil {
		return nil, err
	}
	out := body.Bytes()
	switch {
	case strings.HasSuffix(r.URL.Path, "media.m3u8") && s.playlist != nil:
		out = []byte(s.playlist(r.URL.Path, body.String()))
	case strings.HasSuffix(r.URL.Path, ".m4s") && s.media != nil:
		out = s.media(r.URL.Path, bytes.Clone(out))
	}
	res.Body, res.ContentLength = http.NoBody, int64(len(out))
	res.Body = readCloser{bytes.NewReader(out)}
	return res, nil
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }

// replace makes a playlist breach of a regular expression.
func replace(expr, with string) func(string, string) string {
	re := regexp.MustCompile(expr)
	return func(_, text string) string { return re.ReplaceAllString(text, with) }
}

// wandering spoils each playlist in another way than the one before, by their count.
func wandering(f func(s string, count int) string) func(string, string) string {
	var count atomic.Int32
	return func(_, s string) string { return f(s, int(count.Add(1))) }
}

// TestStrictPlayerSeesBreaches spoils one thing at a time between a good server and the strict player. The
// player that finds nothing anywhere else must find each of these, or its silence means nothing.
func TestStrictPlayerSeesBreaches(t *testing.T) {
	t.Parallel()
	var jump atomic.Int32
	for name, b := range map[string]breach{
		"target duration wanders": {rule: "6", playlist: wandering(func(s string, count int) string {
			return strings.Replace(s, "TARGETDURATION:4", fmt.Sprintf("TARGETDURATION:%d", 4+count%2), 1)
		})},
		"part target wanders": {rule: "P1", playlist: wandering(func(s string, count int) string {
			return regexp.MustCompile(`PART-TARGET=[\d.]+`).ReplaceAllString(s, fmt.Sprintf("PART-TARGET=0.5%d", count%2))
		})},
		"sequence goes back": {rule: "7", playlist: wandering(func(s string, count int) string {
			return regexp.MustCompile(`MEDIA-SEQUENCE:(\d+)`).ReplaceAllString(s, fmt.Sprintf("MEDIA-SEQUENCE:%d", 1000-count))
		})},
		"no date": {rule: "12", playlist: replace(`#EXT-X-PROGRAM-DATE-TIME:[^\n]*\n`, "")},
		"date runs away": {rule: "12", playlist: func(_, s string) string {
			return regexp.MustCompile(`(PROGRAM-DATE-TIME:[^\n]*)\.\d{3}`).ReplaceAllStringFunc(s, func(m string) string { return m[:len(m)-3] + "500" })
		}},
		"no map":                   {rule: "13", playlist: replace(`#EXT-X-MAP:[^\n]*\n`, "")},
		"EXTINF too long":          {rule: "14", playlist: replace(`#EXTINF:2\.0+,`, "#EXTINF:2.10000,")},
		"part longer than it says": {rule: "15", playlist: replace(`DURATION=0\.5\d*(,URI="\d+\.1\.)`, "DURATION=0.46000$1")},
		"everything independent": {rule: "16", playlist: func(_, s string) string {
			return regexp.MustCompile(`(EXT-X-PART:[^\n]*DURATION=[\d.]+)(,INDEPENDENT=YES)?`).ReplaceAllString(s, "$1,INDEPENDENT=YES")
		}},
		"segment is not its parts": {rule: "17", media: func(p string, b []byte) []byte {
			if strings.Count(p, ".") == 1 {
				b[len(b)-1] ^= 1
			}
			return b
		}},
		"hold-back too small":   {rule: "19", playlist: replace(`PART-HOLD-BACK=[\d.]+`, "PART-HOLD-BACK=1.0")},
		"wrong hint":            {rule: "20", playlist: replace(`(PRELOAD-HINT:TYPE=PART,URI="\d+)\.`, "${1}9.")},
		"no rendition report":   {rule: "21", playlist: replace(`#EXT-X-RENDITION-REPORT[^\n]*\n`, "")},
		"report lags":           {rule: "21", playlist: replace(`LAST-MSN=\d+`, "LAST-MSN=5")},
		"server does not block": {rule: "22", request: func(r *http.Request) { r.URL.RawQuery = strings.ReplaceAll(r.URL.RawQuery, "_HLS_", "x_") }},
		"bad directives accepted": {rule: "24", request: func(r *http.Request) {
			if strings.Contains(r.URL.RawQuery, "=x") {
				r.URL.RawQuery = ""
			}
		}},
		"no delta": {rule: "26", request: func(r *http.Request) { r.URL.RawQuery = strings.ReplaceAll(r.URL.RawQuery, "_HLS_skip", "x") }},
		"delta skips too much": {rule: "26", playlist: func(_, s string) string {
			if !strings.Contains(s, "EXT-X-SKIP") {
				return s
			}
			i := strings.LastIndex(s, "#EXTINF")
			j := strings.Index(s, "#EXT-X-SKIP")
			k := j + strings.Index(s[j:], "\n") + 1
			return s[:k] + s[i:]
		}},
		"no priority":    {rule: "28", header: func(_ string, h http.Header) { h.Del("Priority") }},
		"no gzip":        {rule: "29", request: func(r *http.Request) { r.Header.Del("Accept-Encoding") }},
		"wrong lifetime": {rule: "30", header: func(_ string, h http.Header) { h.Set("Cache-Control", "public, max-age=1") }},
		"wrong type": {rule: "31", header: func(p string, h http.Header) {
			if strings.HasSuffix(p, ".m4s") {
				h.Set("Content-Type", "application/octet-stream")
			}
		}},
		"no CORS":  {rule: "P16", header: func(_ string, h http.Header) { h.Del("Access-Control-Allow-Origin") }},
		"a cookie": {rule: "P15", header: func(_ string, h http.Header) { h.Set("Set-Cookie", "a=b") }},
		"tfdt jumps": {rule: "13", media: func(_ string, b []byte) []byte {
			if i := bytes.Index(b, []byte("tfdt")); i > 0 {
				b[i+14] ^= byte(jump.Add(1) % 3)
			}
			return b
		}},
		"version too high": {rule: "4", playlist: replace(`EXT-X-VERSION:\d+`, "EXT-X-VERSION:12")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, packager.DefaultConfig(), func(t *testing.T, l *line) {
				leave := l.publish(t, "demo", livetest.Synth{FPSNum: 30, AudioRate: 48000})
				defer leave()
				l.waitFor(t, "demo")
				time.Sleep(35 * time.Second) // enough to skip
				rep, err := livetest.Check(l.ctx, livetest.Options{
					URL:  "http://livesrv/live/demo/index.m3u8",
					HTTP: &http.Client{Transport: &spoiled{breach: b, next: livetest.Direct{Handler: l.hls}}},
					For:  10 * time.Second, Slack: 100 * time.Millisecond,
				})
				if err != nil {
					t.Fatal(err)
				}
				if !slices.ContainsFunc(rep.Findings, func(f livetest.Finding) bool { return f.Rule == b.rule }) {
					t.Errorf("rule %s: not noticed; found %v", b.rule, rep.Findings)
				}
			})
		})
	}
}
