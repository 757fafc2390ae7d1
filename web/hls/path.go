package hls

import "strings"

// maxInit bounds an init segment's id, which is some seconds since 1970.
const maxInit = 1 << 40

// Prefix is where the handler is mounted; a path below it is {show}/{what}.
const Prefix = "/live/"

// kind is what a path asks for.
type kind uint8

const (
	unknown kind = iota
	multivariant
	playlist
	initSegment
	part
	segment
)

// target is a path taken apart.
type target struct {
	kind            kind
	show, rendition string
	msn             uint64
	// number is the part's index or the init segment's id.
	number int
}

// parsePath takes a path below Prefix apart without allocating. A number has one spelling only ("7",
// not "07"), so that a cache cannot be filled with many names of one thing.
func parsePath(p string) target {
	p, ok := strings.CutPrefix(p, Prefix)
	if !ok {
		return target{}
	}
	show, rest, ok := strings.Cut(p, "/")
	if !ok || show == "" {
		return target{}
	}
	if rest == "index.m3u8" {
		return target{kind: multivariant, show: show}
	}
	rendition, file, ok := strings.Cut(rest, "/")
	if !ok || rendition == "" {
		return target{}
	}
	t := target{show: show, rendition: rendition}
	if file == "media.m3u8" {
		t.kind = playlist
		return t
	}
	if id, ok := strings.CutPrefix(file, "init-"); ok {
		id, mp4 := strings.CutSuffix(id, ".mp4")
		n, good := canonical(id)
		if mp4 && good && n <= maxInit {
			t.kind, t.number = initSegment, int(n)
		}
		return t
	}
	name, ok := strings.CutSuffix(file, ".m4s")
	if !ok {
		return t
	}
	seg, index, isPart := strings.Cut(name, ".")
	msn, good := canonical(seg)
	if !good {
		return t
	}
	t.msn = msn
	if !isPart {
		t.kind = segment
		return t
	}
	if n, good := canonical(index); good && n <= maxPart {
		t.kind, t.number = part, int(n)
	}
	return t
}

func canonical(s string) (uint64, bool) {
	if len(s) > 1 && s[0] == '0' {
		return 0, false
	}
	return decimal(s)
}
