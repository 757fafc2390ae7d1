package overlay

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"livesrv/internal/fault"
	"livesrv/internal/show"
	"livesrv/packager"
)

// ledger is a Presenter that keeps what it was given; every cue is placed two seconds into the media.
type ledger struct {
	put  []packager.Cue
	ends map[string]time.Time
	err  error
}

func (l *ledger) PutCue(c packager.Cue) (packager.Bound, error) {
	if l.err != nil {
		return packager.Bound{}, l.err
	}
	l.put = append(l.put, c)
	return packager.Bound{Start: c.Start, Media: 2 * time.Second, Placed: true}, nil
}

func (l *ledger) EndCue(id string, end time.Time) (packager.Bound, error) {
	if l.ends == nil {
		l.ends = map[string]time.Time{}
	}
	l.ends[id] = end
	return packager.Bound{End: end}, l.err
}

var at = time.Date(2026, 3, 1, 20, 0, 0, 0, time.UTC)

func pin(id string) show.Pin {
	return show.Pin{ID: show.PinID(id), Show: "tea", Product: "prd_1", SKU: "sku_1", Start: at, Rev: 3}
}

// timeline has a presentation for "tea" once l is set.
func timeline(l **ledger) *Timeline {
	return NewTimeline(func(name string) (Presenter, bool) {
		if *l == nil || name != "tea" {
			return nil, false
		}
		return *l, true
	}, slog.New(slog.DiscardHandler))
}

func TestPinWritesTheSameIdsTwice(t *testing.T) {
	l := &ledger{}
	start, media, err := timeline(&l).Pin(context.Background(), pin("pin_a"))
	if err != nil || !start.Equal(at) || media != 2*time.Second {
		t.Fatalf("Pin = %v, %v, %v", start, media, err)
	}
	c := l.put[0]
	if c.ID != "pin_a" || c.Class != PinClass || c.Scheme != Scheme || !c.End.IsZero() {
		t.Errorf("cue %+v", c)
	}
	want := Card{Pin: "pin_a", Product: "prd_1", SKU: "sku_1"}
	attr, err := base64.RawURLEncoding.DecodeString(c.Attrs[0].Value)
	if err != nil {
		t.Fatal(err)
	}
	var inPlaylist, inMedia, off Card
	tail := func(tag []byte) []byte { return tag[21+len(PinClass)+1:] }
	for _, step := range []struct {
		text []byte
		into *Card
	}{{attr, &inPlaylist}, {tail(c.Payload), &inMedia}, {tail(c.EndPayload), &off}} {
		if err := json.Unmarshal(step.text, step.into); err != nil {
			t.Fatalf("%q: %v", step.text, err)
		}
	}
	for _, d := range []string{cmp.Diff(want, inPlaylist), cmp.Diff(want, inMedia), cmp.Diff(Card{Pin: "pin_a", Off: true}, off)} {
		if d != "" {
			t.Errorf("(-want +got)\n%s", d)
		}
	}
}

// TestCardOutlivesRevisions: a daterange's attributes must be the same for ever, so a pin put again after a
// restart, with a higher revision, must give the same bytes.
func TestCardOutlivesRevisions(t *testing.T) {
	a, b := pin("pin_a"), pin("pin_a")
	b.Rev++
	b.Price.Amount = 99
	if d := cmp.Diff(cue(a), cue(b)); d != "" {
		t.Errorf("(-first +again)\n%s", d)
	}
}

func TestPinBeforeThePictureWaitsForIt(t *testing.T) {
	var l *ledger
	tl := timeline(&l)
	start, media, err := tl.Pin(context.Background(), pin("pin_a"))
	if err != nil || !start.Equal(at) || media >= 0 {
		t.Fatalf("Pin = %v, %v, %v; want its own start and no media time", start, media, err)
	}
	if _, _, err := tl.Pin(context.Background(), pin("pin_b")); err != nil {
		t.Fatal(err)
	}
	end := at.Add(time.Second)
	gone := pin("pin_b")
	gone.End = &end
	if got, err := tl.Unpin(context.Background(), gone); err != nil || !got.Equal(end) {
		t.Fatalf("Unpin = %v, %v", got, err)
	}
	l = &ledger{}
	tl.Opened("tea", l)
	if len(l.put) != 1 || l.put[0].ID != "pin_a" {
		t.Fatalf("the new presentation has %+v, want pin_a alone", l.put)
	}
	tl.Opened("other", l)
	if len(l.put) != 1 {
		t.Error("another stream's presentation got the pin")
	}
}

func TestUnpinNeverEndsBeforeTheStart(t *testing.T) {
	l := &ledger{}
	p, early := pin("pin_a"), at.Add(-time.Minute)
	p.End = &early
	got, err := timeline(&l).Unpin(context.Background(), p)
	if err != nil || !got.Equal(at) || !l.ends["pin_a"].Equal(at) {
		t.Errorf("Unpin = %v, %v, presentation %v; want the start", got, err, l.ends)
	}
}

func TestRefusedPinIsNotPutAgain(t *testing.T) {
	l := &ledger{err: errors.New("window passed")}
	tl := timeline(&l)
	if _, _, err := tl.Pin(context.Background(), pin("pin_a")); err == nil {
		t.Fatal("no error")
	}
	next := &ledger{}
	tl.Opened("tea", next)
	if len(next.put) != 0 {
		t.Errorf("put %+v", next.put)
	}
}

func TestDataCue(t *testing.T) {
	c, ok := DataCue("dat_1", "onTextData", at, []byte(`{"text":"hi {$x}"}`))
	if !ok || c.Class != DataClass || !c.End.Equal(c.Start) {
		t.Fatalf("cue %+v, %v", c, ok)
	}
	got, err := base64.RawURLEncoding.DecodeString(c.Attrs[0].Value)
	if err != nil || string(got) != `{"text":"hi {$x}"}` {
		t.Errorf("attribute %q, %v", got, err)
	}
	for _, n := range []int{0, 64<<10 + 1} {
		if _, ok := DataCue("dat_1", "onFI", at, make([]byte, n)); ok {
			t.Errorf("%d bytes taken", n)
		}
	}
}

// TestEndedPresentation: a pin can still be put and taken off; the next presentation gets what is open.
func TestEndedPresentation(t *testing.T) {
	over := &ledger{err: fault.New(fault.Gone, "ended")}
	tl := timeline(&over)
	if _, media, err := tl.Pin(context.Background(), pin("pin_a")); err != nil || media >= 0 {
		t.Errorf("Pin: media %v, %v", media, err)
	}
	if _, _, err := tl.Pin(context.Background(), pin("pin_b")); err != nil {
		t.Errorf("Pin: %v", err)
	}
	if _, err := tl.Unpin(context.Background(), pin("pin_b")); err != nil {
		t.Errorf("Unpin: %v", err)
	}
	next := &ledger{}
	tl.Opened("tea", next)
	if len(next.put) != 1 || next.put[0].ID != "pin_a" {
		t.Errorf("the next presentation has %+v, want pin_a", next.put)
	}
}
