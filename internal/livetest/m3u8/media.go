package m3u8

import (
	"strings"
	"time"
)

// mediaReader is the state between two lines of a media playlist.
type mediaReader struct {
	reader
	m    Media
	next Segment
	// dirty says that next has a tag of its own; inf that its EXTINF came.
	dirty, inf bool
	m0         *Map
	seen       map[string]int
	mapCount   int
}

// ParseMedia reads a media playlist. It always returns what it could read.
func ParseMedia(b []byte) (*Media, []Problem) {
	p := &mediaReader{seen: map[string]int{}}
	p.each(p.text(b), p.tag, p.uri)
	p.finish()
	return &p.m, p.problems
}

// once lists the tags that may stand at most once in a media playlist.
var once = map[string]string{
	"EXT-X-VERSION": "4", "EXT-X-TARGETDURATION": "6", "EXT-X-MEDIA-SEQUENCE": "7", "EXT-X-DISCONTINUITY-SEQUENCE": "11",
	"EXT-X-ENDLIST": "5", "EXT-X-PART-INF": "15", "EXT-X-SERVER-CONTROL": "19", "EXT-X-SKIP": "26",
	"EXT-X-INDEPENDENT-SEGMENTS": "33",
}

func (p *mediaReader) tag(name, value string) {
	p.seen[name]++
	if rule, ok := once[name]; ok && p.seen[name] > 1 {
		p.bad(rule, "%s stands more than once", name)
	}
	if p.header(name, value) || p.segment(name, value) {
		return
	}
	switch name {
	case "EXT-X-PRELOAD-HINT":
		a := p.attrs(value)
		p.want(name, a, "20", "TYPE", "URI")
		p.m.Hints = append(p.m.Hints, Hint{Type: Get(a, "TYPE"), URI: Get(a, "URI")})
	case "EXT-X-RENDITION-REPORT":
		p.report(p.attrs(value))
	case "EXT-X-DATERANGE":
		p.daterange(p.attrs(value))
	case "EXT-X-SKIP":
		p.skip(p.attrs(value))
	case "EXT-X-ENDLIST":
		p.m.EndList = true
	default:
		p.bad("1", "unknown tag %s", name)
	}
}

// header reads the tags that describe the whole list.
func (p *mediaReader) header(name, value string) bool {
	switch name {
	case "EXT-X-VERSION":
		p.m.Version = int(p.number(name, value))
	case "EXT-X-INDEPENDENT-SEGMENTS":
		p.m.IndependentSegments = true
	case "EXT-X-TARGETDURATION":
		p.m.TargetDuration = time.Duration(p.number(name, value)) * time.Second
	case "EXT-X-MEDIA-SEQUENCE":
		p.m.Sequence = p.number(name, value)
		p.early(name, "7")
	case "EXT-X-DISCONTINUITY-SEQUENCE":
		p.m.DiscontinuitySequence, p.m.HasDiscontinuitySequence = p.number(name, value), true
		p.early(name, "11")
	case "EXT-X-PART-INF":
		a := p.attrs(value)
		p.want(name, a, "15", "PART-TARGET")
		p.m.PartInf, p.m.PartTarget = value, p.seconds("PART-TARGET", Get(a, "PART-TARGET"))
	case "EXT-X-SERVER-CONTROL":
		a := p.attrs(value)
		c := &Control{Raw: value, CanBlockReload: p.yes(a, "CAN-BLOCK-RELOAD"), CanSkipDaterange: p.yes(a, "CAN-SKIP-DATERANGES")}
		for n, d := range map[string]*time.Duration{
			"CAN-SKIP-UNTIL": &c.CanSkipUntil, "HOLD-BACK": &c.HoldBack, "PART-HOLD-BACK": &c.PartHoldBack,
		} {
			if v := Get(a, n); v != "" {
				*d = p.seconds(n, v)
			}
		}
		p.m.Control = c
	default:
		return false
	}
	return true
}

// early reports a tag that must stand before the first segment and its tags.
func (p *mediaReader) early(name, rule string) {
	if len(p.m.Segments) > 0 || p.dirty {
		p.bad(rule, "%s comes after the first segment's tags", name)
	}
}

// segment reads the tags that belong to the next segment.
func (p *mediaReader) segment(name, value string) bool {
	// Rule 18: what describes a segment stands before its first part.
	if len(p.next.Parts) > 0 && (name == "EXT-X-MAP" || name == "EXT-X-DISCONTINUITY" || name == "EXT-X-PROGRAM-DATE-TIME") {
		p.bad("18", "%s comes after the first EXT-X-PART of its segment", name)
	}
	switch name {
	case "EXTINF":
		d, _, ok := strings.Cut(value, ",")
		if !ok {
			p.bad("6", "EXTINF has no comma: %q", value)
		}
		p.next.Duration, p.inf = p.seconds(name, d), true
	case "EXT-X-PROGRAM-DATE-TIME":
		p.next.PDT = p.date("12", name, value)
	case "EXT-X-DISCONTINUITY":
		p.next.Discontinuity = true
	case "EXT-X-GAP":
		p.next.Gap = true
	case "EXT-X-MAP":
		a := p.attrs(value)
		p.want(name, a, "13", "URI")
		p.m0, p.next.MapHere = &Map{URI: Get(a, "URI")}, true
		p.mapCount++
	case "EXT-X-PART":
		a := p.attrs(value)
		p.want(name, a, "15", "URI", "DURATION")
		p.next.Parts = append(p.next.Parts, Part{
			URI: Get(a, "URI"), Duration: p.seconds("DURATION", Get(a, "DURATION")),
			Independent: p.yes(a, "INDEPENDENT"), Gap: p.yes(a, "GAP"),
		})
	default:
		return false
	}
	if !p.dirty {
		p.dirty, p.next.Line = true, p.line
	}
	return true
}

func (p *mediaReader) uri(u string) {
	if !p.inf {
		p.bad("6", "the segment %s has no EXTINF", u)
	}
	p.next.URI, p.next.MSN, p.next.Map = u, p.m.NextMSN(), p.m0
	p.m.Segments = append(p.m.Segments, p.next)
	p.next, p.dirty, p.inf = Segment{}, false, false
}

func (p *mediaReader) report(a []Attr) {
	p.want("EXT-X-RENDITION-REPORT", a, "21", "URI", "LAST-MSN")
	rep := Report{URI: Get(a, "URI"), LastMSN: p.number("LAST-MSN", Get(a, "LAST-MSN")), LastPart: -1}
	if v := Get(a, "LAST-PART"); v != "" {
		rep.LastPart = int(p.number("LAST-PART", v))
	}
	if strings.Contains(rep.URI, "://") || strings.HasPrefix(rep.URI, "/") {
		p.bad("21", "the rendition report's URI %q is not relative", rep.URI)
	}
	p.m.Reports = append(p.m.Reports, rep)
}

func (p *mediaReader) skip(a []Attr) {
	p.want("EXT-X-SKIP", a, "26", "SKIPPED-SEGMENTS")
	if len(p.m.Segments) > 0 {
		p.bad("26", "EXT-X-SKIP comes after a segment")
	}
	s := &Skip{Segments: p.number("SKIPPED-SEGMENTS", Get(a, "SKIPPED-SEGMENTS"))}
	for _, x := range a {
		if x.Name == "RECENTLY-REMOVED-DATERANGES" {
			s.HasRemoved = true
			if x.Value != "" {
				s.Removed = strings.Split(x.Value, "\t")
			}
		}
	}
	p.m.Skip = s
}

// finish checks what can be judged only at the end of the list.
func (p *mediaReader) finish() {
	if p.inf {
		p.bad("6", "the last EXTINF has no URI")
	}
	if p.dirty {
		p.next.MSN, p.next.Map = p.m.NextMSN(), p.m0
		tail := p.next
		p.m.Tail = &tail
	}
	if p.m.TargetDuration == 0 {
		p.bad("6", "EXT-X-TARGETDURATION is missing or 0")
	}
	p.version()
	p.partHeaders()
	p.segments()
}

// version compares EXT-X-VERSION with what the tags need (rule 4).
func (p *mediaReader) version() {
	need := 3 // decimal EXTINF
	if p.mapCount > 0 {
		need = 6
	}
	if p.m.Skip != nil {
		need = 9
		if p.m.Skip.HasRemoved {
			need = 10
		}
	}
	if p.m.Version < need {
		p.bad("4", "EXT-X-VERSION is %d, the tags need %d", p.m.Version, need)
	}
	// A server may announce for all its updates alike what the delta among them needs.
	most := need
	if c := p.m.Control; c != nil && c.CanSkipUntil > 0 {
		most = max(most, 9)
		if c.CanSkipDaterange {
			most = 10
		}
	}
	if p.m.Version > most {
		p.bad("4", "EXT-X-VERSION is %d, %d is enough", p.m.Version, most)
	}
}
