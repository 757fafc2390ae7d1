// Package overlay turns pins into cues: it is the one place where the shop enters the media line. A pin
// becomes a daterange and an ID3 emsg with the same id at the same media time; what a card says beyond its
// ids (title, price, stock) is state and travels by the feed. It keeps no record of its own beyond what is
// on screen now: show.Pin is the truth.
package overlay

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"livesrv/internal/fault"
	"livesrv/internal/show"
	"livesrv/overlay/id3"
	"livesrv/packager"
)

const (
	// PinClass is the daterange CLASS, and the ID3 TXXX description, of every pin.
	PinClass = "dev.livesrv.pin"
	// Scheme is the emsg scheme of ID3 tags (AOM ID3-emsg §2).
	Scheme = "https://aomedia.org/emsg/ID3"
	// DataClass is that of timed data that a publisher sent along with its media.
	DataClass = "dev.livesrv.data"
	// CardAttribute carries the card: base64url, because a quoted-string may hold neither `"` nor `{$`
	// (RFC 8216bis §4.2, §4.3).
	CardAttribute = "X-LIVESRV-CARD"
	// DataAttribute carries a publisher's timed data in the same way.
	DataAttribute = "X-LIVESRV-DATA"
)

// Presenter is a presentation as the overlay needs it.
type Presenter interface {
	PutCue(packager.Cue) (packager.Bound, error)
	EndCue(id string, end time.Time) (packager.Bound, error)
}

// Finder gives the presentation of a stream; ok is false while it has none.
type Finder func(stream string) (p Presenter, ok bool)

// Timeline implements show.Timeline over the presentations. Its methods may be called concurrently.
type Timeline struct {
	find Finder
	log  *slog.Logger

	mu   sync.Mutex
	open map[show.Slug]map[show.PinID]show.Pin
}

// NewTimeline makes a Timeline; it starts nothing.
func NewTimeline(find Finder, log *slog.Logger) *Timeline {
	return &Timeline{find: find, log: log.With("room", "overlay"), open: map[show.Slug]map[show.PinID]show.Pin{}}
}

// Pin puts the pin's card on its show's presentation. Without one, or before its first picture, the pin
// waits for it: start is then p.Start and media is negative. A pin from before the first picture is at 0.
func (t *Timeline) Pin(_ context.Context, p show.Pin) (start time.Time, media time.Duration, err error) {
	t.keep(p)
	pr, ok := t.find(string(p.Show))
	if !ok {
		return p.Start, -1, nil
	}
	b, err := pr.PutCue(cue(p))
	if fault.KindOf(err) == fault.Gone { // it has ended; the pin waits for the next one
		return p.Start, -1, nil
	}
	if err != nil {
		t.drop(p)
		return time.Time{}, 0, err
	}
	if !b.Placed {
		return b.Start, -1, nil
	}
	return b.Start, max(b.Media, 0), nil
}

// Unpin ends the pin's card at p.End, or at its start where that is later, and says when that is.
func (t *Timeline) Unpin(_ context.Context, p show.Pin) (end time.Time, err error) {
	t.drop(p)
	end = p.Start
	if p.End != nil && p.End.After(end) {
		end = *p.End
	}
	pr, ok := t.find(string(p.Show))
	if !ok {
		return end, nil
	}
	b, err := pr.EndCue(string(p.ID), end)
	if k := fault.KindOf(err); err != nil && (k == fault.Gone || k == fault.NotFound) {
		return end, nil // the presentation has ended, or never had it: there is nothing left to take off
	}
	if err != nil {
		return time.Time{}, err
	}
	return b.End, nil
}

// Opened puts what is pinned now on a presentation that has just begun, so that its first playlist has it.
func (t *Timeline) Opened(stream string, pr Presenter) {
	t.mu.Lock()
	pins := make([]show.Pin, 0, show.MaxOpenPins)
	for _, p := range t.open[show.Slug(stream)] {
		pins = append(pins, p)
	}
	t.mu.Unlock()
	for _, p := range pins {
		if _, err := pr.PutCue(cue(p)); err != nil {
			t.log.Warn("pin not put on the new presentation", "show", p.Show, "pin", p.ID, "err", err)
		}
	}
}

func (t *Timeline) keep(p show.Pin) {
	t.mu.Lock()
	defer t.mu.Unlock()
	m := t.open[p.Show]
	if m == nil {
		m = map[show.PinID]show.Pin{}
		t.open[p.Show] = m
	}
	m[p.ID] = p
}

func (t *Timeline) drop(p show.Pin) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.open[p.Show], p.ID)
	if len(t.open[p.Show]) == 0 {
		delete(t.open, p.Show)
	}
}

// Card is what a cue says of a pin: its ids. Everything in it is immutable for the pin's life, because a
// daterange must keep its attributes (RFC 8216bis §4.4.5.1), also over a restart of the server.
type Card struct {
	Pin     show.PinID `json:"pin"`
	Product string     `json:"product,omitempty"`
	SKU     string     `json:"sku,omitempty"`
	// Off says that the card leaves the screen; only the emsg of an unpin has it.
	Off bool `json:"off,omitempty"`
}

func cue(p show.Pin) packager.Cue {
	card := text(Card{Pin: p.ID, Product: string(p.Product), SKU: string(p.SKU)})
	return packager.Cue{
		ID:         string(p.ID),
		Class:      PinClass,
		Start:      p.Start,
		Attrs:      []packager.Attr{{Name: CardAttribute, Value: base64.RawURLEncoding.EncodeToString(card)}},
		Scheme:     Scheme,
		Payload:    id3.AppendText(nil, PinClass, string(card)),
		EndPayload: id3.AppendText(nil, PinClass, string(text(Card{Pin: p.ID, Off: true}))),
	}
}

func text(c Card) []byte {
	b, err := json.Marshal(c)
	if err != nil { // strings and a bool always marshal
		panic(err)
	}
	return b
}

// DataCue makes the cue of timed data that came with the media: an instant at wall, named id.
// ok is false where the payload is empty or over id3.MaxText.
func DataCue(id, name string, wall time.Time, payload []byte) (c packager.Cue, ok bool) {
	if len(payload) == 0 || len(payload)+len(name) > id3.MaxText {
		return packager.Cue{}, false
	}
	return packager.Cue{
		ID:      id,
		Class:   DataClass,
		Start:   wall,
		End:     wall,
		Attrs:   []packager.Attr{{Name: DataAttribute, Value: base64.RawURLEncoding.EncodeToString(payload)}},
		Scheme:  Scheme,
		Payload: id3.AppendText(nil, DataClass+"."+name, string(payload)),
	}, true
}
