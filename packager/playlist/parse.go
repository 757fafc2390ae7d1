package playlist

import (
	"bufio"
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Parse reads a media playlist as Append writes it. It is strict: an unknown tag, an attribute twice, or a
// tag out of place is an error that names the line.
func Parse(text []byte) (*Media, error) {
	p := parser{m: &Media{}}
	sc := bufio.NewScanner(bytes.NewReader(text))
	sc.Buffer(nil, 1<<20)
	n := 0
	for sc.Scan() {
		n++
		if n == 1 {
			if sc.Text() != "#EXTM3U" {
				return nil, fmt.Errorf("line 1: not a playlist")
			}
			continue
		}
		if err := p.line(sc.Text()); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := sc.Err(); err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, fmt.Errorf("line 1: not a playlist")
	}
	if p.dated {
		open := p.seg
		p.m.Open = &open
	} else if p.begun {
		return nil, fmt.Errorf("a segment without a date at the end")
	}
	return p.m, nil
}

type parser struct {
	m *Media
	// seg is the segment that is being read; begun says that it has a tag, dated that it has its date,
	// timed that it has its duration.
	seg                 Segment
	begun, dated, timed bool
}

func (p *parser) line(s string) error {
	if !strings.HasPrefix(s, "#") {
		if !p.timed || s == "" {
			return fmt.Errorf("a URI without EXTINF")
		}
		p.seg.URI = s
		p.m.Segments = append(p.m.Segments, p.seg)
		p.seg, p.begun, p.dated, p.timed = Segment{}, false, false, false
		return nil
	}
	tag, value, _ := strings.Cut(s, ":")
	read, ok := tags[tag]
	if !ok {
		return fmt.Errorf("unknown tag %s", tag)
	}
	if p.m.End {
		return fmt.Errorf("%s after the end", tag)
	}
	return read(p, value)
}

var tags map[string]func(p *parser, v string) error

func init() {
	tags = map[string]func(p *parser, v string) error{
		"#EXT-X-VERSION":        func(p *parser, v string) error { return integer(v, &p.m.Version) },
		"#EXT-X-TARGETDURATION": func(p *parser, v string) error { return integer(v, &p.m.TargetDuration) },
		"#EXT-X-MEDIA-SEQUENCE": func(p *parser, v string) error { return unsigned(v, &p.m.MediaSequence) },
		"#EXT-X-DISCONTINUITY-SEQUENCE": func(p *parser, v string) error {
			if len(p.m.Segments) > 0 || p.begun {
				return fmt.Errorf("the discontinuity sequence comes after a segment")
			}
			return unsigned(v, &p.m.DiscontinuitySequence)
		},
		"#EXT-X-SERVER-CONTROL":    readControl,
		"#EXT-X-PART-INF":          readPartInf,
		"#EXT-X-DATERANGE":         readDateRange,
		"#EXT-X-SKIP":              readSkip,
		"#EXT-X-DISCONTINUITY":     readDiscontinuity,
		"#EXT-X-MAP":               readMap,
		"#EXT-X-PROGRAM-DATE-TIME": readDate,
		"#EXT-X-GAP":               func(p *parser, _ string) error { p.seg.Gap = true; return nil },
		"#EXT-X-PART":              readPart,
		"#EXTINF":                  readInf,
		"#EXT-X-PRELOAD-HINT":      readHint,
		"#EXT-X-RENDITION-REPORT":  readReport,
		"#EXT-X-ENDLIST":           func(p *parser, _ string) error { p.m.End = true; return nil },
	}
}

func readDiscontinuity(p *parser, _ string) error {
	if p.begun {
		return fmt.Errorf("a discontinuity inside a segment")
	}
	p.seg.Discontinuity, p.begun = true, true
	return nil
}

func readMap(p *parser, v string) error {
	if p.dated {
		return fmt.Errorf("a map after the segment's date")
	}
	p.begun = true
	return attributes(v, func(name, value string) error {
		if name == "URI" {
			p.seg.Map = value
			return nil
		}
		return errUnknown
	})
}

func readDate(p *parser, v string) (err error) {
	if p.dated {
		return fmt.Errorf("two dates for one segment")
	}
	p.begun, p.dated = true, true
	p.seg.DateTime, err = time.Parse(DateTimeLayout, v)
	return err
}

func readInf(p *parser, v string) (err error) {
	if !p.dated {
		return fmt.Errorf("a segment without a date")
	}
	p.timed = true
	v, ok := strings.CutSuffix(v, ",")
	if !ok {
		return fmt.Errorf("EXTINF without a comma")
	}
	p.seg.Duration, err = parseSeconds(v)
	return err
}

func readPart(p *parser, v string) error {
	if !p.dated || p.timed {
		return fmt.Errorf("a part out of place")
	}
	var t Part
	err := attributes(v, func(name, value string) (err error) {
		switch name {
		case "DURATION":
			t.Duration, err = parseSeconds(value)
		case "URI":
			t.URI = value
		case "INDEPENDENT":
			t.Independent = value == "YES"
		case "GAP":
			t.Gap = value == "YES"
		default:
			err = errUnknown
		}
		return err
	})
	p.seg.Parts = append(p.seg.Parts, t)
	return err
}

func readControl(p *parser, v string) error {
	c := &p.m.Control
	return attributes(v, func(name, value string) (err error) {
		switch name {
		case "CAN-BLOCK-RELOAD":
			c.CanBlock = value == "YES"
		case "CAN-SKIP-DATERANGES":
			c.CanSkipDateRanges = value == "YES"
		case "CAN-SKIP-UNTIL":
			c.CanSkipUntil, err = parseSeconds(value)
		case "HOLD-BACK":
			c.HoldBack, err = parseSeconds(value)
		case "PART-HOLD-BACK":
			c.PartHoldBack, err = parseSeconds(value)
		default:
			err = errUnknown
		}
		return err
	})
}

func readPartInf(p *parser, v string) error {
	return attributes(v, func(name, value string) (err error) {
		if name != "PART-TARGET" {
			return errUnknown
		}
		p.m.PartTarget, err = parseSeconds(value)
		return err
	})
}

func readDateRange(p *parser, v string) error {
	var d DateRange
	err := attributes(v, func(name, value string) (err error) {
		switch {
		case name == "ID":
			d.ID = value
		case name == "CLASS":
			d.Class = value
		case name == "START-DATE":
			d.Start, err = time.Parse(DateTimeLayout, value)
		case name == "END-DATE":
			d.End, err = time.Parse(DateTimeLayout, value)
		case AttributeName(name):
			d.Attrs = append(d.Attrs, Attr{name, value})
		default:
			err = errUnknown
		}
		return err
	})
	p.m.DateRanges = append(p.m.DateRanges, d)
	return err
}

func readSkip(p *parser, v string) error {
	if p.m.Skip != nil || p.begun || len(p.m.Segments) > 0 {
		return fmt.Errorf("a skip out of place")
	}
	p.m.Skip = &Skip{}
	return attributes(v, func(name, value string) error {
		switch name {
		case "SKIPPED-SEGMENTS":
			return integer(value, &p.m.Skip.Segments)
		case "RECENTLY-REMOVED-DATERANGES":
			p.m.Skip.DateRanges = true
			if value != "" {
				p.m.Skip.RemovedDateRanges = strings.Split(value, "\t")
			}
			return nil
		}
		return errUnknown
	})
}

func readHint(p *parser, v string) error {
	if p.m.Hint == nil {
		p.m.Hint = &Hint{}
	}
	var kind, uri string
	err := attributes(v, func(name, value string) error {
		switch name {
		case "TYPE":
			kind = value
		case "URI":
			uri = value
		default:
			return errUnknown
		}
		return nil
	})
	at := &p.m.Hint.Part
	if kind == "MAP" {
		at = &p.m.Hint.Map
	} else if kind != "PART" {
		return fmt.Errorf("a hint of type %q", kind)
	}
	if *at != "" {
		return fmt.Errorf("two hints of type %s", kind)
	}
	*at = uri
	return err
}

func readReport(p *parser, v string) error {
	var r Report
	err := attributes(v, func(name, value string) error {
		switch name {
		case "URI":
			r.URI = value
			return nil
		case "LAST-MSN":
			return unsigned(value, &r.MSN)
		case "LAST-PART":
			return integer(value, &r.Part)
		}
		return errUnknown
	})
	p.m.Reports = append(p.m.Reports, r)
	return err
}

var errUnknown = fmt.Errorf("unknown attribute")

// attributes reads an attribute list: "an AttributeName MUST NOT appear more than once" (bis §4.2).
func attributes(s string, each func(name, value string) error) error {
	seen := map[string]bool{}
	for s != "" {
		name, rest, ok := strings.Cut(s, "=")
		if !ok || name == "" || strings.ContainsAny(name, " \t\",") {
			return fmt.Errorf("an attribute list that breaks off at %q", s)
		}
		if seen[name] {
			return fmt.Errorf("%s twice", name)
		}
		seen[name] = true
		var value string
		if strings.HasPrefix(rest, `"`) {
			if value, rest, ok = strings.Cut(rest[1:], `"`); !ok {
				return fmt.Errorf("%s has no closing quotation mark", name)
			}
		} else if i := strings.IndexByte(rest, ','); i >= 0 {
			value, rest = rest[:i], rest[i:]
		} else {
			value, rest = rest, ""
		}
		if rest != "" {
			if rest[0] != ',' || len(rest) == 1 {
				return fmt.Errorf("%s is not followed by an attribute", name)
			}
			rest = rest[1:]
		}
		if err := each(name, value); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		s = rest
	}
	return nil
}

func integer(s string, to *int) (err error) {
	*to, err = strconv.Atoi(s)
	return err
}

func unsigned(s string, to *uint64) (err error) {
	*to, err = strconv.ParseUint(s, 10, 64)
	return err
}

// parseSeconds reads decimal seconds exactly, to the microsecond.
func parseSeconds(s string) (time.Duration, error) {
	whole, frac, _ := strings.Cut(s, ".")
	sec, err := strconv.ParseUint(whole, 10, 31)
	if err != nil || len(frac) > 6 {
		return 0, fmt.Errorf("%q is not a duration", s)
	}
	us := uint64(0)
	if frac != "" {
		if us, err = strconv.ParseUint((frac + "000000")[:6], 10, 32); err != nil {
			return 0, fmt.Errorf("%q is not a duration", s)
		}
	}
	return time.Duration(sec)*time.Second + time.Duration(us)*time.Microsecond, nil
}
