// Package m3u8 reads HLS playlists as a suspicious player would: it was written from the specification
// alone, shares no code with what writes our playlists, and reports every breach it meets, each under
// the number of the rule in the project's list of HLS rules. It never gives up on a bad line, so one
// playlist can yield many problems. It judges one text at a time; what must hold between two playlists,
// or between a playlist and the media, is package livetest's business.
package m3u8

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Problem is one breach found in one text.
type Problem struct {
	// Rule is the number in the list of HLS rules, or "P…" for one of its pains.
	Rule string
	// Line counts from 1; 0 means the text as a whole.
	Line int
	// Text says what is wrong, with the offending value.
	Text string
}

// Map is one EXT-X-MAP.
type Map struct{ URI string }

// Part is one EXT-X-PART.
type Part struct {
	URI              string
	Duration         time.Duration
	Independent, Gap bool
}

// Segment is one media segment, or the parts of the one that is still growing (URI "").
type Segment struct {
	MSN      uint64
	URI      string
	Duration time.Duration
	// PDT is the EXT-X-PROGRAM-DATE-TIME written for this segment; zero where there is none.
	PDT                time.Time
	Discontinuity, Gap bool
	// Map is the EXT-X-MAP in force, nil before the first.
	Map *Map
	// MapHere says that an EXT-X-MAP tag stands at this very segment.
	MapHere bool
	Parts   []Part
	Line    int
}

// Hint is one EXT-X-PRELOAD-HINT.
type Hint struct{ Type, URI string }

// Report is one EXT-X-RENDITION-REPORT.
type Report struct {
	URI     string
	LastMSN uint64
	// LastPart is -1 where LAST-PART is absent.
	LastPart int
}

// Daterange is one EXT-X-DATERANGE.
type Daterange struct {
	ID, Class string
	Start     time.Time
	// End is zero while the range is open.
	End   time.Time
	Attrs []Attr
	Line  int
}

// Skip is an EXT-X-SKIP: what a delta update left out.
type Skip struct {
	Segments uint64
	// HasRemoved says that RECENTLY-REMOVED-DATERANGES was written, maybe empty.
	HasRemoved bool
	Removed    []string
}

// Control is EXT-X-SERVER-CONTROL. Absent durations are 0.
type Control struct {
	Raw                              string
	CanBlockReload, CanSkipDaterange bool
	CanSkipUntil                     time.Duration
	HoldBack, PartHoldBack           time.Duration
}

// Media is a media playlist.
type Media struct {
	Version             int
	TargetDuration      time.Duration
	PartTarget          time.Duration
	PartInf             string
	Control             *Control
	IndependentSegments bool
	Sequence            uint64
	// DiscontinuitySequence counts only if HasDiscontinuitySequence.
	DiscontinuitySequence    uint64
	HasDiscontinuitySequence bool
	Skip                     *Skip
	// Segments are the complete ones, Tail the growing one (nil if it has no part yet).
	Segments   []Segment
	Tail       *Segment
	Hints      []Hint
	Reports    []Report
	Dateranges []Daterange
	EndList    bool
}

// NextMSN is the media sequence number of the segment that is not complete yet.
func (m *Media) NextMSN() uint64 {
	n := m.Sequence + uint64(len(m.Segments))
	if m.Skip != nil {
		n += m.Skip.Segments
	}
	return n
}

// Variant is one EXT-X-STREAM-INF with its URI.
type Variant struct {
	URI   string
	Attrs []Attr
	Line  int
}

// Multivariant is a multivariant playlist.
type Multivariant struct {
	Version             int
	IndependentSegments bool
	Variants            []Variant
	// Media are the attribute lists of the EXT-X-MEDIA tags.
	Media [][]Attr
}

// Attr is one attribute as written.
type Attr struct {
	Name, Value string
	// Quoted says the value stood in quotes, which Value does not hold.
	Quoted bool
}

// Get is the value of the attribute called name, "" if absent.
func Get(attrs []Attr, name string) string {
	for _, a := range attrs {
		if a.Name == name {
			return a.Value
		}
	}
	return ""
}

// reader holds what both kinds of playlist need while they are read.
type reader struct {
	problems []Problem
	line     int
}

func (r *reader) bad(rule, format string, args ...any) {
	r.problems = append(r.problems, Problem{Rule: rule, Line: r.line, Text: fmt.Sprintf(format, args...)})
}

// text checks the encoding of the whole (rule 1) and returns its lines.
func (r *reader) text(b []byte) []string {
	if !utf8.Valid(b) {
		r.bad("1", "the text is not UTF-8")
	}
	s := string(b)
	if strings.HasPrefix(s, "\ufeff") {
		r.bad("1", "the text starts with a byte order mark")
	}
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimSuffix(l, "\r")
		for _, c := range lines[i] {
			// Rule 26 separates removed dateranges by tabs, which rule 1 would forbid.
			tab := c == '\t' && strings.HasPrefix(l, "#EXT-X-SKIP:")
			if c < 0x20 && !tab || c >= 0x7f && c <= 0x9f {
				r.line = i + 1
				r.bad("1", "control character %U", c)
				break
			}
		}
	}
	r.line = 0
	if lines[0] != "#EXTM3U" {
		r.bad("1", "the first line is %q, not #EXTM3U", lines[0])
	}
	if lines[len(lines)-1] != "" {
		r.bad("1", "the last line is not ended")
	}
	return lines[1:]
}

// each calls tag for every tag line and uri for every URI line.
func (r *reader) each(lines []string, tag func(name, value string), uri func(string)) {
	for i, l := range lines {
		r.line = i + 2
		switch {
		case l == "":
		case strings.HasPrefix(l, "#EXT"):
			name, value, _ := strings.Cut(l[1:], ":")
			tag(name, value)
		case l[0] == '#':
		default:
			if strings.TrimSpace(l) != l {
				r.bad("1", "white space around the URI %q", l)
			}
			uri(l)
		}
	}
	r.line = 0
}
