package srt

import (
	"errors"
	"strings"
	"testing"
)

var streamIDs = []struct {
	id, key string
	err     error
}{
	{"publish:abc", "abc", nil},
	{"publish:live/abc", "abc", nil},
	{"publish:/abc?latency=1", "abc", nil},
	{"abc", "abc", nil},
	{"live/abc", "abc", nil},
	{"#!::r=abc,m=publish", "abc", nil},
	{"#!::m=publish,u=me,r=live/abc,h=example.org", "abc", nil},
	{"%23!::r=abc,m=publish", "abc", nil},
	{"#!::r=abc,m=bidirectional", "abc", nil},
	{"#!::r=abc", "", errPlayer},
	{"#!::r=abc,m=request", "", errPlayer},
	{"read:abc", "", errPlayer},
	{"play:abc", "", errPlayer},
	{"", "", errNoKey},
	{"publish:", "", errNoKey},
	{"#!::m=publish", "", errNoKey},
	{"publish:" + strings.Repeat("x", maxKey+1), "", errNoKey},
}

func TestParseStreamID(t *testing.T) {
	for _, c := range streamIDs {
		if key, err := parseStreamID(c.id); key != c.key || !errors.Is(err, c.err) {
			t.Errorf("%.40q: %q, %v", c.id, key, err)
		}
	}
}

func FuzzParseStreamID(f *testing.F) {
	for _, c := range streamIDs {
		f.Add(c.id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		if key, err := parseStreamID(id); (key == "") != (err != nil) || len(key) > maxKey {
			t.Fatalf("%q, %v", key, err)
		}
	})
}
