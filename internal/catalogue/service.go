package catalogue

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
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
	Fetcher   Fetcher // for pictures that an import names by address; nil means NewFetcher(PublicOnly)
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
	cfg      Config
	deps     Deps
	onChange []func(ProductID)
	decoding chan struct{} // one slot: a picture of 40 megapixels takes 160 MB while it is decoded
}

// New makes a Service; it starts nothing.
func New(cfg Config, deps Deps) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	if deps.Fetcher == nil {
		deps.Fetcher = NewFetcher(PublicOnly)
	}
	deps.Log = deps.Log.With("room", "catalogue")
	return &Service{cfg: cfg, deps: deps, decoding: make(chan struct{}, 1)}, nil
}

// now is the time as it is kept: in milliseconds, UTC.
func (s *Service) now() time.Time { return s.deps.Now().UTC().Truncate(time.Millisecond) }

// OnChange registers f, called with the id after every committed change of a product (price, stock, text, picture).
// Register before the first request is served. f must not block.
func (s *Service) OnChange(f func(ProductID)) { s.onChange = append(s.onChange, f) }

// Changed tells the registered functions that products have changed by another room's hand (an order took stock).
func (s *Service) Changed(ids ...ProductID) {
	for _, id := range ids {
		for _, f := range s.onChange {
			f(id)
		}
	}
}

// LowStock is the configured line: a SKU with so many pieces or fewer (and not none) is low.
func (s *Service) LowStock() int { return s.cfg.LowStock }

// DefaultMerchant gives the first merchant and creates it with this name when there is none.
func (s *Service) DefaultMerchant(ctx context.Context, name string) (Merchant, error) {
	all, err := s.deps.Merchants.Merchants(ctx)
	if err != nil {
		return Merchant{}, err
	}
	if len(all) == 0 {
		m := Merchant{ID: MerchantID(NewID("mer")), Name: name, Created: s.now()}
		if err := s.deps.Merchants.AddMerchant(ctx, m, true); err != nil && fault.KindOf(err) != fault.Conflict {
			return Merchant{}, err
		}
		if all, err = s.deps.Merchants.Merchants(ctx); err != nil {
			return Merchant{}, err
		}
	}
	return all[0], nil
}

// Merchants lists all merchants, oldest first.
func (s *Service) Merchants(ctx context.Context) ([]Merchant, error) {
	return s.deps.Merchants.Merchants(ctx)
}

// Products lists a merchant's products by handle.
func (s *Service) Products(ctx context.Context, m MerchantID, f Filter) ([]Product, error) {
	if f.Limit == 0 {
		f.Limit = 100
	}
	if f.Limit < 1 || f.Limit > 500 {
		return nil, fault.New(fault.Invalid, "%d is not from 1 to 500", f.Limit).At("limit")
	}
	if len(f.Query) > 200 {
		return nil, fault.New(fault.Invalid, "the query is too long").At("query").WithHint("200 bytes are the most")
	}
	return s.deps.Products.Products(ctx, Selection{Merchant: m, Filter: f, LowStock: s.cfg.LowStock})
}

// ProductsByID gives products in the order of ids; unknown ids are left out.
func (s *Service) ProductsByID(ctx context.Context, ids []ProductID) ([]Product, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return s.deps.Products.Products(ctx, Selection{IDs: ids})
}

// Product gives one product; fault.NotFound.
func (s *Service) Product(ctx context.Context, id ProductID) (Product, error) {
	return s.deps.Products.Product(ctx, id)
}

// ProductByHandle gives a merchant's product by its handle; fault.NotFound.
func (s *Service) ProductByHandle(ctx context.Context, m MerchantID, handle string) (Product, error) {
	return s.single(ctx, Selection{Merchant: m, Handle: handle}, handle)
}

// ProductOfSKU gives the product a SKU belongs to; fault.NotFound.
func (s *Service) ProductOfSKU(ctx context.Context, id SKUID) (Product, error) {
	return s.single(ctx, Selection{SKU: id}, string(id))
}

func (s *Service) single(ctx context.Context, sel Selection, name string) (Product, error) {
	missing := fault.New(fault.NotFound, "there is no product %q", name)
	if name == "" {
		return Product{}, missing
	}
	ps, err := s.deps.Products.Products(ctx, sel)
	if err != nil {
		return Product{}, err
	}
	if len(ps) == 0 {
		return Product{}, missing
	}
	return ps[0], nil
}

// Create adds a product. fault.Invalid names the field; fault.Conflict when the handle is taken.
func (s *Service) Create(ctx context.Context, m MerchantID, d Draft) (Product, error) {
	now := s.now()
	p := Product{
		ID: ProductID(NewID("prd")), Merchant: m, Handle: d.Handle, Title: d.Title, Description: d.Description,
		Vendor: d.Vendor, Options: append([]string{}, d.Options...), Images: []Image{}, Created: now, Updated: now, Rev: 1,
	}
	if p.Handle == "" {
		p.Handle = HandleOf(p.Title)
	}
	for i, sd := range d.SKUs {
		if sd.ID != "" {
			return Product{}, fault.New(fault.Invalid, "a new product's choices have no ids yet").At(fmt.Sprintf("skus[%d].id", i))
		}
		p.SKUs = append(p.SKUs, sd.new(p.ID, i))
	}
	if err := check(&p); err != nil {
		return Product{}, err
	}
	if err := s.deps.Products.AddProduct(ctx, p); err != nil {
		return Product{}, err
	}
	s.Changed(p.ID)
	return p, nil
}

func (d SKUDraft) new(p ProductID, position int) SKU {
	s := SKU{
		ID: SKUID(NewID("sku")), Product: p, Code: d.Code, Options: append([]string{}, d.Options...), Price: d.Price,
		CompareAt: d.CompareAt, Image: d.Image, Position: position,
	}
	if d.Stock != nil {
		s.Stock = *d.Stock
	}
	return s
}

// change is ChangeProduct with the checks, the time and the telling.
func (s *Service) change(ctx context.Context, id ProductID, f func(*Product) error) (Product, error) {
	changed := false
	p, err := s.deps.Products.ChangeProduct(ctx, id, func(p *Product) error {
		changed = false
		if err := f(p); err != nil {
			return err
		}
		if err := check(p); err != nil {
			return err
		}
		p.Updated, changed = s.now(), true
		return nil
	})
	if err == nil && changed {
		s.Changed(id)
	}
	return p, err
}

// Update changes a product.
func (s *Service) Update(ctx context.Context, id ProductID, patch Patch) (Product, error) {
	return s.change(ctx, id, func(p *Product) error {
		if patch.Rev > 0 && patch.Rev != p.Rev {
			return fault.New(fault.Conflict, "the product has been changed meanwhile").At("rev").WithHint("look at it again, then change it")
		}
		set(&p.Handle, patch.Handle)
		set(&p.Title, patch.Title)
		set(&p.Description, patch.Description)
		set(&p.Vendor, patch.Vendor)
		set(&p.Archived, patch.Archived)
		if patch.Options != nil {
			if patch.SKUs == nil {
				return fault.New(fault.Invalid, "other options need the choices with their values").At("skus")
			}
			p.Options = patch.Options
		}
		if patch.Images != nil {
			if err := reorder(p, patch.Images); err != nil {
				return err
			}
		}
		return replaceSKUs(p, patch.SKUs)
	})
}

func set[T any](dst, src *T) {
	if src != nil {
		*dst = *src
	}
}

func reorder(p *Product, ids []ImageID) error {
	out := make([]Image, 0, len(ids))
	for _, id := range ids {
		i := slices.IndexFunc(p.Images, func(img Image) bool { return img.ID == id })
		if i < 0 || slices.Contains(out, p.Images[i]) {
			break
		}
		out = append(out, p.Images[i])
	}
	if len(out) != len(p.Images) || len(out) != len(ids) {
		return fault.New(fault.Invalid, "these are not the product's pictures, each once").At("images").WithHint("add and remove pictures by themselves")
	}
	p.Images = out
	return nil
}

func replaceSKUs(p *Product, drafts []SKUDraft) error {
	if drafts == nil {
		return nil
	}
	out := make([]SKU, 0, len(drafts))
	for i, d := range drafts {
		if d.ID == "" {
			out = append(out, d.new(p.ID, i))
			continue
		}
		sku, ok := p.SKU(d.ID)
		if !ok || slices.ContainsFunc(out, func(o SKU) bool { return o.ID == d.ID }) {
			return fault.New(fault.Invalid, "%q is not a choice of this product, or is there twice", d.ID).At(fmt.Sprintf("skus[%d].id", i))
		}
		sku.Code, sku.Options, sku.Price, sku.CompareAt, sku.Image, sku.Position = d.Code, d.Options, d.Price, d.CompareAt, d.Image, i
		set(&sku.Stock, d.Stock)
		out = append(out, sku)
	}
	p.SKUs = out
	return nil
}

// Archive takes a product out of sale; its records stay. Update with Archived false brings it back.
func (s *Service) Archive(ctx context.Context, id ProductID) (Product, error) {
	return s.change(ctx, id, func(p *Product) error {
		if p.Archived {
			return ErrSame
		}
		p.Archived = true
		return nil
	})
}

// ChangeSKU changes price, strike price and stock of one SKU in one step. fault.Conflict when the stock would fall
// below zero. A price in another currency is refused when the product has other SKUs.
func (s *Service) ChangeSKU(ctx context.Context, id SKUID, patch SKUPatch) (Product, error) {
	if patch.Stock != nil && patch.Adjust != nil {
		return Product{}, fault.New(fault.Invalid, "the stock is either set or adjusted").At("adjust")
	}
	of, err := s.ProductOfSKU(ctx, id)
	if err != nil {
		return Product{}, err
	}
	return s.change(ctx, of.ID, func(p *Product) error {
		i := slices.IndexFunc(p.SKUs, func(s SKU) bool { return s.ID == id })
		if i < 0 {
			return fault.New(fault.NotFound, "there is no choice %q", id)
		}
		sku := &p.SKUs[i]
		was := *sku
		set(&sku.Price, patch.Price)
		if patch.CompareAt != nil {
			sku.CompareAt = patch.CompareAt
			if *patch.CompareAt == 0 {
				sku.CompareAt = nil
			}
		}
		set(&sku.Stock, patch.Stock)
		if patch.Adjust != nil {
			if sku.Stock += *patch.Adjust; sku.Stock < 0 {
				return fault.New(fault.Conflict, "there are only %d", was.Stock).At("adjust").WithHint("set the stock to what you count")
			}
		}
		if was.Price == sku.Price && was.Stock == sku.Stock && sameAmount(was.CompareAt, sku.CompareAt) {
			return ErrSame
		}
		return nil
	})
}

func sameAmount(a, b *int64) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// SetPrice sets the price of a SKU, in its currency's minor units. A strike price that it reaches is removed.
func (s *Service) SetPrice(ctx context.Context, id SKUID, amount int64) (Product, error) {
	p, err := s.ProductOfSKU(ctx, id)
	if err != nil {
		return Product{}, err
	}
	sku, _ := p.SKU(id)
	patch := SKUPatch{Price: &Money{amount, sku.Price.Currency}}
	if sku.CompareAt != nil && *sku.CompareAt <= amount {
		patch.CompareAt = new(int64)
	}
	return s.ChangeSKU(ctx, id, patch)
}

// SetStock sets the stock of a SKU.
func (s *Service) SetStock(ctx context.Context, id SKUID, n int) (Product, error) {
	return s.ChangeSKU(ctx, id, SKUPatch{Stock: &n})
}

// AdjustStock adds delta to the stock of a SKU; fault.Conflict when it would fall below zero.
func (s *Service) AdjustStock(ctx context.Context, id SKUID, delta int) (Product, error) {
	return s.ChangeSKU(ctx, id, SKUPatch{Adjust: &delta})
}

// PriceHistory lists the prices of a SKU, oldest first, the newest 1000.
func (s *Service) PriceHistory(ctx context.Context, id SKUID) ([]PriceChange, error) {
	return s.deps.Prices.PriceHistory(ctx, id, 1000)
}

// AddImage reads a picture (JPEG, PNG, GIF or WebP, at most 10 MB and 40 megapixels) and appends it to the product.
// What is kept is a JPEG of at most 1280 pixels and a small one of 320, without the metadata of the file.
func (s *Service) AddImage(ctx context.Context, p ProductID, r io.Reader, alt string) (Product, Image, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxImageBytes+1))
	if err != nil {
		return Product{}, Image{}, fault.New(fault.Invalid, "the picture did not arrive whole").WithHint("send it again").Because(err)
	}
	if _, err := s.Product(ctx, p); err != nil { // before the work
		return Product{}, Image{}, err
	}
	return s.addImage(ctx, p, b, alt, "")
}

func (s *Service) addImage(ctx context.Context, p ProductID, b []byte, alt, source string) (Product, Image, error) {
	if err := checkText(&alt, "alt", 0, 300, false); err != nil {
		return Product{}, Image{}, err
	}
	select {
	case s.decoding <- struct{}{}:
	case <-ctx.Done():
		return Product{}, Image{}, ctx.Err()
	}
	pic, err := readPicture(b)
	<-s.decoding
	if err != nil {
		return Product{}, Image{}, err
	}
	img := NewImage{
		Image:  Image{ID: ImageID(NewID("img")), Alt: alt, Width: pic.width, Height: pic.height},
		Source: source, Large: pic.large, Thumb: pic.thumb,
	}
	out, err := s.deps.Images.AddImage(ctx, p, img, maxImages, s.now())
	if err != nil {
		return Product{}, Image{}, err
	}
	s.Changed(p)
	return out, img.Image, nil
}

// RemoveImage removes a picture from a product.
func (s *Service) RemoveImage(ctx context.Context, p ProductID, id ImageID) (Product, error) {
	out, err := s.deps.Images.RemoveImage(ctx, p, id, s.now())
	if err == nil {
		s.Changed(p)
	}
	return out, err
}

// Image gives the JPEG bytes of a picture; they never change for an id. fault.NotFound.
func (s *Service) Image(ctx context.Context, id ImageID, thumb bool) ([]byte, error) {
	return s.deps.Images.ImageBytes(ctx, id, thumb)
}
