package show_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"livesrv/internal/catalogue"
	"livesrv/internal/fault"
	"livesrv/internal/show"
)

func TestPin(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	k := newKit(t)
	s, ps := k.live(t, 4)
	k.pass(90*time.Second + 200*time.Millisecond)
	p, err := k.Pin(ctx, s.Slug, ps[0].ID, "", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	// The timeline moved it to the next half second; the price is the lowest.
	if want := k.now().Add(-200 * time.Millisecond); !p.Start.Equal(want) || p.Media == nil || *p.Media != 90_000 || p.Price.Amount != 1500 || p.End != nil {
		t.Errorf("%+v, media %v", p, p.Media)
	}
	_, err = k.Pin(ctx, s.Slug, ps[0].ID, "", time.Time{})
	refused(t, "the same product", err, fault.Conflict, "")
	seen, err := k.Pin(ctx, s.Slug, ps[1].ID, ps[1].SKUs[2].ID, k.now().Add(-59*time.Second))
	if err != nil || seen.Price.Amount != 1800 || seen.SKU != ps[1].SKUs[2].ID {
		t.Errorf("%+v, %v", seen, err)
	}
	if _, err = k.Pin(ctx, s.Slug, ps[2].ID, "", k.now().Add(10*time.Second)); err != nil {
		t.Error(err)
	}
	_, err = k.Pin(ctx, s.Slug, ps[3].ID, "", time.Time{})
	refused(t, "a fourth", err, fault.Conflict, "")
	_, err = k.Pin(ctx, s.Slug, ps[3].ID, "", k.now().Add(-61*time.Second))
	refused(t, "long ago", err, fault.Invalid, "at")
	_, err = k.Pin(ctx, s.Slug, ps[3].ID, "", k.now().Add(11*time.Second))
	refused(t, "far ahead", err, fault.Invalid, "at")
	_, err = k.Pin(ctx, s.Slug, "prd_none", "", time.Time{})
	refused(t, "not in the line-up", err, fault.Invalid, "product")
	_, err = k.Pin(ctx, s.Slug, ps[3].ID, ps[0].SKUs[0].ID, time.Time{})
	refused(t, "another's choice", err, fault.Invalid, "sku")

	k.pass(10 * time.Second)
	p, err = k.Unpin(ctx, s.Slug, p.ID, time.Time{})
	if err != nil || p.End == nil || !p.End.Equal(k.now().Add(-200*time.Millisecond)) {
		t.Errorf("%+v, %v", p, err)
	}
	again, err := k.Unpin(ctx, s.Slug, p.ID, k.now())
	if err != nil || again.Rev != p.Rev || !again.End.Equal(*p.End) {
		t.Errorf("unpinned again: %+v, %v", again, err)
	}
	_, err = k.Unpin(ctx, "other", p.ID, time.Time{})
	refused(t, "another show", err, fault.NotFound, "")
	// A price that changes later does not change the record.
	if _, err := k.catalogue.SetPrice(ctx, ps[1].SKUs[2].ID, 1); err != nil {
		t.Fatal(err)
	}
	open, err := k.Pins(ctx, s.Slug, true)
	if err != nil || len(open) != 2 || open[0].Price.Amount != 1800 {
		t.Errorf("%+v, %v", open, err)
	}
	if _, err := k.End(ctx, s.Slug); err != nil {
		t.Fatal(err)
	}
	pins, err := k.Pins(ctx, s.Slug, false)
	if err != nil || len(pins) != 3 {
		t.Fatal(pins, err)
	}
	for _, p := range pins {
		if p.End == nil || p.End.Before(p.Start) || k.line.pins[p.ID].End == nil {
			t.Errorf("open after the show's end: %+v", p)
		}
	}
	_, err = k.Pin(ctx, s.Slug, ps[3].ID, "", time.Time{})
	refused(t, "after the end", err, fault.Conflict, "")
	_, err = k.Pins(ctx, "none", false)
	refused(t, "no show", err, fault.NotFound, "")
}

// TestPinFutureUnpin: a pin put ahead and ended before it began ends at its start.
func TestPinFutureUnpin(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	k := newKit(t)
	s, ps := k.live(t, 1)
	p, err := k.Pin(ctx, s.Slug, ps[0].ID, "", k.now().Add(5*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if p, err = k.Unpin(ctx, s.Slug, p.ID, time.Time{}); err != nil || !p.End.Equal(p.Start) {
		t.Errorf("%+v, %v", p, err)
	}
}

// TestPinTimelineFails: a pin that the media line refuses leaves no record, and its place is free.
func TestPinTimelineFails(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	k := newKit(t)
	s, ps := k.live(t, 1)
	events := len(k.ear.pins)
	k.line.fail = errors.New("no")
	if _, err := k.Pin(ctx, s.Slug, ps[0].ID, "", time.Time{}); !errors.Is(err, k.line.fail) {
		t.Error(err)
	}
	if pins, err := k.Pins(ctx, s.Slug, false); err != nil || len(pins) != 0 || len(k.ear.pins) != events {
		t.Error(pins, err)
	}
	k.line.fail = nil
	p, err := k.Pin(ctx, s.Slug, ps[0].ID, "", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	// An end that the media line refuses is an end for viewers all the same.
	k.line.fail = errors.New("no")
	if p, err = k.Unpin(ctx, s.Slug, p.ID, time.Time{}); err != nil || p.End == nil {
		t.Errorf("%+v, %v", p, err)
	}
}

// TestPinBeforeMedia: a pin of a live show without media has no media time. One that is made while the publisher is away
// has.
func TestPinBeforeMedia(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	k := newKit(t)
	s, ps := k.live(t, 2)
	k.line.noEdge = true
	p, err := k.Pin(ctx, s.Slug, ps[0].ID, "", time.Time{})
	if err != nil || p.Media != nil || p.Rev != 1 {
		t.Errorf("%+v, %v", p, err)
	}
	k.line.noEdge = false
	if _, err := k.SetOnAir(ctx, s.Slug, false, false); err != nil {
		t.Fatal(err)
	}
	if p, err = k.Pin(ctx, s.Slug, ps[1].ID, "", time.Time{}); err != nil || p.Media == nil {
		t.Errorf("%+v, %v", p, err)
	}
}

// TestPinRush: many hands pin at once; three at most come on screen, each product once.
func TestPinRush(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	k := newKit(t)
	s, ps := k.live(t, 6)
	var ok atomic.Int64
	var wg sync.WaitGroup
	for i := range 36 {
		wg.Go(func() {
			_, err := k.Pin(ctx, s.Slug, ps[i%6].ID, "", time.Time{})
			if err == nil {
				ok.Add(1)
			} else if fault.KindOf(err) != fault.Conflict {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	open, err := k.Pins(ctx, s.Slug, true)
	if err != nil || len(open) != 3 || ok.Load() != 3 {
		t.Errorf("%d open, %d accepted, %v", len(open), ok.Load(), err)
	}
	products := map[catalogue.ProductID]bool{}
	for _, p := range open {
		products[p.Product] = true
	}
	if len(products) != 3 {
		t.Errorf("open: %+v", open)
	}
	closed, err := k.UnpinAll(ctx, s.Slug)
	if err != nil || len(closed) != 3 || closed[0].End == nil {
		t.Errorf("%+v, %v", closed, err)
	}
}

// TestResume is a restart: nobody is on air, and open pins go back on the new timeline with their ids.
func TestResume(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	k := newKit(t)
	s, ps := k.live(t, 2)
	p, err := k.Pin(ctx, s.Slug, ps[0].ID, "", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	q, err := k.Pin(ctx, s.Slug, ps[1].ID, "", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Unpin(ctx, s.Slug, q.ID, time.Time{}); err != nil {
		t.Fatal(err)
	}
	k.line.pins = map[show.PinID]show.Pin{}
	if err := k.Resume(ctx); err != nil {
		t.Fatal(err)
	}
	if s, err = k.Get(ctx, s.Slug); err != nil || s.OnAir || s.Status != show.Live {
		t.Errorf("%+v, %v", s, err)
	}
	if got, ok := k.line.pins[p.ID]; len(k.line.pins) != 1 || !ok || !got.Start.Equal(p.Start) {
		t.Errorf("%+v", k.line.pins)
	}
}
