package hls

import (
	"strings"
)

// span is a range of bytes [from, to) of a body.
type span struct{ from, to int }

// rangeVerdict says what a Range header asks for.
type rangeVerdict uint8

const (
	whole         rangeVerdict = iota // no Range, or one that we ignore as RFC 9110 §14.2 allows
	partial                           // one range that can be met
	unsatisfiable                     // one range outside the body: 416
)

// parseRange reads a Range header for a body of size bytes. Several ranges, other units and bad syntax
// are ignored: the whole body is sent, which is always right (RFC 9110 §14.2).
func parseRange(h string, size int) (span, rangeVerdict) {
	spec, ok := strings.CutPrefix(h, "bytes=")
	if !ok {
		return span{}, whole
	}
	first, last, ok := strings.Cut(strings.TrimSpace(spec), "-")
	if !ok || first == "" && last == "" {
		return span{}, whole
	}
	if first == "" {
		n, good := decimal(last)
		switch {
		case !good:
			return span{}, whole
		case n == 0 || size == 0:
			return span{}, unsatisfiable
		}
		return span{size - int(min(n, uint64(size))), size}, partial
	}
	from, good := decimal(first)
	if !good {
		return span{}, whole
	}
	to := uint64(size)
	if last != "" {
		n, good := decimal(last)
		if !good || n < from {
			return span{}, whole
		}
		to = min(to, n+1)
	}
	if from >= uint64(size) {
		return span{}, unsatisfiable
	}
	return span{int(from), int(to)}, partial
}

// acceptsGzip reads an Accept-Encoding field: gzip, x-gzip or * with a weight above zero (RFC 9110
// §12.5.3), an explicit gzip before *.
func acceptsGzip(fields []string) bool {
	star := false
	for _, f := range fields {
		for f != "" {
			var item string
			item, f, _ = strings.Cut(f, ",")
			coding, weight, _ := strings.Cut(item, ";")
			coding = strings.TrimSpace(coding)
			if strings.EqualFold(coding, "gzip") || strings.EqualFold(coding, "x-gzip") {
				return !zeroWeight(weight)
			}
			if coding == "*" {
				star = !zeroWeight(weight)
			}
		}
	}
	return star
}

// zeroWeight says whether a weight parameter reads q=0, q=0.0, q=0.00 or q=0.000.
func zeroWeight(w string) bool {
	w = strings.TrimSpace(w)
	if len(w) < 3 || (w[0] != 'q' && w[0] != 'Q') || w[1] != '=' {
		return false
	}
	return strings.Trim(w[2:], "0.") == ""
}
