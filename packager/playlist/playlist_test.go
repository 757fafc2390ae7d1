package playlist

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write golden files anew")

var t0 = time.Date(2026, 11, 22, 19, 0, 0, 250e6, time.UTC)

func header() Header {
	return Header{
		Version: 6, TargetDuration: 4, PartTarget: 500 * time.Millisecond,
		Control: ServerControl{CanBlock: true, HoldBack: 12 * time.Second, PartHoldBack: 1500 * time.Millisecond,
			CanSkipUntil: 24 * time.Second, CanSkipDateRanges: true},
		MediaSequence: 1795374000, DiscontinuitySequence: 2,
	}
}

func part(uri string, d time.Duration) Part { return Part{Duration: d, URI: uri} }

// cases are whole playlists, one for each thing that a playlist can say.
func cases() map[string]*Media {
	pin := DateRange{ID: "pin_1", Class: "dev.livesrv.pin", Start: t0, Attrs: []Attr{{"X-LIVESRV-CARD", "eyJwaW4iOiJwaW5fMSJ9"}}}
	ended := pin
	ended.ID, ended.End = "pin_0", t0.Add(time.Second)
	first := Segment{Map: "init-0.mp4", DateTime: t0, Duration: 2 * time.Second, URI: "1795374000.m4s"}
	second := Segment{DateTime: t0.Add(2 * time.Second), Duration: 2002 * time.Millisecond, URI: "1795374001.m4s", Parts: []Part{
		{Duration: 466667 * time.Microsecond, URI: "1795374001.0.m4s", Independent: true}, part("1795374001.1.m4s", 500*time.Millisecond)}}
	gap := Segment{DateTime: t0.Add(4002 * time.Millisecond), Gap: true, Duration: time.Second, URI: "1795374002.m4s", Parts: []Part{
		{Duration: 500 * time.Millisecond, URI: "1795374002.0.m4s", Gap: true}, {Duration: 500 * time.Millisecond, URI: "1795374002.1.m4s", Gap: true}}}
	open := Segment{Discontinuity: true, Map: "init-1.mp4", DateTime: t0.Add(5 * time.Second), Parts: []Part{part("1795374003.0.m4s", 500*time.Millisecond)}}
	hint := &Hint{Part: "1795374003.1.m4s"}
	reports := []Report{{URI: "../a0/media.m3u8", MSN: 1795374003, Part: 0}}
	v9, v10 := header(), header()
	v9.Version, v10.Version = 9, 10
	classic := Header{Version: 6, TargetDuration: 4, MediaSequence: 7}
	return map[string]*Media{
		"live":    {Header: header(), DateRanges: []DateRange{ended, pin}, Segments: []Segment{first, second, gap}, Open: &open, Hint: hint, Reports: reports},
		"newmap":  {Header: header(), Segments: []Segment{first}, Hint: &Hint{Part: "1795374001.0.m4s", Map: "init-1.mp4"}},
		"delta1":  {Header: v9, DateRanges: []DateRange{pin}, Skip: &Skip{Segments: 12}, Segments: []Segment{second}, Hint: hint},
		"delta2":  {Header: v10, Skip: &Skip{Segments: 12, DateRanges: true, RemovedDateRanges: []string{"pin_x", "pin_y"}}, Segments: []Segment{second}, Hint: hint},
		"delta2e": {Header: v10, Skip: &Skip{Segments: 1, DateRanges: true}, Segments: []Segment{second}, Hint: hint},
		"ended":   {Header: header(), Segments: []Segment{first, second}, End: true},
		"classic": {Header: classic, Segments: []Segment{first}},
	}
}

func TestGolden(t *testing.T) {
	for name, m := range cases() {
		t.Run(name, func(t *testing.T) { golden(t, name, m.Append(nil)) })
	}
	m := Multivariant{IndependentSegments: true, Variants: []Variant{
		{URI: "v0/media.m3u8", Bandwidth: 2600000, AverageBandwidth: 2500000, Codecs: "avc1.4D401F,mp4a.40.2", Width: 1280, Height: 720, FrameRate: 30000.0 / 1001},
		{URI: "a0/media.m3u8", Bandwidth: 130000, AverageBandwidth: 128000, Codecs: "mp4a.40.2"},
	}}
	golden(t, "multivariant", m.Append(nil))
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name+".m3u8")
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("differs from %s (-want +got):\n%s", file, d)
	}
}

func TestRoundTrip(t *testing.T) {
	for name, m := range cases() {
		t.Run(name, func(t *testing.T) {
			got, err := Parse(m.Append(nil))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(m, got, cmpopts.EquateEmpty()); d != "" {
				t.Errorf("does not come back (-want +got):\n%s", d)
			}
		})
	}
}

// TestRule2QuotedStrings: whatever is put into a quoted string, the playlist stays one.
func TestRule2QuotedStrings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-z"\r\n{$}\t ]{0,8}`)).Draw(t, "value")
		m := Media{Header: header(), DateRanges: []DateRange{
			{ID: "pin_1", Start: t0, Attrs: []Attr{{"X-A", value}, {"X-B" + value, "b"}}}}}
		text := string(m.Append(nil))
		got, err := Parse([]byte(text))
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if strings.Contains(text, "{$") || strings.Count(text, "\n") != strings.Count(string((&Media{Header: header()}).Append(nil)), "\n")+1 {
			t.Fatalf("the value got out of its quotation marks:\n%s", text)
		}
		attrs := got.DateRanges[0].Attrs
		if Quotable(value) != (len(attrs) > 0 && attrs[0].Name == "X-A" && attrs[0].Value == value) {
			t.Fatalf("%q: quotable %v, attributes %v", value, Quotable(value), attrs)
		}
	})
}

func TestQuotable(t *testing.T) {
	for s, want := range map[string]bool{"": false, "a": true, "red ü 茶": true, "a\"b": false, "a\nb": false, "a\rb": false,
		"a\tb": false, "{$x}": false, "$x": true, "{x}": true, "\xff": false, "\u0085": false} {
		if Quotable(s) != want {
			t.Errorf("Quotable(%q) is %v", s, !want)
		}
	}
	for s, want := range map[string]bool{"X-A": true, "X-COM-A1": true, "X-": false, "X-a": false, "A": false, "X-A B": false, "X-A=": false} {
		if AttributeName(s) != want {
			t.Errorf("AttributeName(%q) is %v", s, !want)
		}
	}
}

// TestSeconds: text never turns a part that fits its target into one that does not.
func TestSeconds(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0.000", time.Second: "1.000", 466666667: "0.466667", 1500 * time.Millisecond: "1.500",
		2002 * time.Millisecond: "2.002", 33366700: "0.033367", 999999600: "1.000"} {
		if got := string(seconds(nil, d)); got != want {
			t.Errorf("%d ns is %s, want %s", d, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.Int64Range(0, 10e9).Draw(t, "a")
		b := rapid.Int64Range(0, 10e9).Draw(t, "b")
		x, err1 := parseSeconds(string(seconds(nil, time.Duration(min(a, b)))))
		y, err2 := parseSeconds(string(seconds(nil, time.Duration(max(a, b)))))
		if err1 != nil || err2 != nil || x > y {
			t.Fatalf("%d and %d become %v and %v (%v, %v)", a, b, x, y, err1, err2)
		}
	})
}

func TestParseRefuses(t *testing.T) {
	head := "#EXTM3U\n"
	for name, text := range map[string]string{
		"empty":           "",
		"no header":       "#EXT-X-VERSION:6\n",
		"unknown tag":     head + "#EXT-X-WHAT\n",
		"attribute twice": head + "#EXT-X-PART-INF:PART-TARGET=1.000,PART-TARGET=1.000\n",
		"open quote":      head + "#EXT-X-MAP:URI=\"a\n",
		"uri alone":       head + "1.m4s\n",
		"no date":         head + "#EXTINF:2.000,\n1.m4s\n",
		"late map":        head + "#EXT-X-PROGRAM-DATE-TIME:2026-11-22T19:00:00.000Z\n#EXT-X-MAP:URI=\"a\"\n",
		"two hints":       head + "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"a\"\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"b\"\n",
		"after the end":   head + "#EXT-X-ENDLIST\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"a\"\n",
	} {
		if _, err := Parse([]byte(text)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, m := range cases() {
		f.Add(m.Append(nil))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := Parse(text)
		if err != nil {
			return
		}
		// What can be read can be written, and is then stable.
		once := m.Append(nil)
		again, err := Parse(once)
		if err == nil && string(again.Append(nil)) != string(once) {
			t.Errorf("writing is not stable:\n%s\n%s", once, again.Append(nil))
		}
	})
}

func BenchmarkMedia(b *testing.B) {
	m := cases()["live"]
	for range 30 {
		m.Segments = append(m.Segments, m.Segments[1])
	}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = m.Append(buf[:0])
	}
	b.SetBytes(int64(len(buf)))
}
