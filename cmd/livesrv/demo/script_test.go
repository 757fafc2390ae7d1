package demo

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"livesrv/internal/catalogue"
	"livesrv/internal/fault"
	"livesrv/internal/show"
)

// stage notes what a script does, by the time since the test began.
type stage struct {
	began  time.Time
	taken  bool // a visitor has the product "b" on screen
	notes  []string
	number int
}

func (s *stage) note(format string, args ...any) {
	s.notes = append(s.notes, fmt.Sprintf("%v ", time.Since(s.began))+fmt.Sprintf(format, args...))
}

func (s *stage) Pin(_ context.Context, _ show.Slug, p catalogue.ProductID, _ catalogue.SKUID, at time.Time) (show.Pin, error) {
	if s.taken && p == "b" {
		return show.Pin{}, fault.New(fault.Conflict, "it is pinned already")
	}
	s.number++
	id := show.PinID(fmt.Sprintf("pin%d", s.number))
	s.note("pin %s for %v as %s", p, at.Sub(s.began), id)
	return show.Pin{ID: id}, nil
}

func (s *stage) Unpin(_ context.Context, _ show.Slug, id show.PinID, at time.Time) (show.Pin, error) {
	when := "now"
	if !at.IsZero() {
		when = at.Sub(s.began).String()
	}
	s.note("unpin %s for %s", id, when)
	return show.Pin{}, nil
}

// play runs a script of two overlapping scenes; act says when rounds begin.
func play(t *testing.T, st *stage, act func(s *script)) []string {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		st.began = time.Now()
		s := newScript(st, Slug, []scene{{"a", 0.5, 6}, {"b", 4, 8}, {"unknown", 5, 6}},
			map[string]catalogue.ProductID{"a": "a", "b": "b"}, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- s.Run(ctx) }()
		act(s)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return st.notes
}

// TestScript: pins are made ahead for their very moment, closed at theirs, and none stays at the end.
func TestScript(t *testing.T) {
	got := play(t, &stage{}, func(s *script) {
		s.round(time.Now())
		time.Sleep(10 * time.Second)
		s.round(time.Now())
		time.Sleep(2 * time.Second)
	})
	want := []string{
		"0s pin a for 500ms as pin1", "3s pin b for 4s as pin2", "6s unpin pin1 for 6s", "8s unpin pin2 for 8s",
		"10s pin a for 10.5s as pin3", "12s unpin pin3 for now",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestScriptCutShort: after a broken connection the round begins anew and the old pins go.
func TestScriptCutShort(t *testing.T) {
	got := play(t, &stage{}, func(s *script) {
		s.round(time.Now())
		time.Sleep(time.Second)
		s.round(time.Now().Add(time.Second))
		time.Sleep(2 * time.Second)
	})
	want := []string{"0s pin a for 500ms as pin1", "1s unpin pin1 for now", "1.5s pin a for 2.5s as pin2", "3s unpin pin2 for now"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestScriptGivesWay: what a visitor has pinned stays theirs.
func TestScriptGivesWay(t *testing.T) {
	got := play(t, &stage{taken: true}, func(s *script) {
		s.round(time.Now())
		time.Sleep(9 * time.Second)
	})
	want := []string{"0s pin a for 500ms as pin1", "6s unpin pin1 for 6s"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestAssets: every scene names a product, in order, and every picture that is named is there.
func TestAssets(t *testing.T) {
	g, scenes, err := readAssets()
	if err != nil {
		t.Fatal(err)
	}
	if len(g.Products) < 5 || len(scenes) < 5 {
		t.Fatalf("%d products, %d scenes: the demo is poorer than it was meant", len(g.Products), len(scenes))
	}
	known := map[string]bool{}
	for _, p := range g.Products {
		known[p.Handle] = true
		if len(p.Images) == 0 {
			t.Errorf("%s has no picture", p.Handle)
		}
		listed := map[string]bool{"": true}
		for _, name := range p.Images {
			listed[name] = true
			if _, err := readImage(name); err != nil {
				t.Error(err)
			}
		}
		for _, k := range p.SKUs {
			if len(k.Options) != len(p.Options) || k.Price <= 0 || !listed[k.Image] {
				t.Errorf("%s %s: options, price or picture do not fit", p.Handle, k.Code)
			}
		}
	}
	for _, s := range scenes {
		if !known[s.Product] || s.From < 0 || s.To <= s.From {
			t.Errorf("scene %+v does not fit", s)
		}
	}
}
