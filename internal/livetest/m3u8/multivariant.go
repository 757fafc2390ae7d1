package m3u8

import (
	"regexp"
	"strings"
)

var (
	frameRate  = regexp.MustCompile(`^\d+\.\d{3}$`)
	resolution = regexp.MustCompile(`^[1-9]\d*x[1-9]\d*$`)
)

// ParseMultivariant reads a multivariant playlist. It always returns what it could read.
func ParseMultivariant(b []byte) (*Multivariant, []Problem) {
	p := &reader{}
	m := &Multivariant{}
	var next *Variant
	p.each(p.text(b), func(name, value string) {
		switch name {
		case "EXT-X-VERSION":
			m.Version = int(p.number(name, value))
		case "EXT-X-INDEPENDENT-SEGMENTS":
			m.IndependentSegments = true
		case "EXT-X-STREAM-INF":
			next = &Variant{Attrs: p.attrs(value), Line: p.line}
			p.variant(next.Attrs)
		case "EXT-X-MEDIA":
			a := p.attrs(value)
			p.want(name, a, "33", "TYPE", "GROUP-ID", "NAME", "LANGUAGE")
			m.Media = append(m.Media, a)
		default:
			p.bad("1", "unknown tag %s in a multivariant playlist", name)
		}
	}, func(u string) {
		if next == nil {
			p.bad("1", "the URI %s has no EXT-X-STREAM-INF", u)
			return
		}
		next.URI = u
		m.Variants = append(m.Variants, *next)
		next = nil
	})
	if len(m.Variants) == 0 {
		p.bad("32", "no variant")
	}
	if !m.IndependentSegments {
		p.bad("33", "EXT-X-INDEPENDENT-SEGMENTS is missing")
	}
	return m, p.problems
}

// variant checks one EXT-X-STREAM-INF (rule 32).
func (p *reader) variant(a []Attr) {
	p.want("EXT-X-STREAM-INF", a, "32", "BANDWIDTH", "AVERAGE-BANDWIDTH", "CODECS")
	codecs := Get(a, "CODECS")
	bw, avg := p.number("BANDWIDTH", Get(a, "BANDWIDTH")), p.number("AVERAGE-BANDWIDTH", Get(a, "AVERAGE-BANDWIDTH"))
	if avg > bw {
		p.bad("32", "AVERAGE-BANDWIDTH %d is over BANDWIDTH %d", avg, bw)
	}
	if bw == 0 {
		p.bad("32", "BANDWIDTH is 0")
	}
	for _, c := range []string{"avc3", "hev1"} {
		if strings.Contains(codecs, c) {
			p.bad("32", "CODECS has %s: parameter sets belong in the sample entry", c)
		}
	}
	if !IsVideo(codecs) {
		return
	}
	if v := Get(a, "RESOLUTION"); !resolution.MatchString(v) {
		p.bad("32", "video variant with RESOLUTION %q", v)
	}
	if v := Get(a, "FRAME-RATE"); !frameRate.MatchString(v) {
		p.bad("32", "video variant with FRAME-RATE %q, want three decimals", v)
	}
}

// IsVideo says whether a CODECS value names a video codec.
func IsVideo(codecs string) bool {
	for c := range strings.SplitSeq(codecs, ",") {
		for _, v := range []string{"avc", "hvc", "hev", "av01", "vp09"} {
			if strings.HasPrefix(c, v) {
				return true
			}
		}
	}
	return false
}
