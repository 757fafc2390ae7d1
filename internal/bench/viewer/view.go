package viewer

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"
)

// position names a part: a media sequence number and the part's index in its segment.
type position struct {
	msn  uint64
	part int
}

func (p position) after(o position) bool { return p.msn > o.msn || p.msn == o.msn && p.part > o.part }

// listed is a part in a playlist.
type listed struct {
	position
	uri string
	dur time.Duration
	gap bool
}

// view is what a player takes from a media playlist. It is shared by all viewers: read only.
type view struct {
	parts []listed
	// next is the part that is not there yet, hint where it will be.
	next position
	hint string
	init string
	// target is PART-TARGET, hold PART-HOLD-BACK.
	target, hold time.Duration
	skip, ended  bool
}

// start is the last part that lies the hold-back or more behind the live edge.
func (v *view) start() position {
	var behind time.Duration
	for i := len(v.parts) - 1; i >= 0; i-- {
		if behind += v.parts[i].dur; behind >= v.hold {
			return v.parts[i].position
		}
	}
	if len(v.parts) > 0 {
		return v.parts[0].position
	}
	return v.next
}

// at finds a part.
func (v *view) at(p position) (listed, bool) {
	for i := len(v.parts) - 1; i >= 0 && !p.after(v.parts[i].position); i-- {
		if v.parts[i].position == p {
			return v.parts[i], true
		}
	}
	return listed{}, false
}

// following is the first part after p.
func (v *view) following(p position) (listed, bool) {
	var best listed
	found := false
	for i := len(v.parts) - 1; i >= 0 && v.parts[i].after(p); i-- {
		best, found = v.parts[i], true
	}
	return best, found
}

var errNotLowLatency = errors.New("the playlist has no parts that can be waited for")

// parseView reads a media playlist, leaving alone what a player of parts does not need.
func parseView(text string) (*view, error) {
	v := &view{}
	at := position{}
	blocking := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		tag, value, _ := strings.Cut(line, ":")
		var err error
		switch tag {
		case "#EXT-X-MEDIA-SEQUENCE":
			// RFC 8216 §4.3.3.2: before the first segment. In 62 bits there is room to count on.
			if at.msn, err = strconv.ParseUint(value, 10, 62); err == nil && len(v.parts) > 0 {
				err = errors.New("it follows a part")
			}
		case "#EXT-X-PART-INF":
			v.target, err = seconds(attribute(value, "PART-TARGET"))
		case "#EXT-X-SERVER-CONTROL":
			blocking = attribute(value, "CAN-BLOCK-RELOAD") == "YES"
			v.skip = attribute(value, "CAN-SKIP-UNTIL") != ""
			v.hold, err = seconds(attribute(value, "PART-HOLD-BACK"))
		case "#EXT-X-SKIP":
			var n uint64
			n, err = strconv.ParseUint(attribute(value, "SKIPPED-SEGMENTS"), 10, 32)
			at.msn += n
		case "#EXT-X-MAP":
			v.init = attribute(value, "URI")
		case "#EXT-X-PART":
			p := listed{position: at, uri: attribute(value, "URI"), gap: attribute(value, "GAP") == "YES"}
			p.dur, err = seconds(attribute(value, "DURATION"))
			v.parts = append(v.parts, p)
			at.part++
		case "#EXT-X-PRELOAD-HINT":
			if attribute(value, "TYPE") == "PART" {
				v.hint = attribute(value, "URI")
			}
		case "#EXT-X-ENDLIST":
			v.ended = true
		default:
			if line != "" && line[0] != '#' {
				at = position{at.msn + 1, 0}
			}
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", tag, err)
		}
	}
	v.next = at
	if !blocking || v.target <= 0 || v.hold <= 0 {
		return nil, errNotLowLatency
	}
	return v, nil
}

func seconds(s string) (time.Duration, error) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !(f >= 0 && f <= 1e6) { // NaN is no number either
		return 0, fmt.Errorf("%q is no duration", s)
	}
	return time.Duration(f * float64(time.Second)), nil
}

// attribute gives an attribute's value without its quotation marks, "" where it is missing.
func attribute(list, name string) string {
	for list != "" {
		n, rest, ok := strings.Cut(list, "=")
		if !ok {
			return ""
		}
		var value string
		if strings.HasPrefix(rest, `"`) {
			value, rest, _ = strings.Cut(rest[1:], `"`)
			_, rest, _ = strings.Cut(rest, ",")
		} else {
			value, rest, _ = strings.Cut(rest, ",")
		}
		if strings.TrimSpace(n) == name {
			return value
		}
		list = rest
	}
	return ""
}

// variant is the first variant of a multivariant playlist, and the sound that goes with it where the variant names a
// group of sound whose rendition has a playlist of its own: the default one, else the first.
func variant(text string) (picture, sound string, ok bool) {
	type rendition struct {
		group, uri string
		usual      bool
	}
	var apart []rendition
	var group string
	stream := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		tag, value, _ := strings.Cut(line, ":")
		switch {
		case tag == "#EXT-X-MEDIA" && attribute(value, "TYPE") == "AUDIO":
			apart = append(apart, rendition{attribute(value, "GROUP-ID"), attribute(value, "URI"), attribute(value, "DEFAULT") == "YES"})
		case tag == "#EXT-X-STREAM-INF" && picture == "":
			stream, group = true, attribute(value, "AUDIO")
		case stream && line != "" && line[0] != '#':
			stream, picture = false, line
		}
	}
	found := false
	for _, r := range apart {
		// The groups may stand behind the variants. A rendition without a playlist is in the variant's own segments.
		if group != "" && r.group == group && (!found || r.usual) {
			sound, found = r.uri, true
			if r.usual {
				break
			}
		}
	}
	return picture, sound, picture != ""
}

// maxPlaylist bounds a playlist after decompression.
const maxPlaylist = 8 << 20

// plain is a body without its coding.
func plain(body []byte, zipped bool) (string, error) {
	if !zipped {
		return string(body), nil
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(io.LimitReader(z, maxPlaylist))
	return string(text), err
}

// library keeps the latest playlists, so that what thousands of viewers get is parsed once.
type library struct {
	mu    sync.Mutex
	views map[libraryKey]*view
	order []libraryKey
}

type libraryKey struct {
	sum    uint32
	size   int
	zipped bool
}

const mostViews = 512

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (l *library) view(body []byte, zipped bool) (*view, error) {
	k := libraryKey{crc32.Checksum(body, castagnoli), len(body), zipped}
	l.mu.Lock()
	defer l.mu.Unlock()
	if v, ok := l.views[k]; ok {
		return v, nil
	}
	text, err := plain(body, zipped)
	if err != nil {
		return nil, err
	}
	v, err := parseView(text)
	if err != nil {
		return nil, err
	}
	if l.views == nil {
		l.views = map[libraryKey]*view{}
	}
	if len(l.order) == mostViews {
		delete(l.views, l.order[0])
		l.order = append(l.order[:0], l.order[1:]...)
	}
	l.views[k] = v
	l.order = append(l.order, k)
	return v, nil
}
