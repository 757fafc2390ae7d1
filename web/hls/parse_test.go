package hls

import (
	"testing"

	"livesrv/packager"
)

func TestParseQuery(t *testing.T) {
	at := func(msn uint64) packager.Query { return packager.Query{HasMSN: true, MSN: msn} }
	part := packager.Query{HasMSN: true, MSN: 7, HasPart: true, Part: 3}
	skip := packager.Query{HasMSN: true, MSN: 7, Skip: packager.SkipV2}
	for raw, want := range map[string]packager.Query{
		"":                               {},
		"_HLS_msn=7":                     at(7),
		"_HLS_msn=007":                   at(7),
		"_HLS_msn=7&_HLS_part=3":         part,
		"_HLS_part=3&_HLS_msn=7":         part,
		"a=b&_HLS_msn=7&&x=%zz;&":        at(7),
		"_HLS_msn=7&_HLS_skip=v2":        skip,
		"_HLS_skip=YES":                  {Skip: packager.SkipV1},
		"_HLS_skip=no":                   {},
		"_HLS_push=1&_HLS_later=x&_HLS_": {},
		"_HLS_msn=9999999999999999999":   at(9999999999999999999),
		"token=_HLS_part=4":              {},
	} {
		if got, ok := parseQuery(raw); !ok || got != want {
			t.Errorf("%q: got %+v, %v, want %+v", raw, got, ok, want)
		}
	}
	for _, raw := range []string{
		"_HLS_part=0", "_HLS_msn", "_HLS_msn=", "_HLS_msn=x", "_HLS_msn=-1", "_HLS_msn=+1", "_HLS_msn=1.0", "_HLS_msn=1e3", "_HLS_msn= 1",
		"_HLS_msn=18446744073709551616", "_HLS_msn=1&_HLS_msn=1", "_HLS_msn=1&_HLS_part=1&_HLS_part=1",
		"_HLS_msn=1&_HLS_part=-1", "_HLS_msn=1&_HLS_part=99999999", "_HLS_msn=%31",
	} {
		if q, ok := parseQuery(raw); ok {
			t.Errorf("%q was accepted as %+v", raw, q)
		}
	}
}

func TestParsePath(t *testing.T) {
	for path, want := range map[string]target{
		"/live/demo/index.m3u8":             {kind: multivariant, show: "demo"},
		"/live/demo/v0/media.m3u8":          {kind: playlist, show: "demo", rendition: "v0"},
		"/live/demo/v0/init-0.mp4":          {kind: initSegment, show: "demo", rendition: "v0"},
		"/live/demo/v0/init-1795374000.mp4": {kind: initSegment, show: "demo", rendition: "v0", number: 1795374000},
		"/live/demo/v0/init-12.mp4":         {kind: initSegment, show: "demo", rendition: "v0", number: 12},
		"/live/demo/v0/895.m4s":             {kind: segment, show: "demo", rendition: "v0", msn: 895},
		"/live/demo/v0/895.0.m4s":           {kind: part, show: "demo", rendition: "v0", msn: 895},
		"/live/demo/v0/895.14.m4s":          {kind: part, show: "demo", rendition: "v0", msn: 895, number: 14},
		"/live/demo/v0/0.m4s":               {kind: segment, show: "demo", rendition: "v0"},
	} {
		if got := parsePath(path); got != want {
			t.Errorf("%s: got %+v, want %+v", path, got, want)
		}
	}
	for _, path := range []string{
		"", "/", "/live", "/live/", "/live/demo", "/live/demo/", "/live//index.m3u8", "/live/demo//media.m3u8", "/live/demo/v0/", "/live/demo/v0",
		"/live/demo/v0/index.m3u8", "/live/demo/media.m3u8", "/live/demo/v0/init-.mp4", "/live/demo/v0/init-x.mp4", "/live/demo/v0/init-1.m4s",
		"/live/demo/v0/.m4s", "/live/demo/v0/1..m4s", "/live/demo/v0/.1.m4s", "/live/demo/v0/01.m4s", "/live/demo/v0/1.01.m4s", "/live/demo/v0/1.2.3.m4s",
		"/live/demo/v0/-1.m4s", "/live/demo/v0/1.m4s/", "/live/demo/v0/x/1.m4s", "/other/demo/index.m3u8", "/live/demo/v0/99999999999999999999.m4s",
		"/live/demo/v0/1.9999999999.m4s", "/live/demo/v0/init-99999999999999.mp4",
	} {
		if got := parsePath(path); got.kind != unknown {
			t.Errorf("%s: got %+v, want nothing", path, got)
		}
	}
}

func TestParseRange(t *testing.T) {
	for _, c := range []struct {
		header  string
		size    int
		want    span
		verdict rangeVerdict
	}{
		{"bytes=0-9", 100, span{0, 10}, partial},
		{"bytes=0-0", 100, span{0, 1}, partial},
		{"bytes=90-", 100, span{90, 100}, partial},
		{"bytes=90-999", 100, span{90, 100}, partial},
		{"bytes=-10", 100, span{90, 100}, partial},
		{"bytes=-500", 100, span{0, 100}, partial},
		{"bytes=0-9999999999999999999", 100, span{0, 100}, partial},
		{"bytes=100-", 100, span{}, unsatisfiable},
		{"bytes=100-200", 100, span{}, unsatisfiable},
		{"bytes=-0", 100, span{}, unsatisfiable},
		{"bytes=0-", 0, span{}, unsatisfiable},
		{"", 100, span{}, whole},
		{"bytes=", 100, span{}, whole},
		{"bytes=-", 100, span{}, whole},
		{"bytes=x-1", 100, span{}, whole},
		{"bytes=9-1", 100, span{}, whole},
		{"bytes=0-1,3-4", 100, span{}, whole},
		{"lines=0-1", 100, span{}, whole},
	} {
		if got, v := parseRange(c.header, c.size); got != c.want || v != c.verdict {
			t.Errorf("%q of %d: got %v %v, want %v %v", c.header, c.size, got, v, c.want, c.verdict)
		}
	}
}

func TestAcceptsGzip(t *testing.T) {
	for header, want := range map[string]bool{
		"gzip": true, "gzip, deflate, br": true, "br;q=1.0, GZIP;q=0.5": true, "x-gzip": true, "*": true, "deflate, *;q=0.1": true, "gzip;q=0.001": true,
		"": false, "identity": false, "gzip;q=0": false, "gzip; q=0.000": false, "gzip;q=0, *": false, "*;q=0": false, "br": false, "notgzip": false,
	} {
		if got := acceptsGzip([]string{header}); got != want {
			t.Errorf("%q: got %v", header, got)
		}
	}
	if !acceptsGzip([]string{"br", "gzip"}) {
		t.Error("a second header line is not read")
	}
	if acceptsGzip(nil) {
		t.Error("no header means gzip")
	}
}

// FuzzParse: what a stranger sends yields a bounded answer and, where it names something, one spelling.
func FuzzParse(f *testing.F) {
	f.Add("/live/demo/v0/895.14.m4s", "_HLS_msn=7&_HLS_part=3&_HLS_skip=v2", "bytes=0-9", "gzip;q=0.5", 100)
	f.Add("/live/demo/v0/init-1.mp4", "_HLS_part=x", "bytes=-5", "*;q=0", 0)
	f.Fuzz(func(t *testing.T, path, query, rng, coding string, size int) {
		target := parsePath(path)
		if target.kind != unknown && target.show == "" {
			t.Errorf("%q names no show", path)
		}
		if q, ok := parseQuery(query); ok && q.HasPart && (!q.HasMSN || q.Part < 0) {
			t.Errorf("%q was read as %+v", query, q)
		}
		size &= 1<<30 - 1
		if s, v := parseRange(rng, size); v == partial && (s.from < 0 || s.from >= s.to || s.to > size) {
			t.Errorf("%q of %d was read as %+v", rng, size, s)
		}
		acceptsGzip([]string{coding})
	})
}
