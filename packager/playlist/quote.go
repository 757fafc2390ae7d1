package playlist

import "strings"

// Quotable says whether a value may stand between quotation marks: "a quoted-string MUST NOT contain line
// feed, carriage return or double quote, and MUST be non-empty" (bis §4.2). Other control characters are
// not allowed anywhere (bis §4.1), nor is what is not UTF-8, and "{$" would begin a variable (bis §4.3).
func Quotable(s string) bool {
	if s == "" || strings.Contains(s, "{$") {
		return false
	}
	for _, r := range s {
		if r < 0x20 || r == '"' || r >= 0x7F && r < 0xA0 || r == 0xFFFD {
			return false
		}
	}
	return true
}

// AttributeName says whether s may name a client-defined attribute of a daterange: X- and then upper-case
// letters, digits and hyphens (bis §4.2, §4.4.5.1).
func AttributeName(s string) bool {
	if len(s) < 3 || s[:2] != "X-" {
		return false
	}
	for _, c := range []byte(s[2:]) {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// quoted appends ,NAME="value" (without the comma after a colon). A value that cannot be quoted would
// spoil the playlist for everybody and is left out; Quotable lets a caller refuse it before.
func quoted(b []byte, name, value string) []byte {
	if !Quotable(value) {
		return b
	}
	b = attr(b, name)
	b = append(b, '"')
	b = append(b, value...)
	return append(b, '"')
}

// attr appends the comma, if it is not the first of the list, the name and the equals sign.
func attr(b []byte, name string) []byte {
	if b[len(b)-1] != ':' {
		b = append(b, ',')
	}
	b = append(b, name...)
	return append(b, '=')
}
