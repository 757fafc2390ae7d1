package order

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
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
	// Settle moves an order on, giving the stock back unless that is to Confirmed. It must await the merchant; a
	// confirmed one can be cancelled too. changed says whether this call did it: an order that cannot be moved so, or
	// with an Expires after a Due that is not zero, is given as it is. fault.NotFound.
	Settle(ctx context.Context, id ID, s Settlement) (o Order, changed bool, err error)
}

// Settlement is what becomes of an order.
type Settlement struct {
	To     Status
	Reason string // of a cancellation
	At     time.Time
	Due    time.Time // not zero: only when the order's Expires is not after it
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

// Sums adds up orders.
type Sums interface {
	// Totals of the orders of a show that were neither cancelled nor expired.
	Totals(ctx context.Context, show string) (Totals, error)
}

// Totals are what a show has sold.
type Totals struct {
	Orders  int
	Open    int // of these, still awaiting the merchant
	Units   int
	Revenue catalogue.Money // the currency is "" without orders
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
	Sums      Sums
	Providers []Provider
	Log       *slog.Logger
	Now       func() time.Time // nil means time.Now
}

// Service is the room of orders. Its methods may be called concurrently.
type Service struct {
	cfg     Config
	deps    Deps
	ways    map[string]Provider
	onOrder []func(Order)
	onStock []func(...catalogue.ProductID)
}

// New makes a Service; it starts nothing.
func New(cfg Config, deps Deps) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	deps.Log = deps.Log.With("room", "order")
	s := &Service{cfg: cfg, deps: deps, ways: map[string]Provider{}}
	for _, p := range deps.Providers {
		s.ways[p.Name()] = p
	}
	return s, nil
}

// now is the time as it is kept: in milliseconds, UTC.
func (s *Service) now() time.Time { return s.deps.Now().UTC().Truncate(time.Millisecond) }

// OnOrder registers f, called after the commit with every placed or settled order. Register before the first request
// is served; f must not block.
func (s *Service) OnOrder(f func(Order)) { s.onOrder = append(s.onOrder, f) }

// OnStock registers f, called after the commit with the products whose stock an order took or gave back. Register
// before the first request is served; f must not block.
func (s *Service) OnStock(f func(products ...catalogue.ProductID)) { s.onStock = append(s.onStock, f) }

func (s *Service) tell(o Order, stock bool) {
	for _, f := range s.onOrder {
		f(o)
	}
	if !stock {
		return
	}
	var ids []catalogue.ProductID
	for _, l := range o.Lines {
		if !slices.Contains(ids, l.Product) {
			ids = append(ids, l.Product)
		}
	}
	for _, f := range s.onStock {
		f(ids...)
	}
}

// Quote prices a cart. fault.Invalid names the item; what is short is told in Quote.Unavailable, not as an error.
func (s *Service) Quote(ctx context.Context, show string, items []Item) (Quote, error) {
	items, err := cleanItems(items)
	if err != nil {
		return Quote{}, err
	}
	t, err := s.terms(ctx, show)
	if err != nil {
		return Quote{}, err
	}
	return s.quote(ctx, t, items)
}

// terms gives the terms of a show that takes orders.
func (s *Service) terms(ctx context.Context, show string) (Terms, error) {
	t, err := s.deps.Shows.Terms(ctx, show)
	if err != nil {
		return Terms{}, err
	}
	if t.Ended != nil && s.now().After(t.Ended.Add(s.cfg.AfterShow)) {
		return Terms{}, fault.New(fault.Conflict, "the show has ended and takes no orders any more").WithHint("ask the merchant")
	}
	return t, nil
}

func (s *Service) quote(ctx context.Context, t Terms, items []Item) (Quote, error) {
	ids := make([]catalogue.SKUID, len(items))
	for i, it := range items {
		ids[i] = it.SKU
	}
	products, err := s.deps.Products.ProductsOfSKUs(ctx, ids)
	if err != nil {
		return Quote{}, err
	}
	q := Quote{Show: t.Show, Total: catalogue.Money{Currency: t.Currency}, Ways: s.offered(t), Unavailable: []Shortage{}}
	for i, it := range items {
		p, sku, ok := find(products, it.SKU)
		if !ok || p.Archived || !slices.Contains(t.Lineup, p.ID) {
			return Quote{}, fault.New(fault.Invalid, "%q is not sold in this show", it.SKU).At(fmt.Sprintf("items[%d].sku", i)).
				WithHint("take it out of the cart")
		}
		if sku.Price.Currency != t.Currency {
			return Quote{}, fault.New(fault.Invalid, "%q is sold in %s, this show in %s", p.Title, sku.Price.Currency, t.Currency).
				At(fmt.Sprintf("items[%d].sku", i)).WithHint("take it out of the cart")
		}
		l := Line{
			SKU: sku.ID, Product: p.ID, Title: p.Title, Code: sku.Code, Options: sku.Options, Quantity: it.Quantity, Unit: sku.Price,
			Total: catalogue.Money{Amount: sku.Price.Amount * int64(it.Quantity), Currency: t.Currency},
		}
		q.Lines = append(q.Lines, l)
		q.Total.Amount += l.Total.Amount
		if sku.Stock < it.Quantity {
			q.Unavailable = append(q.Unavailable, Shortage{SKU: sku.ID, Asked: it.Quantity, Left: sku.Stock})
		}
	}
	return q, nil
}

func find(products []catalogue.Product, id catalogue.SKUID) (catalogue.Product, catalogue.SKU, bool) {
	for _, p := range products {
		if sku, ok := p.SKU(id); ok {
			return p, sku, true
		}
	}
	return catalogue.Product{}, catalogue.SKU{}, false
}

// offered is the show's ways to pay that this server has.
func (s *Service) offered(t Terms) []Way {
	out := []Way{}
	for _, w := range t.Ways {
		if _, ok := s.ways[w]; ok {
			out = append(out, Way{Name: w})
		}
	}
	return out
}

// attempts is how often Place quotes again when the catalogue changes between its look and its transaction.
const attempts = 5

// Place takes the stock and writes the order, both or neither. The same key and request again give the same order.
// fault.Invalid (Field), fault.Conflict (key used for another request; or because of a *ChangedError),
// fault.SoldOut (because of a *SoldOutError, Field "items[i]").
func (s *Service) Place(ctx context.Context, r Request) (Order, error) {
	r, err := clean(r)
	if err != nil {
		return Order{}, err
	}
	hash := r.hash()
	// A repeated request is answered before anything else is looked at: by now the show may be over, or sold out.
	switch o, was, err := s.deps.Ledger.ByKey(ctx, r.Show, r.IdempotencyKey); {
	case err == nil && was == hash:
		return o, nil
	case err == nil:
		return Order{}, KeyUsed()
	case fault.KindOf(err) != fault.NotFound:
		return Order{}, err
	}
	t, err := s.terms(ctx, r.Show)
	if err != nil {
		return Order{}, err
	}
	provider, ok := s.ways[r.Way]
	if !ok || !slices.Contains(t.Ways, r.Way) {
		return Order{}, fault.New(fault.Invalid, "%q is not a way to pay in this show", r.Way).At("way").WithHint("choose one of %v", t.Ways)
	}
	if err := provider.Check(r, t); err != nil {
		return Order{}, err
	}
	for range attempts {
		o, err := s.place(ctx, r, t, provider, hash)
		if !errors.Is(err, ErrStale) {
			return o, err
		}
	}
	return Order{}, fault.New(fault.Unavailable, "the prices are changing just now").WithHint("look at the cart and try again")
}

func (s *Service) place(ctx context.Context, r Request, t Terms, p Provider, hash [32]byte) (Order, error) {
	q, err := s.quote(ctx, t, r.Items)
	if err != nil {
		return Order{}, err
	}
	if len(q.Unavailable) > 0 {
		return Order{}, s.soldOut(q, q.Unavailable[0])
	}
	if r.Expect != nil && *r.Expect != q.Total {
		return Order{}, fault.New(fault.Conflict, "the total is %v now, not %v", q.Total, *r.Expect).At("expect").
			WithHint("show the buyer the new total and send it").Because(&ChangedError{q})
	}
	hold := p.Hold()
	if hold == 0 {
		hold = s.cfg.Hold
	}
	now := s.now()
	o := Order{
		ID: ID(catalogue.NewID("ord")), Number: newNumber(), Show: r.Show, Merchant: t.Merchant, Pin: r.Pin,
		Lines: q.Lines, Total: q.Total, Contact: r.Contact, Address: r.Address, Note: r.Note, Way: r.Way,
		Status: AwaitingMerchant, Token: rand.Text(), Created: now, Updated: now, Expires: now.Add(hold),
	}
	o.Instructions = p.Instructions(o, t)
	o, replay, err := s.deps.Book.Place(ctx, o, r.IdempotencyKey, hash)
	if short, ok := errors.AsType[*SoldOutError](err); ok {
		return Order{}, s.soldOut(q, short.Shortage)
	}
	if err != nil {
		return Order{}, err
	}
	if !replay {
		s.deps.Log.Info("order placed", "order", o.ID, "show", o.Show, "total", o.Total.String(), "lines", len(o.Lines))
		s.tell(o, true)
	}
	return o, nil
}

// soldOut names the item of the request that is short.
func (s *Service) soldOut(q Quote, short Shortage) error {
	i := slices.IndexFunc(q.Lines, func(l Line) bool { return l.SKU == short.SKU })
	return SoldOut(short, q.Lines[i].Title).At(fmt.Sprintf("items[%d]", i))
}

// hash is the request as it must be when its key comes again.
func (r Request) hash() [32]byte {
	b, _ := json.Marshal(r) // plain values: cannot fail
	return sha256.Sum256(b)
}

// newNumber makes a number that people can say on the phone: "A7K2-19".
func newNumber() string {
	const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails
	n := []byte("0000-00")
	for i := range 4 {
		n[i] = alphabet[b[i]&31]
	}
	n[5], n[6] = '0'+b[4]%10, '0'+b[5]%10
	return string(n)
}

// Get gives an order; fault.NotFound.
func (s *Service) Get(ctx context.Context, id ID) (Order, error) { return s.deps.Ledger.Order(ctx, id) }

// ByToken gives an order to the buyer who holds its token; fault.NotFound for a wrong token as for no order.
func (s *Service) ByToken(ctx context.Context, id ID, token string) (Order, error) {
	o, err := s.deps.Ledger.Order(ctx, id)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return Order{}, err
	}
	a, b := sha256.Sum256([]byte(o.Token)), sha256.Sum256([]byte(token))
	if subtle.ConstantTimeCompare(a[:], b[:]) != 1 || err != nil {
		return Order{}, fault.New(fault.NotFound, "there is no such order").WithHint("open the address that was shown after ordering")
	}
	return o, nil
}

// List gives orders, newest first.
func (s *Service) List(ctx context.Context, f Filter) ([]Order, error) {
	if f.Limit == 0 {
		f.Limit = 100
	}
	if f.Limit < 1 || f.Limit > 500 {
		return nil, fault.New(fault.Invalid, "%d is not from 1 to 500", f.Limit).At("limit")
	}
	return s.deps.Ledger.Orders(ctx, f)
}

// Totals adds up the orders of a show that were neither cancelled nor expired.
func (s *Service) Totals(ctx context.Context, show string) (Totals, error) {
	return s.deps.Sums.Totals(ctx, show)
}
