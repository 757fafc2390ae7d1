package show_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"livesrv/internal/fault"
	"livesrv/internal/show"
)

// status reads how a show stands.
func (k *kit) status(t *testing.T, slug show.Slug) show.Show {
	t.Helper()
	s, err := k.Get(context.Background(), slug)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// wait lets time pass for the shows and for Run.
func (k *kit) wait(d time.Duration) {
	k.pass(d)
	time.Sleep(5 * time.Second)
	synctest.Wait()
}

// TestAbsence: a show whose publisher stays away ends by itself and closes its pins, and not before; the returning
// publisher finds it open again, for some hours, and a merchant can reopen it at any time.
func TestAbsence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error)
		go func() { done <- k.Run(ctx) }()
		defer func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		}()
		s, products := k.live(t, 1)
		if _, err := k.Pin(ctx, s.Slug, products[0].ID, "", time.Time{}); err != nil {
			t.Fatal(err)
		}
		onAir := func(on bool) {
			t.Helper()
			if _, err := k.SetOnAir(ctx, s.Slug, on, false); err != nil {
				t.Fatal(err)
			}
		}
		k.wait(time.Hour)
		onAir(false)
		k.wait(4 * time.Minute)
		onAir(true)
		onAir(false)
		k.wait(4 * time.Minute)
		if s = k.status(t, s.Slug); s.Status != show.Live || s.OffAirSince == nil {
			t.Fatalf("after 4 minutes away: %s, off air since %v", s.Status, s.OffAirSince)
		}
		k.wait(2 * time.Minute)
		if s = k.status(t, s.Slug); s.Status != show.Ended || s.EndReason != show.EndedAbsent {
			t.Fatalf("after 6 minutes away: %s, reason %q", s.Status, s.EndReason)
		}
		if open, err := k.Pins(ctx, s.Slug, true); err != nil || len(open) > 0 {
			t.Errorf("open pins of an ended show: %v, %v", open, err)
		}

		k.wait(5 * time.Hour)
		if s, err := k.Admit(ctx, s.StreamKey); err != nil || s.Status != show.Live || s.EndedAt != nil || s.EndReason != "" {
			t.Errorf("the returning publisher found %+v, %v", s, err)
		}
		k.wait(6 * time.Minute) // and sends nothing
		if s = k.status(t, s.Slug); s.Status != show.Ended {
			t.Errorf("a show whose publisher returned and sent nothing is %s", s.Status)
		}
		k.wait(7 * time.Hour)
		_, err := k.Admit(ctx, s.StreamKey)
		refused(t, "the next day", err, fault.Conflict, "")

		if s, err = k.Reopen(ctx, s.Slug); err != nil || s.Status != show.Live || s.EndedAt != nil {
			t.Errorf("reopened by hand: %+v, %v", s, err)
		}
		k.wait(7 * time.Hour)
		if s = k.status(t, s.Slug); s.Status != show.Live {
			t.Error("a show that was reopened by hand did not wait for its anchor")
		}
		if s, err = k.End(ctx, s.Slug); err != nil || s.EndReason != show.EndedByHand {
			t.Errorf("%+v, %v", s, err)
		}
		_, err = k.Admit(ctx, s.StreamKey)
		refused(t, "after it was ended by hand", err, fault.Conflict, "")
	})
}

// TestAbsenceOverRestart: while the server was down nobody could return, so the time counts anew; a show that nobody
// has published to yet does not end, and a scheduled one is not reopened.
func TestAbsenceOverRestart(t *testing.T) {
	k := newKit(t)
	ctx := context.Background()
	s, _ := k.live(t, 0)
	if _, err := k.SetOnAir(ctx, s.Slug, false, false); err != nil {
		t.Fatal(err)
	}
	k.pass(time.Hour)
	if err := k.Resume(ctx); err != nil {
		t.Fatal(err)
	}
	if s = k.status(t, s.Slug); s.Status != show.Live || s.OffAirSince == nil || !s.OffAirSince.Equal(k.now()) {
		t.Errorf("after a restart: %s, off air since %v", s.Status, s.OffAirSince)
	}
	early, err := k.Create(ctx, show.Draft{Merchant: k.merchant, Title: "Early", Currency: "EUR"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = k.Reopen(ctx, early.Slug)
	refused(t, "scheduled", err, fault.Conflict, "")
	if _, err := k.Start(ctx, early.Slug); err != nil {
		t.Fatal(err)
	}
	if err := k.Resume(ctx); err != nil {
		t.Fatal(err)
	}
	if early = k.status(t, early.Slug); early.OffAirSince != nil {
		t.Errorf("nobody has published to it, but it is off air since %v", early.OffAirSince)
	}
}
