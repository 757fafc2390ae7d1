package hls

import (
	"strings"

	"livesrv/packager"
)

// The delivery directives we obey. Every other parameter is ignored, those that begin with _HLS_ too:
// a later draft may add some (rule 27), and a token in the query must not change what is served.
const (
	paramMSN  = "_HLS_msn"
	paramPart = "_HLS_part"
	paramSkip = "_HLS_skip"
)

// maxPart bounds _HLS_part: no segment has anything near that many parts.
const maxPart = 1 << 20

// parseQuery reads the delivery directives from a raw query string. It allocates nothing. It refuses a
// number that is none, a directive given twice, and _HLS_part without _HLS_msn (rule 24).
func parseQuery(raw string) (q packager.Query, ok bool) {
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		if !strings.HasPrefix(pair, "_HLS_") {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		switch name {
		case paramMSN:
			n, good := decimal(value)
			if !good || q.HasMSN {
				return q, false
			}
			q.HasMSN, q.MSN = true, n
		case paramPart:
			n, good := decimal(value)
			if !good || q.HasPart || n > maxPart {
				return q, false
			}
			q.HasPart, q.Part = true, int(n)
		case paramSkip:
			// Rule 26: what is not YES or v2 asks for nothing that we know, so the whole playlist is sent.
			switch value {
			case "YES":
				q.Skip = packager.SkipV1
			case "v2":
				q.Skip = packager.SkipV2
			}
		}
	}
	return q, q.HasMSN || !q.HasPart
}

// decimal reads digits and nothing else: no sign, no space, no overflow.
func decimal(s string) (uint64, bool) {
	if s == "" || len(s) > 19 {
		return 0, false
	}
	var n uint64
	for i := range len(s) {
		c := s[i] - '0'
		if c > 9 {
			return 0, false
		}
		n = n*10 + uint64(c)
	}
	return n, true
}
