package viewer

import (
	"bytes"
	"compress/gzip"
	"slices"
	"strings"
	"testing"
	"time"
)

// lowLatency heads the playlists of the table.
const lowLatency = "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:4\n#EXT-X-PART-INF:PART-TARGET=0.5\n" +
	"#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.5,CAN-SKIP-UNTIL=24\n"

// views are playlists and what a player takes from them: "" for err is that it can be played.
var views = []struct {
	name, text string
	parts      []position
	next       position
	start      position
	hint, init string
	gaps       int
	ended      bool
	err        string
}{
	{name: "whole", text: lowLatency + "#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-MAP:URI=\"init.mp4\"\n#EXTINF:2,\ns7.mp4\n" +
		"#EXT-X-PART:DURATION=0.5,URI=\"s8.0.mp4\",INDEPENDENT=YES\n#EXT-X-PART:DURATION=0.5,URI=\"s8.1.mp4\"\n#EXTINF:1,\ns8.mp4\n" +
		"#EXT-X-PART:DURATION=0.5,URI=\"s9.0.mp4\"\n#EXT-X-PART:DURATION=0.5,URI=\"s9.1.mp4\"\n" +
		"#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"s9.2.mp4\"\n",
		parts: []position{{8, 0}, {8, 1}, {9, 0}, {9, 1}}, next: position{9, 2}, start: position{8, 1}, hint: "s9.2.mp4", init: "init.mp4"},
	{name: "delta", text: lowLatency + "#EXT-X-MEDIA-SEQUENCE:7\r\n#EXT-X-SKIP:SKIPPED-SEGMENTS=20\r\n#EXTINF:2,\r\ns27.mp4\r\n" +
		"#EXT-X-PART:DURATION=0.5,URI=\"s28.0.mp4\"\r\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"s28.1.mp4\"\r\n",
		parts: []position{{28, 0}}, next: position{28, 1}, start: position{28, 0}, hint: "s28.1.mp4"},
	{name: "ended", text: lowLatency + "#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PART:DURATION=2,URI=\"a\"\n#EXTINF:2,\ns0.mp4\n#EXT-X-ENDLIST\n",
		parts: []position{{0, 0}}, next: position{1, 0}, start: position{0, 0}, ended: true},
	{name: "gap", text: lowLatency + "#EXT-X-PART:DURATION=0.5,URI=\"a\",GAP=YES\n#EXT-X-PART:DURATION=0.5,URI=\"b\"\n",
		parts: []position{{0, 0}, {0, 1}}, next: position{0, 2}, start: position{0, 0}, gaps: 1},
	{name: "hint of a map", text: lowLatency + "#EXT-X-PRELOAD-HINT:TYPE=MAP,URI=\"i\"\n"},
	{name: "no parts", text: "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\na.ts\n", err: errNotLowLatency.Error()},
	{name: "no blocking reload", text: strings.Replace(lowLatency, "=YES", "=NO", 1), err: errNotLowLatency.Error()},
	{name: "nothing", err: errNotLowLatency.Error()},
	{name: "a page", text: "<!doctype html>\n<title>404</title>\n", err: errNotLowLatency.Error()},
	{name: "bad sequence", text: lowLatency + "#EXT-X-MEDIA-SEQUENCE:-1\n", err: "#EXT-X-MEDIA-SEQUENCE"},
	{name: "a sequence at the end of numbers", text: lowLatency + "#EXT-X-MEDIA-SEQUENCE:18446744073709551615\na\n#EXT-X-PART:DURATION=1,URI=\"a\"\n",
		err: "#EXT-X-MEDIA-SEQUENCE"},
	{name: "a sequence after a part", text: lowLatency + "#EXT-X-PART:DURATION=1,URI=\"a\"\na\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PART:DURATION=1,URI=\"b\"\n",
		err: "it follows a part"},
	{name: "bad skip", text: lowLatency + "#EXT-X-SKIP:SKIPPED-SEGMENTS=99999999999\n", err: "#EXT-X-SKIP"},
	{name: "part without length", text: lowLatency + "#EXT-X-PART:URI=\"a\"\n", err: "#EXT-X-PART"},
	{name: "a length that is no number", text: lowLatency + "#EXT-X-PART:DURATION=NaN,URI=\"a\"\n", err: "no duration"},
	{name: "bad hold-back", text: lowLatency + "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES\n", err: "#EXT-X-SERVER-CONTROL"},
}

func TestParseView(t *testing.T) {
	for _, c := range views {
		t.Run(c.name, func(t *testing.T) {
			v, err := parseView(c.text)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Fatalf("%v, want %q", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var parts []position
			gaps := 0
			for _, p := range v.parts {
				parts = append(parts, p.position)
				if p.gap {
					gaps++
				}
			}
			if !slices.Equal(parts, c.parts) || gaps != c.gaps || v.next != c.next || v.start() != c.start ||
				v.hint != c.hint || v.init != c.init || v.ended != c.ended {
				t.Errorf("%+v, starts at %v", v, v.start())
			}
			if v.target != 500*time.Millisecond || v.hold != 1500*time.Millisecond || !v.skip {
				t.Errorf("target %v, hold %v, skip %t", v.target, v.hold, v.skip)
			}
		})
	}
}

// TestViewFinds: at and following look for parts by position, which need not be there.
func TestViewFinds(t *testing.T) {
	v, err := parseView(views[0].text)
	if err != nil {
		t.Fatal(err)
	}
	if l, ok := v.at(position{8, 1}); !ok || l.uri != "s8.1.mp4" {
		t.Errorf("%+v %t", l, ok)
	}
	if l, ok := v.at(position{8, 2}); ok {
		t.Errorf("%+v", l)
	}
	for _, c := range []struct {
		after position
		want  string
	}{{position{0, 0}, "s8.0.mp4"}, {position{8, -1}, "s8.0.mp4"}, {position{8, 1}, "s9.0.mp4"}, {position{8, 5}, "s9.0.mp4"}, {position{9, 1}, ""}} {
		if l, ok := v.following(c.after); l.uri != c.want || ok != (c.want != "") {
			t.Errorf("after %v: %+v %t", c.after, l, ok)
		}
	}
}

func FuzzView(f *testing.F) {
	for _, c := range views {
		f.Add(c.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := parseView(text)
		if err != nil {
			return
		}
		for i, p := range v.parts {
			if i > 0 && !p.after(v.parts[i-1].position) || p.dur < 0 || !v.next.after(p.position) {
				t.Fatalf("part %d of %+v", i, v)
			}
			if got, ok := v.at(p.position); !ok || got != p {
				t.Fatalf("%v is not found in %+v", p, v)
			}
		}
		v.start()
		variant(text)
	})
}

func TestAttribute(t *testing.T) {
	const list = `TYPE=PART, URI="a,b=c.mp4",BYTERANGE-START=5,EMPTY="",OPEN="x`
	for name, want := range map[string]string{"TYPE": "PART", "URI": "a,b=c.mp4", "BYTERANGE-START": "5", "EMPTY": "", "OPEN": "x", "RI": "", "b": ""} {
		if got := attribute(list, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got := attribute("no list", "no list"); got != "" {
		t.Errorf("%q", got)
	}
}

func TestSeconds(t *testing.T) {
	for text, want := range map[string]time.Duration{"0": 0, "0.5": 500 * time.Millisecond, "2": 2 * time.Second, "1e6": 1e6 * time.Second} {
		if got, err := seconds(text); err != nil || got != want {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "x", "-1", "1000001", "NaN", "Inf", "1e400"} {
		if got, err := seconds(text); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}

func TestVariant(t *testing.T) {
	const media = "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"1\",URI=\"audio.m3u8\"\n"
	const second = "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"2\",DEFAULT=YES,URI=\"usual.m3u8?a\"\r\n"
	const within = "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"3\"\n"
	const picture = "#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"a\"\nvideo.m3u8\n"
	for _, c := range []struct{ text, want, sound string }{
		{"#EXTM3U\n" + media + "#EXT-X-STREAM-INF:BANDWIDTH=1\n\n# a remark\nvideo.m3u8?a=b\r\n#EXT-X-STREAM-INF:BANDWIDTH=2\nother.m3u8\n", "video.m3u8?a=b", ""},
		{"#EXTM3U\n" + media + picture, "video.m3u8", "audio.m3u8"},
		{"#EXTM3U\n" + picture + media + second, "video.m3u8", "usual.m3u8?a"},
		{"#EXTM3U\n" + second + media + picture, "video.m3u8", "usual.m3u8?a"},
		{"#EXTM3U\n" + within + media + picture, "video.m3u8", ""},
		{"#EXTM3U\n" + strings.ReplaceAll(media, "AUDIO", "SUBTITLES") + picture, "video.m3u8", ""},
		{"#EXTM3U\n" + media + "#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"b\"\nvideo.m3u8\n", "video.m3u8", ""},
		{"#EXTM3U\n" + media, "", ""},
		{"#EXTM3U\nstray.m3u8\n", "", ""},
		{"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n", "", ""},
		{"", "", ""},
	} {
		if got, sound, ok := variant(c.text); got != c.want || sound != c.sound || ok != (c.want != "") {
			t.Errorf("%q gives %q with %q, %t", c.text, got, sound, ok)
		}
	}
}

// TestLibrary: a playlist is parsed once, zipped or not, and the oldest are forgotten.
func TestLibrary(t *testing.T) {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write([]byte(views[0].text))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	var l library
	first, err := l.view(zipped.Bytes(), true)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := l.view(zipped.Bytes(), true); err != nil || again != first {
		t.Errorf("parsed again: %v", err)
	}
	if _, err := l.view(zipped.Bytes(), false); err == nil {
		t.Error("zipped bytes were taken for text")
	}
	if _, err := l.view([]byte(views[0].text), true); err == nil {
		t.Error("text was unzipped")
	}
	for i := range mostViews {
		if _, err := l.view([]byte(lowLatency+strings.Repeat("\n", i)), false); err != nil {
			t.Fatal(err)
		}
	}
	if again, err := l.view(zipped.Bytes(), true); err != nil || again == first || len(l.views) != mostViews || len(l.order) != mostViews {
		t.Errorf("%d views, %d in order, %v", len(l.views), len(l.order), err)
	}
}
