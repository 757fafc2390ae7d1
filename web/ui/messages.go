package ui

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

// locales are the languages of the catalogue, the fallback first. A language is added by adding it here,
// in src/lib/i18n.ts and to every entry of messages/*.json; the tests name what is missing.
var locales = []string{"en", "zh-CN"}

// messages is the catalogue: key → locale → text.
type messages map[string]map[string]string

func loadMessages(files fs.FS) (messages, error) {
	found, err := fs.Glob(files, "messages/*.json")
	if err != nil {
		return nil, fmt.Errorf("ui: %w", err)
	}
	all := messages{}
	for _, name := range found {
		b, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("ui: %w", err)
		}
		var part messages
		if err := json.Unmarshal(b, &part); err != nil {
			return nil, fmt.Errorf("ui: %s: %w", path.Base(name), err)
		}
		for key, texts := range part {
			if all[key] != nil {
				return nil, fmt.Errorf("ui: %s: %q is in another file too", path.Base(name), key)
			}
			all[key] = texts
		}
	}
	return all, nil
}

// text is the message in the locale; a key that is not there reads as itself, which a test forbids.
func (m messages) text(key, locale string) string {
	if t, ok := m[key][locale]; ok {
		return t
	}
	return key
}

// locale picks the language of a request: ?lang=, then Accept-Language by its weights, then English.
func (m messages) locale(r *http.Request) string {
	if l := match(r.URL.Query().Get("lang")); l != "" {
		return l
	}
	type want struct {
		tag string
		q   float64
	}
	var list []want
	for item := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		tag, param, _ := strings.Cut(strings.TrimSpace(item), ";")
		q := 1.0
		if v, ok := strings.CutPrefix(strings.TrimSpace(param), "q="); ok {
			q, _ = strconv.ParseFloat(v, 64) // a weight that is no number counts as 0
		}
		list = append(list, want{strings.TrimSpace(tag), q})
		if len(list) == 32 {
			break
		}
	}
	slices.SortStableFunc(list, func(a, b want) int {
		switch {
		case a.q > b.q:
			return -1
		case a.q < b.q:
			return 1
		}
		return 0
	})
	for _, w := range list {
		if l := match(w.tag); l != "" && w.q > 0 {
			return l
		}
	}
	return locales[0]
}

// match finds the catalogue's language for a tag by its first subtag: "zh", "zh-TW" and "zh-Hans" read zh-CN.
func match(tag string) string {
	first, _, _ := strings.Cut(strings.ToLower(tag), "-")
	for _, l := range locales {
		have, _, _ := strings.Cut(strings.ToLower(l), "-")
		if first != "" && first == have {
			return l
		}
	}
	return ""
}
