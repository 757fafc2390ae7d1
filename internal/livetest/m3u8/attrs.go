package m3u8

import (
	"strconv"
	"strings"
	"time"
)

// attrs reads an attribute list strictly (rules 2 and 3).
func (r *reader) attrs(s string) []Attr {
	var list []Attr
	seen := map[string]bool{}
	for s != "" {
		name, rest, ok := strings.Cut(s, "=")
		if !ok {
			r.bad("3", "attribute without a value: %q", s)
			return list
		}
		if name == "" || strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" {
			r.bad("3", "bad attribute name %q", name)
		}
		if seen[name] {
			r.bad("3", "attribute %s repeats", name)
		}
		seen[name] = true
		a := Attr{Name: name}
		if strings.HasPrefix(rest, `"`) {
			end := strings.IndexByte(rest[1:], '"')
			if end < 0 {
				r.bad("2", "the quoted value of %s does not end", name)
				return list
			}
			a.Value, a.Quoted, s = rest[1:1+end], true, rest[2+end:]
			r.quoted(name, a.Value)
			if s != "" && s[0] != ',' {
				r.bad("3", "%q follows the value of %s", s, name)
				return list
			}
		} else {
			end := strings.IndexByte(rest, ',')
			if end < 0 {
				end = len(rest)
			}
			a.Value, s = rest[:end], rest[end:]
			if a.Value == "" || strings.ContainsAny(a.Value, " \t\"") {
				r.bad("3", "bad unquoted value %q of %s", a.Value, name)
			}
		}
		list = append(list, a)
		if s != "" {
			if s = s[1:]; s == "" {
				r.bad("3", "the attribute list ends in a comma")
			}
		}
	}
	return list
}

// quoted checks one quoted-string (rule 2).
func (r *reader) quoted(name, v string) {
	// The one value that may be empty: RECENTLY-REMOVED-DATERANGES lists what was removed, maybe nothing.
	if v == "" && name != "RECENTLY-REMOVED-DATERANGES" {
		r.bad("2", "%s is an empty quoted string", name)
	}
	if strings.Contains(v, "{$") {
		r.bad("2", "%s holds a variable reference: %q", name, v)
	}
}

// want reports attributes that a tag must have.
func (r *reader) want(tag string, attrs []Attr, rule string, names ...string) {
	for _, n := range names {
		if Get(attrs, n) == "" {
			r.bad(rule, "%s lacks %s", tag, n)
		}
	}
}

// yes reads an enumerated attribute whose only legal value is YES.
func (r *reader) yes(attrs []Attr, name string) bool {
	switch v := Get(attrs, name); v {
	case "YES":
		return true
	case "":
		return false
	default:
		r.bad("3", "%s=%s: only YES is allowed", name, v)
		return false
	}
}

// seconds reads a decimal-floating-point number of seconds exactly, to the nanosecond.
func (r *reader) seconds(what, v string) time.Duration {
	whole, frac, _ := strings.Cut(v, ".")
	if len(frac) > 9 {
		frac = frac[:9]
	}
	n, err := strconv.ParseUint(whole, 10, 32)
	f, err2 := strconv.ParseUint((frac + "000000000")[:9], 10, 64)
	if err != nil || err2 != nil {
		r.bad("3", "%s is not a number of seconds: %q", what, v)
	}
	return time.Duration(n)*time.Second + time.Duration(f)
}

// number reads a decimal-integer.
func (r *reader) number(what, v string) uint64 {
	n, err := strconv.ParseUint(v, 10, 64)
	if err != nil {
		r.bad("3", "%s is not an integer: %q", what, v)
	}
	return n
}

// date reads an ISO 8601 date with zone and at least milliseconds (rules 12 and 35).
func (r *reader) date(rule, what, v string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, v)
	if err != nil {
		r.bad(rule, "%s is not a date with time zone: %q", what, v)
		return t
	}
	_, frac, ok := strings.Cut(v, ".")
	if !ok || len(strings.TrimRight(frac, "Z+-:0123456789")) > 0 || digits(frac) < 3 {
		r.bad(rule, "%s has less than millisecond precision: %q", what, v)
	}
	return t
}

func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}
