package ui

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
)

// site is built once for all tests.
var site = sync.OnceValues(func() (*Site, error) { return New(DefaultConfig()) })

func built(t *testing.T) *Site {
	t.Helper()
	s, err := site()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func get(h http.Handler, path string, header ...string) *http.Response {
	r := httptest.NewRequest("GET", path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r io.Reader) []byte {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A shop's page pays for the element what it downloads before the first picture: at most 150 kB as gzip.
// What comes after it (the realtime connection, the checkout) is in modules of its own.
func TestEmbedStaysWithinItsBudget(t *testing.T) {
	s := built(t)
	total := len(s.loader.gzip)
	for _, p := range append([]string{s.entries["embed"].path}, s.entries["embed"].imports...) {
		total += len(s.assets.files[p].gzip)
	}
	t.Logf("%d bytes", total)
	if total > 150_000 {
		t.Errorf("the embed weighs %d bytes as gzip, more than 150 000", total)
	}
}

func TestAssetsAreServedCompressed(t *testing.T) {
	s := built(t)
	p := s.entries["watch"].imports[0]
	plain := body(t, get(s.Assets(), p).Body)
	for _, c := range []struct {
		accept, want string
		open         func(io.Reader) io.Reader
	}{
		{"gzip, deflate, br, zstd", "br", func(r io.Reader) io.Reader { return brotli.NewReader(r) }},
		{"gzip;q=1.0, br;q=0", "gzip", func(r io.Reader) io.Reader {
			z, err := gzip.NewReader(r)
			if err != nil {
				t.Fatal(err)
			}
			return z
		}},
		{"identity", "", func(r io.Reader) io.Reader { return r }},
	} {
		res := get(s.Assets(), p, "Accept-Encoding", c.accept)
		if got := res.Header.Get("Content-Encoding"); got != c.want {
			t.Errorf("%s: encoding %q, want %q", c.accept, got, c.want)
		}
		if !bytes.Equal(body(t, c.open(res.Body)), plain) {
			t.Errorf("%s: another body", c.accept)
		}
		for k, v := range map[string]string{
			"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding",
			"Access-Control-Allow-Origin": "*", "Content-Type": "text/javascript; charset=utf-8",
		} {
			if got := res.Header.Get(k); got != v {
				t.Errorf("%s: %q, want %q", k, got, v)
			}
		}
	}
	tag := get(s.Assets(), p).Header.Get("ETag")
	if res := get(s.Assets(), p, "If-None-Match", tag); res.StatusCode != http.StatusNotModified {
		t.Errorf("known ETag: %d", res.StatusCode)
	}
	if res := get(s.Assets(), "/assets/none.js"); res.StatusCode != http.StatusNotFound || res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("unknown file: %d %q", res.StatusCode, res.Header.Get("Cache-Control"))
	}
}

func TestEmbedScriptImportsTheElement(t *testing.T) {
	s := built(t)
	res := get(s.EmbedScript(), "/embed.js")
	if text := string(body(t, res.Body)); !strings.Contains(text, s.entries["embed"].path) {
		t.Errorf("no import of %s in %s", s.entries["embed"].path, text)
	}
	if got := res.Header.Get("Cache-Control"); !strings.Contains(got, "max-age=300") {
		t.Errorf("Cache-Control %q", got)
	}
}

func TestPages(t *testing.T) {
	s := built(t)
	show := &Show{Slug: "tea", Title: `Tea & "cups" <b>`, Description: "Three oolongs.", Image: "/images/img_1.jpg", OnAir: true, StartsAt: time.Now()}
	page := func(name string, f Facts, header ...string) (*http.Response, string) {
		res := get(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.Render(w, r, name, f) }), "/s/tea", header...)
		return res, string(body(t, res.Body))
	}
	res, text := page(Watch, Facts{Show: show, BaseURL: "https://shop.example"}, "Accept-Language", "zh")
	for _, want := range []string{
		`<html lang="zh-CN">`, `<title>Tea &amp; &#34;cups&#34; &lt;b&gt;</title>`, `<live-watch show="tea">`,
		`<meta property="og:image" content="https://shop.example/images/img_1.jpg">`,
		`<meta property="og:url" content="https://shop.example/s/tea">`,
		`href="/live/tea/index.m3u8"`, `href="/api/shows/tea/state"`, s.entries["watch"].path, s.style,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("watch page lacks %s", want)
		}
	}
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Language") != "zh-CN" {
		t.Errorf("watch: %d %q", res.StatusCode, res.Header.Get("Content-Language"))
	}
	show.OnAir = false
	if _, text := page(Watch, Facts{Show: show}); strings.Contains(text, "m3u8") || !strings.Contains(text, "off-air") {
		t.Error("a show that is not on air announces its stream")
	}
	if res, text := page(NotFound, Facts{}); res.StatusCode != http.StatusNotFound || !strings.Contains(text, "Nothing lives here") {
		t.Errorf("missing: %d", res.StatusCode)
	}
	if _, text := page(Lobby, Facts{}); !strings.Contains(text, "<live-lobby>") {
		t.Error("lobby without its element")
	}
	if _, text := page(Embed, Facts{Show: show}); !strings.Contains(text, "framed") || !strings.Contains(text, s.entries["embed-frame"].path) {
		t.Error("the framed page is not one")
	}
}

// The policy forbids inline scripts and styles, so no page may have any.
func TestPagesObeyTheirPolicy(t *testing.T) {
	s := built(t)
	for name := range s.pages {
		res := get(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s.Render(w, r, name, Facts{Show: &Show{Slug: "a", Title: "A"}})
		}), "/")
		text := string(body(t, res.Body))
		for _, bad := range []string{"<style", " style=", "<script>", "onclick="} {
			if strings.Contains(text, bad) {
				t.Errorf("page %s has %s", name, bad)
			}
		}
	}
	if got := Policy("https://a.example", "https://b.example"); !strings.HasSuffix(got, "frame-ancestors https://a.example https://b.example") {
		t.Error(got)
	}
	if got := Policy(); !strings.HasSuffix(got, "frame-ancestors 'none'") {
		t.Error(got)
	}
}

func TestSourceMapsOnlyWhenAsked(t *testing.T) {
	for p := range built(t).assets.files {
		if strings.HasSuffix(p, ".map") {
			t.Errorf("%s is there", p)
		}
	}
	s, err := New(Config{SourceMaps: true})
	if err != nil {
		t.Fatal(err)
	}
	if p := s.entries["watch"].path + ".map"; s.assets.files[p] == nil {
		t.Errorf("no %s", p)
	}
}
