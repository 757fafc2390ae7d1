package ui

import "testing"

func TestSiteBuilds(t *testing.T) {
	s, err := New(DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	for name, e := range s.entries {
		if s.assets.files[e.path] == nil {
			t.Errorf("entry %s: no file %s", name, e.path)
		}
	}
}
