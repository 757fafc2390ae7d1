package show

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"livesrv/internal/catalogue"
	"livesrv/internal/fault"
)

// Config of shows and pins.
type Config struct {
	// Window is how far back in the past a pin may be put. It is the packager's window: the app sets it.
	Window time.Duration `yaml:"-"`
}

// DefaultConfig gives the defaults.
func DefaultConfig() Config { return Config{Window: time.Minute} }

// Validate says which value is out of its range.
func (c Config) Validate() error {
	if c.Window < time.Second || c.Window > 24*time.Hour {
		return fault.New(fault.Invalid, "%v is not from 1s to 24h", c.Window).At("window").WithHint("60s is the default")
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
	return &Service{cfg: cfg, deps: deps}, nil
}

var errSoon = fault.New(fault.Unavailable, "not yet")

// SetTimeline and SetEvents wire what is made after the Service; call them before the first request.
func (s *Service) SetTimeline(t Timeline) { s.deps.Timeline = t }

// SetEvents wires the listener.
func (s *Service) SetEvents(e Events) { s.deps.Events = e }

// Create adds a show, scheduled. fault.Invalid names the field; fault.Conflict when the slug is taken.
func (s *Service) Create(ctx context.Context, d Draft) (Show, error) { return Show{}, errSoon }

// Get gives a show; fault.NotFound.
func (s *Service) Get(ctx context.Context, slug Slug) (Show, error) { return Show{}, errSoon }

// List gives shows.
func (s *Service) List(ctx context.Context, f Filter) ([]Show, error) { return nil, errSoon }

// Update changes a show's words, times and terms.
func (s *Service) Update(ctx context.Context, slug Slug, p Patch) (Show, error) {
	return Show{}, errSoon
}

// Start makes a scheduled show live; a live one stays so; an ended one is fault.Conflict.
func (s *Service) Start(ctx context.Context, slug Slug) (Show, error) { return Show{}, errSoon }

// End ends a show and closes its pins; an ended one stays so.
func (s *Service) End(ctx context.Context, slug Slug) (Show, error) { return Show{}, errSoon }

// SetLineup replaces the line-up: the merchant's own products, each once, not archived, in the show's currency.
func (s *Service) SetLineup(ctx context.Context, slug Slug, products []catalogue.ProductID) (Show, error) {
	return Show{}, errSoon
}

// RotateKey gives the show a new random stream key; the old one admits nobody any more.
func (s *Service) RotateKey(ctx context.Context, slug Slug) (Show, error) { return Show{}, errSoon }

// Admit answers the ingest gate: which show may this key publish to? A scheduled show starts. fault.Unauthorized for an
// unknown key, fault.Conflict for an ended show.
func (s *Service) Admit(ctx context.Context, key string) (Show, error) { return Show{}, errSoon }

// SetOnAir records that media comes in, or not.
func (s *Service) SetOnAir(ctx context.Context, slug Slug, on bool) (Show, error) {
	return Show{}, errSoon
}

// Resume puts things right after a restart: nobody is on air, and open pins of live shows go back on the timeline.
func (s *Service) Resume(ctx context.Context) error { return errSoon }

// MaxOpenPins is how many products may be on screen at once.
const MaxOpenPins = 3

// Pin puts a product on screen at a wall time (zero means now; at most Config.Window ago and 10 s ahead).
// fault.Conflict when three are open, or this product is, or the show is not live.
func (s *Service) Pin(ctx context.Context, slug Slug, product catalogue.ProductID, sku catalogue.SKUID, at time.Time) (Pin, error) {
	return Pin{}, errSoon
}

// Unpin closes a pin at a wall time (zero means now). Closing a closed pin changes nothing and gives it as it is.
func (s *Service) Unpin(ctx context.Context, slug Slug, id PinID, at time.Time) (Pin, error) {
	return Pin{}, errSoon
}

// UnpinAll closes all open pins of a show now and gives them.
func (s *Service) UnpinAll(ctx context.Context, slug Slug) ([]Pin, error) { return nil, errSoon }

// Pins lists a show's pins by start.
func (s *Service) Pins(ctx context.Context, slug Slug, openOnly bool) ([]Pin, error) {
	return nil, errSoon
}

// NotLive is the refusal of what needs a live show.
func NotLive(s Show) error {
	if s.Status == Ended {
		return fault.New(fault.Conflict, "the show %q has ended", s.Slug).WithHint("make a new show for the next time")
	}
	return fault.New(fault.Conflict, "the show %q has not begun", s.Slug).WithHint("start it, or begin to publish with its stream key")
}
