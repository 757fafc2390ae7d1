package ui

import (
	"io/fs"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// sources is the text of everything that may use a message.
func sources(t *testing.T) string {
	var all strings.Builder
	for _, root := range []string{"src", "pages"} {
		err := fs.WalkDir(embedded, root, func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := fs.ReadFile(embedded, p)
			all.Write(b)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}

func TestCatalogueIsWhole(t *testing.T) {
	all, err := loadMessages(embedded)
	if err != nil {
		t.Fatal(err)
	}
	hole := regexp.MustCompile(`\{\w+\}`)
	for key, texts := range all {
		if len(texts) != len(locales) {
			t.Errorf("%s has %d languages, not %d", key, len(texts), len(locales))
		}
		want := strings.Join(hole.FindAllString(texts[locales[0]], -1), " ")
		for _, l := range locales {
			if strings.TrimSpace(texts[l]) == "" {
				t.Errorf("%s lacks %s", key, l)
			}
			// Languages order words differently: the same holes, in any order.
			for h := range strings.FieldsSeq(want) {
				if !strings.Contains(texts[l], h) {
					t.Errorf("%s in %s lacks %s", key, l, h)
				}
			}
		}
	}
}

func TestEveryMessageIsUsedAndEveryUseIsThere(t *testing.T) {
	all, err := loadMessages(embedded)
	if err != nil {
		t.Fatal(err)
	}
	text := sources(t)
	for key := range all {
		base := strings.TrimSuffix(strings.TrimSuffix(key, ".one"), ".other")
		page := strings.HasPrefix(key, "page.") // Render makes these keys from the page's name
		if !page && !strings.Contains(text, "'"+key+"'") && !strings.Contains(text, `"`+key+`"`) && !strings.Contains(text, "'"+base+"'") {
			t.Errorf("%s is not used", key)
		}
	}
	for _, m := range regexp.MustCompile(`\bt\('([\w.-]+)'`).FindAllStringSubmatch(text, -1) {
		if all[m[1]] == nil {
			t.Errorf("t(%q): no such message", m[1])
		}
	}
	for _, m := range regexp.MustCompile(`\btn\('([\w.-]+)'`).FindAllStringSubmatch(text, -1) {
		if all[m[1]+".one"] == nil || all[m[1]+".other"] == nil {
			t.Errorf("tn(%q): needs .one and .other", m[1])
		}
	}
	for _, m := range regexp.MustCompile(`call \.T "([\w.-]+)"`).FindAllStringSubmatch(text, -1) {
		if all[m[1]] == nil {
			t.Errorf("page uses %q: no such message", m[1])
		}
	}
}

func TestLocale(t *testing.T) {
	for _, c := range []struct{ query, header, want string }{
		{"", "", "en"},
		{"", "zh-TW,zh;q=0.9,en;q=0.8", "zh-CN"},
		{"", "de-DE,de;q=0.9,zh;q=0.5,en;q=0.4", "zh-CN"},
		{"", "fr, en;q=0.1, zh;q=0.9", "zh-CN"},
		{"", "zh;q=0, en;q=0.1", "en"},
		{"", "fr;q=x, *", "en"},
		{"?lang=zh", "en", "zh-CN"},
		{"?lang=en", "zh", "en"},
		{"?lang=xx", "zh", "zh-CN"},
	} {
		r := httptest.NewRequest("GET", "/"+c.query, nil)
		r.Header.Set("Accept-Language", c.header)
		if got := (messages{}).locale(r); got != c.want {
			t.Errorf("%s %q: %s, want %s", c.query, c.header, got, c.want)
		}
	}
}
