package catalogue

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"livesrv/internal/fault"
)

// Config of the catalogue.
type Config struct {
	// LowStock is the number of pieces from which a SKU counts as nearly sold out. Default 5, range 0 to 1000.
	LowStock int `yaml:"low_stock"`
}

// DefaultConfig gives the defaults.
func DefaultConfig() Config { return Config{LowStock: 5} }

// Validate says which value is out of its range.
func (c Config) Validate() error {
	if c.LowStock < 0 || c.LowStock > 1000 {
		return fault.New(fault.Invalid, "%d is not a number of pieces from 0 to 1000", c.LowStock).At("low_stock").
			WithHint("5 is the default")
	}
	return nil
}

// Deps are what the catalogue needs of others.
type Deps struct {
	Merchants MerchantStore
	Products  ProductStore
	Prices    PriceStore
	Images    ImageStore
	Log       *slog.Logger
	Now       func() time.Time // nil means time.Now
}

// MerchantStore keeps merchants.
type MerchantStore interface {
	// Merchants lists all, oldest first.
	Merchants(ctx context.Context) ([]Merchant, error)
	// AddMerchant adds one; with only set, only when there is none yet, else fault.Conflict.
	AddMerchant(ctx context.Context, m Merchant, only bool) error
}

// ErrSame is what a change function returns when there is nothing to write.
var ErrSame = errors.New("nothing to change")

// ProductStore keeps products with their SKUs and image facts.
type ProductStore interface {
	// Product gives one by id; fault.NotFound when there is none.
	Product(ctx context.Context, id ProductID) (Product, error)
	// Products gives what the selection names, ordered by handle (by Selection.IDs where those are given).
	Products(ctx context.Context, sel Selection) ([]Product, error)
	// AddProduct writes a new product with Rev 1 and the first prices of its SKUs. fault.Conflict when its handle is taken.
	AddProduct(ctx context.Context, p Product) error
	// ChangeProduct reads the product, lets f change it and writes it with Rev+1, all in one transaction, with a price
	// history entry at p.Updated for every price that is new or changed. SKUs that f leaves out are removed; images can be
	// reordered and relabelled only. An error of f undoes everything and is returned; ErrSame writes nothing and gives the
	// product as it is. f runs on the only writer: it must be quick and must not call the store.
	ChangeProduct(ctx context.Context, id ProductID, f func(*Product) error) (Product, error)
}

// Selection is what ProductStore.Products reads: a Filter for one merchant, or ids, or a handle, or a SKU.
type Selection struct {
	Merchant MerchantID
	Filter   Filter
	LowStock int         // the line for Filter.LowStock
	IDs      []ProductID // when not nil: exactly these, in this order, unknown ones left out
	Handle   string      // when set: the merchant's product with this handle
	SKU      SKUID       // when set: the product of this SKU
}

// PriceStore reads price history.
type PriceStore interface {
	// PriceHistory gives the newest limit entries of a SKU, oldest first.
	PriceHistory(ctx context.Context, id SKUID, limit int) ([]PriceChange, error)
}

// NewImage is a picture to keep.
type NewImage struct {
	Image
	Source string // the address it was fetched from, or ""
	Large  []byte // JPEG
	Thumb  []byte // JPEG
}

// ImageStore keeps pictures.
type ImageStore interface {
	// AddImage appends the picture to the product. fault.NotFound; fault.TooLarge when the product has limit pictures.
	AddImage(ctx context.Context, p ProductID, img NewImage, limit int, at time.Time) (Product, error)
	// RemoveImage removes it, from SKUs that show it too; fault.NotFound when it is not this product's.
	RemoveImage(ctx context.Context, p ProductID, id ImageID, at time.Time) (Product, error)
	// ImageBytes gives the JPEG; fault.NotFound.
	ImageBytes(ctx context.Context, id ImageID, thumb bool) ([]byte, error)
	// ImageSources maps the addresses a product's pictures were fetched from to the pictures.
	ImageSources(ctx context.Context, p ProductID) (map[string]ImageID, error)
}

// Service is the catalogue. Its methods may be called concurrently.
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

// OnChange registers f, called with the id after every committed change of a product (price, stock, text, picture).
// Register before the first request is served. f must not block.
func (s *Service) OnChange(f func(ProductID)) {}

// Changed tells the registered functions that a product has changed by another room's hand (an order took stock).
func (s *Service) Changed(ids ...ProductID) {}

// LowStock is the configured line: a SKU with so many pieces or fewer (and not none) is low.
func (s *Service) LowStock() int { return s.cfg.LowStock }

// DefaultMerchant gives the first merchant and creates it with this name when there is none.
func (s *Service) DefaultMerchant(ctx context.Context, name string) (Merchant, error) {
	return Merchant{}, errSoon
}

// Merchants lists all merchants, oldest first.
func (s *Service) Merchants(ctx context.Context) ([]Merchant, error) { return nil, errSoon }

// Products lists a merchant's products by handle.
func (s *Service) Products(ctx context.Context, m MerchantID, f Filter) ([]Product, error) {
	return nil, errSoon
}

// ProductsByID gives products in the order of ids; unknown ids are left out.
func (s *Service) ProductsByID(ctx context.Context, ids []ProductID) ([]Product, error) {
	return nil, errSoon
}

// Product gives one product; fault.NotFound.
func (s *Service) Product(ctx context.Context, id ProductID) (Product, error) {
	return Product{}, errSoon
}

// ProductByHandle gives a merchant's product by its handle; fault.NotFound.
func (s *Service) ProductByHandle(ctx context.Context, m MerchantID, handle string) (Product, error) {
	return Product{}, errSoon
}

// ProductOfSKU gives the product a SKU belongs to; fault.NotFound.
func (s *Service) ProductOfSKU(ctx context.Context, id SKUID) (Product, error) {
	return Product{}, errSoon
}

// Create adds a product. fault.Invalid names the field; fault.Conflict when the handle is taken.
func (s *Service) Create(ctx context.Context, m MerchantID, d Draft) (Product, error) {
	return Product{}, errSoon
}

// Update changes a product.
func (s *Service) Update(ctx context.Context, id ProductID, p Patch) (Product, error) {
	return Product{}, errSoon
}

// Archive takes a product out of sale; its records stay. Update with Archived false brings it back.
func (s *Service) Archive(ctx context.Context, id ProductID) (Product, error) {
	return Product{}, errSoon
}

// ChangeSKU changes price, strike price and stock of one SKU in one step.
func (s *Service) ChangeSKU(ctx context.Context, id SKUID, p SKUPatch) (Product, error) {
	return Product{}, errSoon
}

// SetPrice sets the price of a SKU, in its currency's minor units.
func (s *Service) SetPrice(ctx context.Context, id SKUID, amount int64) (Product, error) {
	return Product{}, errSoon
}

// SetStock sets the stock of a SKU.
func (s *Service) SetStock(ctx context.Context, id SKUID, n int) (Product, error) {
	return Product{}, errSoon
}

// AdjustStock adds delta to the stock of a SKU; fault.Conflict when it would fall below zero.
func (s *Service) AdjustStock(ctx context.Context, id SKUID, delta int) (Product, error) {
	return Product{}, errSoon
}

// PriceHistory lists the prices of a SKU, oldest first, the newest 1000.
func (s *Service) PriceHistory(ctx context.Context, id SKUID) ([]PriceChange, error) {
	return nil, errSoon
}

// AddImage reads a picture (JPEG, PNG, GIF or WebP, at most 10 MB and 40 megapixels) and appends it to the product.
func (s *Service) AddImage(ctx context.Context, p ProductID, r io.Reader, alt string) (Product, Image, error) {
	return Product{}, Image{}, errSoon
}

// RemoveImage removes a picture from a product.
func (s *Service) RemoveImage(ctx context.Context, p ProductID, id ImageID) (Product, error) {
	return Product{}, errSoon
}

// Image gives the JPEG bytes of a picture; they never change for an id. fault.NotFound.
func (s *Service) Image(ctx context.Context, id ImageID, thumb bool) ([]byte, error) {
	return nil, errSoon
}

// ImportOptions steer an import.
type ImportOptions struct {
	DryRun   bool   // report only, change nothing
	Currency string // for files that do not name one (Shopify's): ISO 4217; required then
	SetStock bool   // write the file's stock over that of SKUs that exist; new SKUs always get it
	NoFetch  bool   // leave remote pictures alone
}

// RowResult says what became of a row.
type RowResult string

// The results.
const (
	Created   RowResult = "created"
	Updated   RowResult = "updated"
	Unchanged RowResult = "unchanged"
	Refused   RowResult = "refused"
)

// Row is the report of one row of the file.
type Row struct {
	Line     int       `json:"line"` // of the file, from 1, where the row begins
	Handle   string    `json:"handle"`
	Result   RowResult `json:"result"`
	Taken    []string  `json:"taken,omitempty"` // the fields that were set or changed
	Reason   string    `json:"reason,omitempty"`
	Hint     string    `json:"hint,omitempty"`
	Warnings []string  `json:"warnings,omitempty"`
}

// Report is what an import did, or would do.
type Report struct {
	Dialect   string `json:"dialect"` // "livesrv", "shopify", "shopify-legacy"
	DryRun    bool   `json:"dryRun"`
	Created   int    `json:"created"` // products
	Updated   int    `json:"updated"`
	Unchanged int    `json:"unchanged"`
	Refused   int    `json:"refused"` // rows
	Rows      []Row  `json:"rows"`
}

// Import reads a CSV file: ours or one of Shopify's two dialects, told by its header.
func (s *Service) Import(ctx context.Context, m MerchantID, r io.Reader, o ImportOptions) (Report, error) {
	return Report{}, errSoon
}

// Export writes a merchant's products as CSV that Import reads back to 'unchanged'.
func (s *Service) Export(ctx context.Context, m MerchantID, w io.Writer) error { return errSoon }
