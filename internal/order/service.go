package order

import (
	"context"
	"io"
	"log/slog"
	"time"

	"livesrv/internal/catalogue"
	"livesrv/internal/fault"
)

// Config of orders.
type Config struct {
	// Hold is how long an order waits for the merchant and keeps its stock before it expires. Default 48h, range 10m to 720h.
	Hold time.Duration `yaml:"hold"`
	// AfterShow is how long after a show's end orders are still taken. Default 1h, range 0 to 720h.
	AfterShow time.Duration `yaml:"after_show"`
}

// DefaultConfig gives the defaults.
func DefaultConfig() Config { return Config{Hold: 48 * time.Hour, AfterShow: time.Hour} }

// Validate says which value is out of its range.
func (c Config) Validate() error {
	if c.Hold < 10*time.Minute || c.Hold > 720*time.Hour {
		return fault.New(fault.Invalid, "%v is not from 10m to 720h", c.Hold).At("hold").WithHint("48h is the default")
	}
	if c.AfterShow < 0 || c.AfterShow > 720*time.Hour {
		return fault.New(fault.Invalid, "%v is not from 0s to 720h", c.AfterShow).At("after_show").WithHint("1h is the default")
	}
	return nil
}

// Terms are what an order must know of its show.
type Terms struct {
	Show        string
	Merchant    catalogue.MerchantID
	Currency    string
	Ways        []string
	PaymentNote string
	Ended       *time.Time
	Lineup      []catalogue.ProductID
}

// Shows gives the terms of a show; fault.NotFound.
type Shows interface {
	Terms(ctx context.Context, show string) (Terms, error)
}

// Products gives products by the SKUs of a cart.
type Products interface {
	// ProductsOfSKUs gives the products that the ids belong to, each once; unknown ids are left out.
	ProductsOfSKUs(ctx context.Context, ids []catalogue.SKUID) ([]catalogue.Product, error)
}

// Book writes orders. Each method is one transaction.
type Book interface {
	// Place takes the stock of every line in the order of SKU ids, each by one conditional statement, and writes the
	// order and its idempotency key. When the key (of this show) is known with the same hash the first order is given
	// and replay is true; with another hash: fault.Conflict. fault.SoldOut because of a *SoldOutError. ErrStale when a
	// price is not the one in o any more: quote again.
	Place(ctx context.Context, o Order, key string, hash [32]byte) (placed Order, replay bool, err error)
	// Settle moves an order that awaits the merchant to a final status, giving the stock back unless that is Confirmed.
	// changed says whether this call did it: an order with a final status, or with an Expires after a due that is not
	// zero, is given as it is. fault.NotFound.
	Settle(ctx context.Context, id ID, to Status, at, due time.Time) (o Order, changed bool, err error)
}

// Ledger reads orders.
type Ledger interface {
	Order(ctx context.Context, id ID) (Order, error)
	Orders(ctx context.Context, f Filter) ([]Order, error)
	// Due gives orders that await the merchant with Expires not after now, oldest first.
	Due(ctx context.Context, now time.Time, limit int) ([]ID, error)
	// ByKey gives the order placed under an idempotency key and the hash of its request; fault.NotFound.
	ByKey(ctx context.Context, show, key string) (Order, [32]byte, error)
}

// Provider is one way to pay.
type Provider interface {
	// Name is the way's stable name: "cash_on_delivery".
	Name() string
	// Check says what the request lacks for this way (fault.Invalid with the field).
	Check(r Request, t Terms) error
	// Instructions tell the buyer of a placed order how to pay; may be "".
	Instructions(o Order, t Terms) string
	// Hold is how long an order of this way keeps its stock while it awaits the merchant; 0 means Config.Hold.
	Hold() time.Duration
}

// Deps are what orders need of others.
type Deps struct {
	Shows     Shows
	Products  Products
	Book      Book
	Ledger    Ledger
	Providers []Provider
	Log       *slog.Logger
	Now       func() time.Time // nil means time.Now
}

// Service is the room of orders. Its methods may be called concurrently.
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

// OnOrder registers f, called after a commit with every placed or settled order. f must not block.
func (s *Service) OnOrder(f func(Order)) {}

// OnStock registers f, called after a commit with the products whose stock an order took or gave back. f must not block.
func (s *Service) OnStock(f func(products ...catalogue.ProductID)) {}

// Run expires orders until ctx ends.
func (s *Service) Run(ctx context.Context) error { return errSoon }

// Quote prices a cart. fault.Invalid names the item; what is short is told in Quote.Unavailable, not as an error.
func (s *Service) Quote(ctx context.Context, show string, items []Item) (Quote, error) {
	return Quote{}, errSoon
}

// Place takes the stock and writes the order, both or neither. The same key and request again give the same order.
// fault.Invalid (Field), fault.Conflict (key used for another request; or because of a *ChangedError),
// fault.SoldOut (because of a *SoldOutError, Field "items[i]").
func (s *Service) Place(ctx context.Context, r Request) (Order, error) { return Order{}, errSoon }

// Get gives an order; fault.NotFound.
func (s *Service) Get(ctx context.Context, id ID) (Order, error) { return Order{}, errSoon }

// ByToken gives an order to the buyer who holds its token; fault.NotFound for a wrong token as for no order.
func (s *Service) ByToken(ctx context.Context, id ID, token string) (Order, error) {
	return Order{}, errSoon
}

// List gives orders, newest first.
func (s *Service) List(ctx context.Context, f Filter) ([]Order, error) { return nil, errSoon }

// Confirm accepts an order for the merchant. Again: no change. fault.Conflict when it was cancelled or expired.
func (s *Service) Confirm(ctx context.Context, id ID) (Order, error) { return Order{}, errSoon }

// Cancel ends an order that awaits the merchant and gives its stock back, once. fault.Conflict when it was confirmed.
func (s *Service) Cancel(ctx context.Context, id ID) (Order, error) { return Order{}, errSoon }

// ExportCSV writes the orders of the filter (its Limit and After are ignored), newest first, one row a line.
func (s *Service) ExportCSV(ctx context.Context, f Filter, w io.Writer) error { return errSoon }
