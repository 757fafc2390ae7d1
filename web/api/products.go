package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"livesrv/internal/account"
	"livesrv/internal/catalogue"
	"livesrv/internal/fault"
)

// SKUDraft is a choice of a product to make or change.
type SKUDraft struct {
	ID        catalogue.SKUID   `json:"id,omitempty" maxLength:"40" doc:"In a change: the SKU that stays; without it a new one is made"`
	Code      string            `json:"code,omitempty" maxLength:"500"`
	Options   []string          `json:"options,omitempty" maxItems:"10" doc:"A value for each of the product's options"`
	Price     catalogue.Money   `json:"price"`
	CompareAt *int64            `json:"compareAt,omitempty" nullable:"true" doc:"A higher price to strike through"`
	Stock     *int              `json:"stock,omitempty" nullable:"true" doc:"In a change, left out: stays as it is"`
	Image     catalogue.ImageID `json:"image,omitempty" maxLength:"40"`
}

// ProductDraft is a product to make.
type ProductDraft struct {
	Handle      string     `json:"handle,omitempty" maxLength:"500" doc:"Default: made from the title"`
	Title       string     `json:"title" maxLength:"1000"`
	Description string     `json:"description,omitempty" maxLength:"100000"`
	Vendor      string     `json:"vendor,omitempty" maxLength:"1000"`
	Options     []string   `json:"options,omitempty" maxItems:"10" doc:"Names: Size, Colour"`
	SKUs        []SKUDraft `json:"skus" maxItems:"1000"`
}

// ProductPatch changes a product; what is left out stays.
type ProductPatch struct {
	Handle      *string             `json:"handle,omitempty" maxLength:"500"`
	Title       *string             `json:"title,omitempty" maxLength:"1000"`
	Description *string             `json:"description,omitempty" maxLength:"100000"`
	Vendor      *string             `json:"vendor,omitempty" maxLength:"1000"`
	Archived    *bool               `json:"archived,omitempty"`
	Options     []string            `json:"options,omitempty" maxItems:"10" doc:"With skus"`
	SKUs        []SKUDraft          `json:"skus,omitempty" maxItems:"1000" doc:"The whole new list; those left out are removed"`
	Images      []catalogue.ImageID `json:"images,omitempty" maxItems:"100" doc:"The same pictures in a new order"`
	Rev         int64               `json:"rev,omitempty" minimum:"0" doc:"Refuse the change with a conflict unless the product is still at this rev"`
}

// SKUPatch changes one choice of a product; what is left out stays.
type SKUPatch struct {
	Price     *PricePatch `json:"price,omitempty"`
	CompareAt *int64      `json:"compareAt,omitempty" nullable:"true" doc:"0 removes it"`
	Stock     *int        `json:"stock,omitempty" doc:"What the stock is; not together with adjust"`
	Adjust    *int        `json:"adjust,omitempty" doc:"What to add to the stock"`
}

// PricePatch is a new price; without a currency it is in the one that the price was in.
type PricePatch struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency,omitempty" maxLength:"3"`
}

// ProductAnswer is an answer with one product.
type ProductAnswer struct {
	Product ProductView `json:"product"`
}

// ProductList is an answer with products.
type ProductList struct {
	Products []ProductView `json:"products" doc:"By their handles"`
	Next     string        `json:"next" doc:"Send as after for the next page; empty on the last"`
}

// PriceList is an answer with the prices a SKU has had.
type PriceList struct {
	Prices []catalogue.PriceChange `json:"prices" doc:"The oldest first"`
}

// ProductPath is the input of operations on one product.
type ProductPath struct {
	Product catalogue.ProductID `path:"product" maxLength:"40"`
}

// SKUPath is the input of operations on one SKU.
type SKUPath struct {
	SKU catalogue.SKUID `path:"sku" maxLength:"40"`
}

// OfMerchant is the input of operations on a merchant's things.
type OfMerchant struct {
	Merchant catalogue.MerchantID `query:"merchant" maxLength:"40" doc:"For admins: whose; default: their own"`
}

type productPage struct {
	OfMerchant
	Query    string `query:"q" maxLength:"200" doc:"Part of a title, a handle or a SKU's code"`
	Archived bool   `query:"archived" doc:"Archived ones too"`
	LowStock bool   `query:"lowStock" doc:"Only those that are nearly sold out"`
	After    string `query:"after" maxLength:"500"`
	Limit    int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

type productDraft struct {
	OfMerchant
	Body ProductDraft
}

type productPatch struct {
	ProductPath
	Body ProductPatch
}

type skuPatch struct {
	SKUPath
	Body SKUPatch
}

func (a *API) registerProducts() {
	tags := []string{"products"}
	add(a, member, nil, huma.Operation{Method: http.MethodGet, Path: "/api/products", Tags: tags, Summary: "List products"}, a.listProducts)
	add(a, member, nil, huma.Operation{Method: http.MethodPost, Path: "/api/products", DefaultStatus: http.StatusCreated, Tags: tags, Summary: "Make a product"}, a.createProduct)
	add(a, member, nil, huma.Operation{Method: http.MethodGet, Path: "/api/products/{product}", Tags: tags, Summary: "Read a product"}, a.getProduct)
	add(a, member, nil, huma.Operation{Method: http.MethodPatch, Path: "/api/products/{product}", Tags: tags, Summary: "Change a product"}, a.patchProduct)
	add(a, member, nil, huma.Operation{Method: http.MethodDelete, Path: "/api/products/{product}", DefaultStatus: http.StatusOK, Tags: tags,
		Summary: "Take a product out of sale", Description: "Its records stay. PATCH with archived false brings it back."}, a.archiveProduct)
	add(a, member, nil, huma.Operation{Method: http.MethodPatch, Path: "/api/skus/{sku}", Tags: tags, Summary: "Change price and stock"}, a.patchSKU)
	add(a, member, nil, huma.Operation{Method: http.MethodGet, Path: "/api/skus/{sku}/prices", Tags: tags, Summary: "List the prices a SKU has had"}, a.prices)
}

// whose is the merchant that an operation is about.
func whose(ctx context.Context, in OfMerchant) (catalogue.MerchantID, error) {
	c := callerOf(ctx)
	if in.Merchant == "" || in.Merchant == c.merchant() {
		return c.merchant(), nil
	}
	if c.id.Role != account.Admin {
		return "", fault.New(fault.Forbidden, "You belong to another merchant.").At("merchant").WithHint("Leave merchant out.")
	}
	return in.Merchant, nil
}

func (a *API) listProducts(ctx context.Context, in *productPage) (*body[ProductList], error) {
	m, err := whose(ctx, in.OfMerchant)
	if err != nil {
		return nil, err
	}
	products, err := a.deps.Catalogue.Products(ctx, m, catalogue.Filter{Query: in.Query, Archived: in.Archived, LowStock: in.LowStock, After: in.After, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	out := ProductList{Products: make([]ProductView, len(products))}
	for i, p := range products {
		out.Products[i] = a.Product(p)
	}
	if len(products) == in.Limit {
		out.Next = products[len(products)-1].Handle
	}
	return answer(out), nil
}

func skuDrafts(drafts []SKUDraft) []catalogue.SKUDraft {
	if drafts == nil {
		return nil
	}
	out := make([]catalogue.SKUDraft, len(drafts))
	for i, d := range drafts {
		out[i] = catalogue.SKUDraft(d)
	}
	return out
}

func (a *API) createProduct(ctx context.Context, in *productDraft) (*body[ProductAnswer], error) {
	m, err := whose(ctx, in.OfMerchant)
	if err != nil {
		return nil, err
	}
	d := in.Body
	p, err := a.deps.Catalogue.Create(ctx, m, catalogue.Draft{Handle: d.Handle, Title: d.Title, Description: d.Description,
		Vendor: d.Vendor, Options: d.Options, SKUs: skuDrafts(d.SKUs)})
	return a.product(p, err)
}

// product answers with the outcome of a change.
func (a *API) product(p catalogue.Product, err error) (*body[ProductAnswer], error) {
	if err != nil {
		return nil, err
	}
	return answer(ProductAnswer{a.Product(p)}), nil
}

// ownedProduct gives a product of the caller's; another merchant's is as good as none.
func (a *API) ownedProduct(ctx context.Context, id catalogue.ProductID) (catalogue.Product, error) {
	p, err := a.deps.Catalogue.Product(ctx, id)
	if err != nil {
		return p, err
	}
	if !callerOf(ctx).owns(p.Merchant) {
		return p, fault.New(fault.NotFound, "You have no product %q.", id).WithHint("GET /api/products lists yours.")
	}
	return p, nil
}

func (a *API) ownedSKU(ctx context.Context, id catalogue.SKUID) (catalogue.SKU, error) {
	p, err := a.deps.Catalogue.ProductOfSKU(ctx, id)
	if err != nil {
		return catalogue.SKU{}, err
	}
	s, ok := p.SKU(id)
	if !ok || !callerOf(ctx).owns(p.Merchant) {
		return s, fault.New(fault.NotFound, "You have no SKU %q.", id).WithHint("GET /api/products lists your products with theirs.")
	}
	return s, nil
}

func (a *API) getProduct(ctx context.Context, in *ProductPath) (*body[ProductAnswer], error) {
	return a.product(a.ownedProduct(ctx, in.Product))
}

func (a *API) patchProduct(ctx context.Context, in *productPatch) (*body[ProductAnswer], error) {
	if _, err := a.ownedProduct(ctx, in.Product); err != nil {
		return nil, err
	}
	p := in.Body
	return a.product(a.deps.Catalogue.Update(ctx, in.Product, catalogue.Patch{Handle: p.Handle, Title: p.Title, Description: p.Description,
		Vendor: p.Vendor, Archived: p.Archived, Options: p.Options, SKUs: skuDrafts(p.SKUs), Images: p.Images, Rev: p.Rev}))
}

func (a *API) archiveProduct(ctx context.Context, in *ProductPath) (*body[ProductAnswer], error) {
	if _, err := a.ownedProduct(ctx, in.Product); err != nil {
		return nil, err
	}
	return a.product(a.deps.Catalogue.Archive(ctx, in.Product))
}

func (a *API) patchSKU(ctx context.Context, in *skuPatch) (*body[ProductAnswer], error) {
	sku, err := a.ownedSKU(ctx, in.SKU)
	if err != nil {
		return nil, err
	}
	patch := catalogue.SKUPatch{CompareAt: in.Body.CompareAt, Stock: in.Body.Stock, Adjust: in.Body.Adjust}
	if p := in.Body.Price; p != nil {
		patch.Price = &catalogue.Money{Amount: p.Amount, Currency: p.Currency}
		if p.Currency == "" {
			patch.Price.Currency = sku.Price.Currency
		}
	}
	return a.product(a.deps.Catalogue.ChangeSKU(ctx, in.SKU, patch))
}

func (a *API) prices(ctx context.Context, in *SKUPath) (*body[PriceList], error) {
	if _, err := a.ownedSKU(ctx, in.SKU); err != nil {
		return nil, err
	}
	prices, err := a.deps.Catalogue.PriceHistory(ctx, in.SKU)
	if err != nil {
		return nil, err
	}
	return answer(PriceList{list(prices)}), nil
}
