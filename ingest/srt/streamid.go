package srt

import (
	"net/url"
	"strings"

	"livesrv/internal/fault"
)

// maxKey bounds a stream key.
const maxKey = 256

// The two refusals that a stream id can earn.
var (
	errNoKey = fault.New(fault.Invalid, "the stream id has no stream key").
			WithHint("use srt://HOST:PORT?streamid=publish:KEY")
	errPlayer = fault.New(fault.Forbidden, "a player came: SRT takes publishers in and plays nothing").
			WithHint("watch in a browser, or open the stream's HLS address; to publish, use streamid=publish:KEY")
)

// parseStreamID finds the stream key in a stream id: publish:KEY, or the access control guidelines'
// "#!::r=KEY,m=publish", or the key alone. The key may stand behind live/, as in the addresses of the other
// protocols. Errors: fault.Invalid where there is none, fault.Forbidden for who wants to play.
func parseStreamID(id string) (key string, err error) {
	if strings.HasPrefix(id, "%23!::") { // some encoders send it as it stands in the address
		if plain, err := url.PathUnescape(id); err == nil {
			id = plain
		}
	}
	if list, ok := strings.CutPrefix(id, "#!::"); ok {
		key, err = parseGuideline(list)
	} else if mode, rest, ok := strings.Cut(id, ":"); !ok {
		key = id
	} else if mode == "publish" {
		key = rest
	} else {
		err = errPlayer
	}
	if err != nil {
		return "", err
	}
	key, _, _ = strings.Cut(key, "?")
	key = strings.TrimPrefix(strings.Trim(key, "/"), "live/")
	if key == "" || len(key) > maxKey {
		return "", errNoKey
	}
	return key, nil
}

// parseGuideline reads key=value pairs between commas: r is the resource, m the mode, which is to play
// where nothing is said.
func parseGuideline(list string) (key string, err error) {
	mode := "request"
	for pair := range strings.SplitSeq(list, ",") {
		name, value, _ := strings.Cut(pair, "=")
		switch name {
		case "r":
			key = value
		case "m":
			mode = value
		}
	}
	if mode != "publish" && mode != "bidirectional" {
		return "", errPlayer
	}
	return key, nil
}
