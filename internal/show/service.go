package show

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"livesrv/internal/catalogue"
	"livesrv/internal/fault"
)

// Config of shows and pins.
type Config struct {
	// Window is how far back in the past a pin may be put. It is the packager's window: the app sets it.
	Window time.Duration `yaml:"-"`
	// EndAfter is how long a publisher may be away before its show ends by itself. It is the packager's end_after: the
	// app sets it.
	EndAfter time.Duration `yaml:"-"`
}

// DefaultConfig gives the defaults.
func DefaultConfig() Config { return Config{Window: time.Minute, EndAfter: 5 * time.Minute} }

// Validate says which value is out of its range.
func (c Config) Validate() error {
	if c.Window < time.Second || c.Window > 24*time.Hour {
		return fault.New(fault.Invalid, "%v is not from 1s to 24h", c.Window).At("window").WithHint("60s is the default")
	}
	if c.EndAfter < time.Second || c.EndAfter > 24*time.Hour {
		return fault.New(fault.Invalid, "%v is not from 1s to 24h", c.EndAfter).At("end_after").WithHint("5m is the default")
	}
	return nil
}

// Timeline is the media line: it binds a pin to the picture. Both methods may be called again for a pin already there.
type Timeline interface {
	// Pin puts the pin on the timeline and says where: the start as it will be written, and the media time; a negative
	// media time says that there is no media yet.
	Pin(ctx context.Context, p Pin) (start time.Time, media time.Duration, err error)
	// Unpin ends it at p.End (never before its start) and says when.
	Unpin(ctx context.Context, p Pin) (end time.Time, err error)
}

// Events hears of every committed change. Its methods must not block.
type Events interface {
	ShowChanged(Show)
	PinChanged(Pin)
}

// Products is what a show asks of the catalogue.
type Products interface {
	Product(ctx context.Context, id catalogue.ProductID) (catalogue.Product, error)
	ProductsByID(ctx context.Context, ids []catalogue.ProductID) ([]catalogue.Product, error)
}

// Store keeps shows.
type Store interface {
	// Show gives one by its slug; fault.NotFound.
	Show(ctx context.Context, slug Slug) (Show, error)
	// Shows lists by the filter.
	Shows(ctx context.Context, f Filter) ([]Show, error)
	// AddShow writes a new show; fault.Conflict when the slug or the key is taken.
	AddShow(ctx context.Context, s Show) error
	// ChangeShow reads the show, lets f change it, and writes it with Rev+1, in one transaction. f's error undoes it and
	// is returned. ErrSame from f: nothing to write, the show is returned as it is.
	ChangeShow(ctx context.Context, slug Slug, f func(*Show) error) (Show, error)
}

// ErrSame is what a change function returns when there is nothing to write.
var ErrSame = errors.New("nothing to change")

// KeyStore finds a show by the SHA-256 of its stream key: the database never compares the secret itself, so the time of
// a look-up tells nothing of it. fault.NotFound.
type KeyStore interface {
	ShowByKeyHash(ctx context.Context, hash [32]byte) (Show, error)
}

// PinStore keeps pins.
type PinStore interface {
	// AddPin writes a new pin if the show has less than max open ones and none of the same product; else fault.Conflict.
	AddPin(ctx context.Context, p Pin, max int) error
	// ChangePin reads, lets f change and writes a pin with Rev+1 in one transaction, like ChangeShow.
	ChangePin(ctx context.Context, slug Slug, id PinID, f func(*Pin) error) (Pin, error)
	// RemovePin forgets a pin that never came on the timeline.
	RemovePin(ctx context.Context, slug Slug, id PinID) error
	// Pins of a show by start; at most the newest 1000.
	Pins(ctx context.Context, slug Slug, openOnly bool) ([]Pin, error)
}

// Deps are what shows need of others.
type Deps struct {
	Store    Store
	Keys     KeyStore
	Pins     PinStore
	Products Products
	Timeline Timeline // nil: pins are records only, until SetTimeline
	Events   Events   // nil: nobody is told, until SetEvents
	Log      *slog.Logger
	Now      func() time.Time // nil means time.Now
}

// Service is the room of shows. Its methods may be called concurrently.
type Service struct {
	cfg  Config
	deps Deps
}

// New makes a Service; it starts nothing.
func New(cfg Config, deps Deps) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	deps.Log = deps.Log.With("room", "show")
	return &Service{cfg: cfg, deps: deps}, nil
}

// now is the time as it is kept: in milliseconds, UTC.
func (s *Service) now() time.Time { return s.deps.Now().UTC().Truncate(time.Millisecond) }

// SetTimeline wires the media line, which is made after the Service. Call it before the first request is served.
func (s *Service) SetTimeline(t Timeline) { s.deps.Timeline = t }

// SetEvents wires the listener, which is made after the Service. Call it before the first request is served.
func (s *Service) SetEvents(e Events) { s.deps.Events = e }

// change is ChangeShow with the time and the telling.
func (s *Service) change(ctx context.Context, slug Slug, f func(*Show) error) (Show, error) {
	changed := false
	sh, err := s.deps.Store.ChangeShow(ctx, slug, func(sh *Show) error {
		changed = false
		if err := f(sh); err != nil {
			return err
		}
		sh.Updated, changed = s.now(), true
		return nil
	})
	if err == nil && changed && s.deps.Events != nil {
		s.deps.Events.ShowChanged(sh)
	}
	return sh, err
}

// Create adds a show, scheduled. fault.Invalid names the field; fault.Conflict when the slug is taken.
func (s *Service) Create(ctx context.Context, d Draft) (Show, error) {
	now := s.now()
	sh := Show{
		Slug: d.Slug, Merchant: d.Merchant, Title: d.Title, Description: d.Description, Poster: d.Poster,
		StartsAt: d.StartsAt.UTC().Truncate(time.Millisecond), Status: Scheduled, StreamKey: d.StreamKey,
		EmbedOrigins: d.EmbedOrigins, Currency: d.Currency, Ways: d.Ways, PaymentNote: d.PaymentNote,
		Created: now, Updated: now, Rev: 1,
	}
	if d.StartsAt.IsZero() {
		sh.StartsAt = now
	}
	if len(sh.Ways) == 0 {
		sh.Ways = []string{CashOnDelivery}
	}
	if sh.StreamKey == "" {
		sh.StreamKey = newKey()
	}
	if sh.Slug == "" {
		sh.Slug = slugOf(sh.Title)
	}
	if err := check(&sh); err != nil {
		return Show{}, err
	}
	if err := s.checkLineup(ctx, sh, d.Lineup); err != nil {
		return Show{}, err
	}
	sh.Lineup = append([]catalogue.ProductID{}, d.Lineup...)
	if err := s.deps.Store.AddShow(ctx, sh); err != nil {
		return Show{}, err
	}
	s.deps.Log.Info("show created", "show", sh.Slug, "merchant", sh.Merchant)
	if s.deps.Events != nil {
		s.deps.Events.ShowChanged(sh)
	}
	return sh, nil
}

// Get gives a show; fault.NotFound.
func (s *Service) Get(ctx context.Context, slug Slug) (Show, error) {
	return s.deps.Store.Show(ctx, slug)
}

// List gives shows.
func (s *Service) List(ctx context.Context, f Filter) ([]Show, error) {
	if f.Limit == 0 {
		f.Limit = 100
	}
	if f.Limit < 1 || f.Limit > 500 {
		return nil, fault.New(fault.Invalid, "%d is not from 1 to 500", f.Limit).At("limit")
	}
	return s.deps.Store.Shows(ctx, f)
}

// Update changes a show's words, times and terms.
func (s *Service) Update(ctx context.Context, slug Slug, p Patch) (Show, error) {
	return s.change(ctx, slug, func(sh *Show) error {
		if p.Currency != nil && *p.Currency != sh.Currency {
			if sh.Status != Scheduled {
				return fault.New(fault.Conflict, "the show has begun: its currency stays").At("currency").WithHint("make a new show for another currency")
			}
			if len(sh.Lineup) > 0 {
				return fault.New(fault.Conflict, "the line-up is priced in %s", sh.Currency).At("currency").WithHint("empty the line-up first")
			}
			sh.Currency = *p.Currency
		}
		if p.StartsAt != nil {
			sh.StartsAt = p.StartsAt.UTC().Truncate(time.Millisecond)
		}
		set(&sh.Title, p.Title)
		set(&sh.Description, p.Description)
		set(&sh.Poster, p.Poster)
		set(&sh.PaymentNote, p.PaymentNote)
		if p.EmbedOrigins != nil {
			sh.EmbedOrigins = p.EmbedOrigins
		}
		if p.Ways != nil {
			sh.Ways = p.Ways
		}
		return check(sh)
	})
}

func set[T any](dst, src *T) {
	if src != nil {
		*dst = *src
	}
}

// Start makes a scheduled show live; a live one stays so; an ended one is fault.Conflict.
func (s *Service) Start(ctx context.Context, slug Slug) (Show, error) {
	return s.change(ctx, slug, func(sh *Show) error {
		switch sh.Status {
		case Live:
			return ErrSame
		case Ended:
			return NotLive(*sh)
		}
		now := s.now()
		sh.Status, sh.StartedAt = Live, &now
		s.deps.Log.Info("show started", "show", slug)
		return nil
	})
}

// End ends a show and closes its pins; an ended one stays so. A scheduled show may be ended too: it is called off.
func (s *Service) End(ctx context.Context, slug Slug) (Show, error) {
	return s.end(ctx, slug, EndedByHand, func(sh *Show) bool { return sh.Status != Ended })
}

// end ends a show if it still should be when it is written.
func (s *Service) end(ctx context.Context, slug Slug, why EndReason, still func(*Show) bool) (Show, error) {
	sh, err := s.change(ctx, slug, func(sh *Show) error {
		if !still(sh) {
			return ErrSame
		}
		now := s.now()
		attrs := []any{"show", slug, "reason", why}
		if sh.OffAirSince != nil {
			attrs = append(attrs, "nothing_came_for", now.Sub(*sh.OffAirSince).Round(time.Second))
		}
		sh.Status, sh.EndedAt, sh.EndReason, sh.OnAir, sh.Silent, sh.OffAirSince = Ended, &now, why, false, false, nil
		s.deps.Log.Info("show ended", attrs...)
		return nil
	})
	if err != nil {
		return Show{}, err
	}
	if sh.Status != Ended {
		return sh, nil // its publisher is back
	}
	// After the status: from now on the store takes no new pin, so none can slip in behind this. An earlier End that
	// failed half-way is completed here as well.
	_, err = s.UnpinAll(ctx, slug)
	return sh, err
}

// SetLineup replaces the line-up: the merchant's own products, each once, not archived, in the show's currency.
func (s *Service) SetLineup(ctx context.Context, slug Slug, products []catalogue.ProductID) (Show, error) {
	sh, err := s.Get(ctx, slug)
	if err != nil {
		return Show{}, err
	}
	if err := s.checkLineup(ctx, sh, products); err != nil {
		return Show{}, err
	}
	return s.change(ctx, slug, func(sh *Show) error {
		if slices.Equal(sh.Lineup, products) {
			return ErrSame
		}
		sh.Lineup = products
		return nil
	})
}

// RotateKey gives the show a new random stream key; the old one admits nobody any more.
func (s *Service) RotateKey(ctx context.Context, slug Slug) (Show, error) {
	return s.change(ctx, slug, func(sh *Show) error {
		sh.StreamKey = newKey()
		return nil
	})
}

// newKey is 26 random letters and digits (130 bits): nothing to guess, nothing that a URL or a shell would bend.
func newKey() string { return "sk-" + strings.ToLower(rand.Text()) }

// Admit answers the ingest gate: which show may this key publish to? A scheduled show starts, one that ended by itself
// a short while ago is reopened. fault.Unauthorized for an unknown key, fault.Conflict for a show that was ended. How long it takes does not depend on how nearly right a key is: the
// look-up compares hashes, and the comparison with the key itself takes constant time.
func (s *Service) Admit(ctx context.Context, key string) (Show, error) {
	sh, err := s.deps.Keys.ShowByKeyHash(ctx, sha256.Sum256([]byte(key)))
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return Show{}, err
	}
	a, b := sha256.Sum256([]byte(sh.StreamKey)), sha256.Sum256([]byte(key))
	if subtle.ConstantTimeCompare(a[:], b[:]) != 1 || err != nil {
		return Show{}, fault.New(fault.Unauthorized, "no show has this stream key").WithHint("copy the stream key of the show again; it may have been changed")
	}
	if sh.Status == Scheduled {
		return s.Start(ctx, sh.Slug)
	}
	if sh.Status == Ended {
		return s.readmit(ctx, sh.Slug)
	}
	return sh, nil
}

// SetOnAir records that media comes in, or not, and whether it is without sound. An ended show is never on air.
func (s *Service) SetOnAir(ctx context.Context, slug Slug, on, silent bool) (Show, error) {
	return s.change(ctx, slug, func(sh *Show) error {
		on := on && sh.Status == Live
		silent := silent && on
		if sh.OnAir == on && sh.Silent == silent {
			return ErrSame
		}
		sh.OnAir, sh.Silent, sh.OffAirSince = on, silent, nil
		if !on && sh.Status == Live {
			now := s.now()
			sh.OffAirSince = &now
		}
		return nil
	})
}

// awayFromNow counts a publisher's absence anew: while the server was down nobody could return.
func (s *Service) awayFromNow(ctx context.Context, slug Slug) (Show, error) {
	return s.change(ctx, slug, func(sh *Show) error {
		now := s.now()
		sh.OnAir, sh.Silent, sh.OffAirSince = false, false, &now
		return nil
	})
}

// Resume puts things right after a restart: nobody is on air, and the open pins of live shows go back on the timeline.
// Call it after SetTimeline and before publishers are let in.
func (s *Service) Resume(ctx context.Context) error {
	shows, err := s.deps.Store.Shows(ctx, Filter{Statuses: []Status{Live, Scheduled}, Limit: 10_000})
	if err != nil {
		return err
	}
	var errs []error
	for _, sh := range shows {
		if sh.OnAir || sh.OffAirSince != nil {
			_, err := s.awayFromNow(ctx, sh.Slug)
			errs = append(errs, err)
		}
		if sh.Status != Live {
			continue
		}
		open, err := s.Pins(ctx, sh.Slug, true)
		errs = append(errs, err)
		for _, p := range open {
			if s.deps.Timeline != nil {
				_, _, err := s.deps.Timeline.Pin(ctx, p)
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}
