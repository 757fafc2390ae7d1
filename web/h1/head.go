package h1

import "bytes"

// verdict is what a buffer holds.
type verdict uint8

const (
	// incomplete: the head has not ended yet, and so far it could be taken.
	incomplete verdict = iota
	// simple: a request that is taken here.
	simple
	// other: something for net/http.
	other
)

// maxHead bounds a head that is taken here; a longer one is net/http's.
const maxHead = 8 << 10

// field is a header that the handler is to see.
type field struct {
	name  int // index into Config.Headers
	value []byte
}

// head is a request's head, in the buffer that it was read into.
type head struct {
	target []byte
	path   int // how much of target is the path
	close  bool
	fields []field
	size   int
}

var crlf = []byte("\r\n")

// parse reads a head. names are the headers to give, in lower case. h.fields is used again.
func (h *head) parse(b []byte, prefix string, names []string) verdict {
	h.fields, h.close = h.fields[:0], false
	line, rest, ok := bytes.Cut(b, crlf)
	if !ok {
		return h.unfinished(b, prefix)
	}
	if !h.requestLine(line, prefix) {
		return other
	}
	hosts := 0
	for {
		line, after, ok := bytes.Cut(rest, crlf)
		if !ok {
			if len(b) >= maxHead || bytes.IndexByte(rest, '\n') >= 0 {
				return other
			}
			return incomplete
		}
		rest = after
		if len(line) == 0 {
			break
		}
		colon := bytes.IndexByte(line, ':')
		if colon <= 0 || !token(line[:colon]) {
			return other
		}
		value := bytes.Trim(line[colon+1:], " \t")
		if !text(value) {
			return other
		}
		switch name := line[:colon]; {
		case is(name, "host"):
			// "A server MUST respond with 400 to a request that lacks a Host header or has more than one" (RFC 9112 §3.2):
			// net/http does.
			if hosts++; hosts > 1 || !authority(value) {
				return other
			}
		case is(name, "connection"):
			if is(value, "close") {
				h.close = true
			} else if !is(value, "keep-alive") {
				return other
			}
		case is(name, "content-length"), is(name, "transfer-encoding"), is(name, "expect"), is(name, "upgrade"),
			is(name, "te"), is(name, "trailer"), is(name, "keep-alive"), is(name, "proxy-connection"), is(name, "http2-settings"):
			return other
		default:
			for i := range names {
				if is(name, names[i]) {
					h.fields = append(h.fields, field{i, value})
				}
			}
		}
	}
	h.size = len(b) - len(rest)
	if hosts != 1 || h.size > maxHead {
		return other
	}
	return simple
}

// unfinished judges a request line that has not ended: it goes on only where it can still become one of ours.
func (h *head) unfinished(b []byte, prefix string) verdict {
	const method = "GET "
	n := min(len(b), len(method))
	if len(b) >= maxHead || bytes.IndexByte(b, '\n') >= 0 || string(b[:n]) != method[:n] {
		return other
	}
	if b = b[n:]; string(b[:min(len(b), len(prefix))]) != prefix[:min(len(b), len(prefix))] {
		return other
	}
	return incomplete
}

// requestLine takes "GET target HTTP/1.1" with a target in origin form below the prefix, and nothing in it to decode.
func (h *head) requestLine(line []byte, prefix string) bool {
	line, ok := bytes.CutPrefix(line, []byte("GET "))
	if !ok {
		return false
	}
	if line, ok = bytes.CutSuffix(line, []byte(" HTTP/1.1")); !ok || len(line) < len(prefix) || string(line[:len(prefix)]) != prefix {
		return false
	}
	h.target, h.path = line, len(line)
	for i, c := range line {
		switch {
		case c == '?' && h.path == len(line):
			h.path = i
		case c <= ' ' || c >= 0x7f || c == '#':
			return false
		case i < h.path && !plain(c):
			return false
		}
	}
	return true
}

// plain are the characters of a path that stand for themselves (RFC 3986 §2.3), and the slash.
func plain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~' || c == '/'
}

// token says whether b is a header's name (RFC 9110 §5.6.2).
func token(b []byte) bool {
	for _, c := range b {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case bytes.IndexByte([]byte("!#$%&'*+-.^_`|~"), c) >= 0:
		default:
			return false
		}
	}
	return true
}

// text says whether b can be a header's value (RFC 9110 §5.5).
func text(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// authority says whether b is a usual host and port; net/http judges the unusual ones.
func authority(b []byte) bool {
	for _, c := range b {
		if !(plain(c) && c != '/' && c != '~' || c == ':' || c == '[' || c == ']') {
			return false
		}
	}
	return len(b) > 0
}

// is compares without regard to case; want is in lower case.
func is(b []byte, want string) bool {
	if len(b) != len(want) {
		return false
	}
	for i := range b {
		c := b[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != want[i] {
			return false
		}
	}
	return true
}
