package demo

import (
	"bytes"
	"context"
	"strings"

	"livesrv/internal/catalogue"
	"livesrv/internal/fault"
	"livesrv/internal/show"
)

// The demo's shows: the one that the clip plays in, and one that waits for a visitor's own encoder.
const (
	Slug      show.Slug = "demo"
	YoursSlug show.Slug = "yours"
)

// Rooms are the rooms of a server that the demo fills.
type Rooms struct {
	Catalogue *catalogue.Service
	Shows     *show.Service
	Merchant  catalogue.MerchantID
}

// Seeded is what the demo found or made.
type Seeded struct {
	Demo, Yours show.Show
	// products are the ids by handle.
	products map[string]catalogue.ProductID
}

// Seed fills the server with the demo's products and shows. What is there already is left as it is, so a folder
// that is kept goes on with the stock and the prices it had.
func Seed(ctx context.Context, r Rooms) (Seeded, error) {
	g, _, err := readAssets()
	if err != nil {
		return Seeded{}, err
	}
	s := Seeded{products: map[string]catalogue.ProductID{}}
	draft := show.Draft{
		Slug: Slug, Merchant: r.Merchant, Title: "Hill Street Pottery, live from the kiln",
		Description: "Six pieces fresh from the kiln, shown one by one. This show is built into livesrv: order as you like, nobody is charged.",
		Currency:    g.Currency,
		Ways:        []string{show.CashOnDelivery, show.BankTransfer},
		PaymentNote: "Hill Street Pottery, account 00 1234 5678. This is a demo: please transfer nothing.",
	}
	for _, p := range g.Products {
		made, err := seedProduct(ctx, r, g.Currency, p)
		if err != nil {
			return Seeded{}, err
		}
		s.products[p.Handle] = made.ID
		draft.Lineup = append(draft.Lineup, made.ID)
		if p.Handle == g.Poster && len(made.Images) > 0 {
			draft.Poster = made.Images[0].ID
		}
	}
	if s.Demo, err = seedShow(ctx, r, draft); err != nil {
		return Seeded{}, err
	}
	if s.Demo.Status == show.Ended {
		return Seeded{}, fault.New(fault.Conflict, "the show demo of this folder has ended").
			WithHint("name another folder with --data, or none for a new one")
	}
	draft.Slug, draft.Title = YoursSlug, "Your own show"
	draft.Description = "Push to it from OBS and pin the products yourself."
	s.Yours, err = seedShow(ctx, r, draft)
	return s, err
}

func seedShow(ctx context.Context, r Rooms, d show.Draft) (show.Show, error) {
	s, err := r.Shows.Get(ctx, d.Slug)
	if err == nil || fault.KindOf(err) != fault.NotFound {
		return s, err
	}
	return r.Shows.Create(ctx, d)
}

// seedProduct finds a product by its handle, or makes it with its pictures.
func seedProduct(ctx context.Context, r Rooms, currency string, g good) (catalogue.Product, error) {
	p, err := r.Catalogue.ProductByHandle(ctx, r.Merchant, g.Handle)
	if err == nil || fault.KindOf(err) != fault.NotFound {
		return p, err
	}
	draft := catalogue.Draft{Handle: g.Handle, Title: g.Title, Description: g.Description, Vendor: g.Vendor, Options: g.Options}
	for _, k := range g.SKUs {
		draft.SKUs = append(draft.SKUs, catalogue.SKUDraft{Code: k.Code, Options: k.Options,
			Price: catalogue.Money{Amount: k.Price, Currency: currency}, CompareAt: k.CompareAt, Stock: &k.Stock})
	}
	if p, err = r.Catalogue.Create(ctx, r.Merchant, draft); err != nil {
		return p, err
	}
	images := map[string]catalogue.ImageID{}
	for _, name := range g.Images {
		b, err := readImage(name)
		if err != nil {
			return p, err
		}
		_, img, err := r.Catalogue.AddImage(ctx, p.ID, bytes.NewReader(b), alt(g, name))
		if err != nil {
			return p, err
		}
		images[name] = img.ID
	}
	// Pictures can only be given to SKUs once the product has them.
	var skus []catalogue.SKUDraft
	for i, k := range p.SKUs {
		skus = append(skus, catalogue.SKUDraft{ID: k.ID, Code: k.Code, Options: k.Options, Price: k.Price,
			CompareAt: k.CompareAt, Image: images[g.SKUs[i].Image]})
	}
	return r.Catalogue.Update(ctx, p.ID, catalogue.Patch{SKUs: skus})
}

// alt describes a picture: the product, and the choice that it shows.
func alt(g good, image string) string {
	for _, k := range g.SKUs {
		if k.Image == image && len(k.Options) > 0 {
			return g.Title + ", " + strings.ToLower(k.Options[0])
		}
	}
	return g.Title
}
