package m3u8

import (
	"slices"
	"strings"
	"testing"
	"time"
)

const good = `#EXTM3U
#EXT-X-VERSION:6
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-TARGETDURATION:4
#EXT-X-PART-INF:PART-TARGET=0.500
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.500,HOLD-BACK=12
#EXT-X-MEDIA-SEQUENCE:100
#EXT-X-DISCONTINUITY-SEQUENCE:2
#EXT-X-MAP:URI="init-1.mp4"
#EXT-X-DATERANGE:ID="pin_1",CLASS="dev.livesrv.pin",START-DATE="2026-11-22T19:00:00.500Z",X-LIVESRV-CARD="eyJ9"
#EXT-X-PROGRAM-DATE-TIME:2026-11-22T19:00:00.000Z
#EXTINF:2.000,
100.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-11-22T19:00:02.000Z
#EXT-X-PART:URI="101.0.m4s",DURATION=0.500,INDEPENDENT=YES
#EXT-X-PART:URI="101.1.m4s",DURATION=0.500
#EXTINF:1.000,
101.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-11-22T19:00:03.000Z
#EXT-X-PART:URI="102.0.m4s",DURATION=0.500,INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="102.1.m4s"
#EXT-X-RENDITION-REPORT:URI="../a0/media.m3u8",LAST-MSN=102,LAST-PART=0
`

func TestGoodPlaylist(t *testing.T) {
	m, problems := ParseMedia([]byte(good))
	if len(problems) > 0 {
		t.Fatalf("problems: %v", problems)
	}
	if m.TargetDuration != 4*time.Second || m.PartTarget != 500*time.Millisecond || m.Control.PartHoldBack != 1500*time.Millisecond {
		t.Errorf("header read as %+v", m)
	}
	if len(m.Segments) != 2 || m.Tail == nil || m.NextMSN() != 102 || m.Tail.MSN != 102 || len(m.Tail.Parts) != 1 {
		t.Fatalf("segments read as %+v, tail %+v", m.Segments, m.Tail)
	}
	if s := m.Segments[1]; s.MSN != 101 || s.URI != "101.m4s" || s.Map.URI != "init-1.mp4" || len(s.Parts) != 2 || !s.Parts[0].Independent {
		t.Errorf("segment read as %+v", s)
	}
	if d := m.Dateranges[0]; d.ID != "pin_1" || !d.End.IsZero() || Get(d.Attrs, "X-LIVESRV-CARD") != "eyJ9" {
		t.Errorf("daterange read as %+v", d)
	}
	if r := m.Reports[0]; r.LastMSN != 102 || r.LastPart != 0 {
		t.Errorf("report read as %+v", r)
	}
}

func TestDelta(t *testing.T) {
	text := strings.NewReplacer("VERSION:6", "VERSION:10", "CAN-BLOCK-RELOAD=YES", "CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=24,CAN-SKIP-DATERANGES=YES",
		"#EXT-X-MAP:URI=\"init-1.mp4\"\n", "#EXT-X-SKIP:SKIPPED-SEGMENTS=10,RECENTLY-REMOVED-DATERANGES=\"a\tb\"\n").Replace(good)
	m, problems := ParseMedia([]byte(text))
	if len(problems) > 0 {
		t.Fatalf("problems: %v", problems)
	}
	if m.Skip.Segments != 10 || !slices.Equal(m.Skip.Removed, []string{"a", "b"}) || m.Segments[0].MSN != 110 {
		t.Errorf("read as %+v, first segment %d", m.Skip, m.Segments[0].MSN)
	}
}

// TestBreaches breaks the good playlist in one place each and expects the number of the rule.
func TestBreaches(t *testing.T) {
	for _, c := range []struct{ rule, from, to string }{
		{"1", "#EXTM3U\n", "#EXTM3U \n"},
		{"1", "#EXTM3U\n", "\ufeff#EXTM3U\n"},
		{"1", "100.m4s", "10\x010.m4s"},
		{"1", "#EXT-X-INDEPENDENT-SEGMENTS", "#EXT-X-INDEPENDANT"},
		{"2", `URI="init-1.mp4"`, `URI=""`},
		{"2", `"eyJ9"`, `"{$x}"`},
		{"2", `"102.1.m4s"`, `"102.1.m4s`},
		{"3", "DURATION=0.500,INDEPENDENT=YES\n#EXT-X-PART:URI=\"101.1", "DURATION=0.500, INDEPENDENT=YES\n#EXT-X-PART:URI=\"101.1"},
		{"3", "PART-HOLD-BACK=1.500", "PART-HOLD-BACK=1.500,PART-HOLD-BACK=1.500"},
		{"3", "INDEPENDENT=YES", "INDEPENDENT=NO"},
		{"4", "VERSION:6", "VERSION:9"},
		{"4", "VERSION:6", "VERSION:5"},
		{"6", "#EXTINF:2.000,", "#EXTINF:4.500,"},
		{"6", "#EXT-X-TARGETDURATION:4\n", ""},
		{"6", "#EXTINF:1.000,\n", ""},
		{"7", "#EXT-X-MEDIA-SEQUENCE:100\n", "#EXT-X-MEDIA-SEQUENCE:100\n#EXT-X-MEDIA-SEQUENCE:100\n"},
		{"11", "#EXT-X-DISCONTINUITY-SEQUENCE:2\n#EXT-X-MAP", "#EXT-X-DISCONTINUITY\n#EXT-X-MAP"},
		{"12", "#EXT-X-PROGRAM-DATE-TIME:2026-11-22T19:00:02.000Z\n", ""},
		{"12", "PROGRAM-DATE-TIME:2026-11-22T19:00:02.000Z", "PROGRAM-DATE-TIME:2026-11-22T19:00:02Z"},
		{"12", "PROGRAM-DATE-TIME:2026-11-22T19:00:02.000Z", "PROGRAM-DATE-TIME:2026-11-22T19:00:02.000"},
		{"13", "#EXT-X-MAP:URI=\"init-1.mp4\"\n", ""},
		{"15", "DURATION=0.500\n", "DURATION=0.501\n"},
		{"15", "#EXT-X-PART-INF:PART-TARGET=0.500\n", ""},
		{"17", "#EXTINF:1.000,", "#EXTINF:1.020,"},
		{"18", "#EXT-X-PROGRAM-DATE-TIME:2026-11-22T19:00:03.000Z\n#EXT-X-PART:URI=\"102.0.m4s\",DURATION=0.500,INDEPENDENT=YES\n",
			"#EXT-X-PART:URI=\"102.0.m4s\",DURATION=0.500,INDEPENDENT=YES\n#EXT-X-PROGRAM-DATE-TIME:2026-11-22T19:00:03.000Z\n"},
		{"19", "PART-HOLD-BACK=1.500", "PART-HOLD-BACK=1.250"},
		{"19", "HOLD-BACK=12", "HOLD-BACK=11"},
		{"19", "CAN-BLOCK-RELOAD=YES,", ""},
		{"20", "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"102.1.m4s\"\n", ""},
		{"20", "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"102.1.m4s\"\n", "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"102.1.m4s\"\n#EXT-X-ENDLIST\n"},
		{"21", "../a0/media.m3u8", "/live/demo/a0/media.m3u8"},
		{"21", ",LAST-MSN=102", ""},
		{"26", "CAN-BLOCK-RELOAD=YES", "CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=20"},
		{"26", "#EXT-X-MAP:", "#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n#EXT-X-MAP:"},
		{"35", "19:00:00.500Z", "19:00:00Z"},
		{"35", `ID="pin_1",`, ""},
		{"36", "#EXT-X-PROGRAM-DATE-TIME:2026-11-22T19:00:02.000Z", `#EXT-X-DATERANGE:ID="pin_1",START-DATE="2026-11-22T19:00:01.500Z"` + "\n#EXT-X-PROGRAM-DATE-TIME:2026-11-22T19:00:02.000Z"},
		{"37", `X-LIVESRV-CARD="eyJ9"`, `END-DATE="2026-11-22T18:00:00.500Z"`},
		{"38", `CLASS="dev.livesrv.pin"`, `END-ON-NEXT=YES`},
		{"39", `X-LIVESRV-CARD="eyJ9"`, `X-LIVESRV-CARD=eyJ9`},
	} {
		if !strings.Contains(good, c.from) {
			t.Fatalf("rule %s: %q is not in the good playlist", c.rule, c.from)
		}
		_, problems := ParseMedia([]byte(strings.Replace(good, c.from, c.to, 1)))
		if !slices.ContainsFunc(problems, func(p Problem) bool { return p.Rule == c.rule }) {
			t.Errorf("rule %s: %q for %q was not noticed: %v", c.rule, c.to, c.from, problems)
		}
	}
}

const goodMultivariant = `#EXTM3U
#EXT-X-VERSION:6
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-STREAM-INF:BANDWIDTH=900000,AVERAGE-BANDWIDTH=700000,CODECS="avc1.4D401E,mp4a.40.2",RESOLUTION=640x360,FRAME-RATE=29.970
v0/media.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=100000,AVERAGE-BANDWIDTH=96000,CODECS="mp4a.40.2"
a0/media.m3u8
`

func TestMultivariant(t *testing.T) {
	m, problems := ParseMultivariant([]byte(goodMultivariant))
	if len(problems) > 0 || len(m.Variants) != 2 || m.Variants[1].URI != "a0/media.m3u8" {
		t.Fatalf("%+v, problems %v", m, problems)
	}
	for _, c := range []struct{ rule, from, to string }{
		{"32", ",RESOLUTION=640x360", ""},
		{"32", "29.970", "29.97"},
		{"32", "AVERAGE-BANDWIDTH=700000", "AVERAGE-BANDWIDTH=990000"},
		{"32", "AVERAGE-BANDWIDTH=700000,", ""},
		{"32", "avc1", "avc3"},
		{"33", "#EXT-X-INDEPENDENT-SEGMENTS\n", ""},
		{"1", "#EXT-X-STREAM-INF:BANDWIDTH=100000,AVERAGE-BANDWIDTH=96000,CODECS=\"mp4a.40.2\"\n", ""},
	} {
		_, problems := ParseMultivariant([]byte(strings.Replace(goodMultivariant, c.from, c.to, 1)))
		if !slices.ContainsFunc(problems, func(p Problem) bool { return p.Rule == c.rule }) {
			t.Errorf("rule %s: %q for %q was not noticed: %v", c.rule, c.to, c.from, problems)
		}
	}
}

// FuzzParse: no text makes the readers fail, and what they return holds together.
func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(goodMultivariant))
	f.Add([]byte("#EXTM3U\n#EXT-X-SKIP:SKIPPED-SEGMENTS=18446744073709551615\n#EXTINF:9e9,\nx\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, problems := ParseMedia(b)
		if m == nil || len(b) == 0 && len(problems) == 0 {
			t.Fatal("nothing was returned, or an empty text is fine")
		}
		for i, s := range m.Segments {
			if s.URI == "" && len(problems) == 0 {
				t.Errorf("segment %d has no URI", i)
			}
		}
		ParseMultivariant(b)
	})
}
