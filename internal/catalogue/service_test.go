package catalogue_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"livesrv/internal/catalogue"
	"livesrv/internal/fault"
)

func eur(n int64) catalogue.Money { return catalogue.Money{Amount: n, Currency: "EUR"} }

func ptr[T any](v T) *T { return &v }

// shoes is a product with two choices.
func shoes() catalogue.Draft {
	return catalogue.Draft{
		Title: "Red Shoes", Vendor: "Anna", Description: "Soft\r\nleather ", Options: []string{"Size"},
		SKUs: []catalogue.SKUDraft{
			{Code: "38", Options: []string{"38"}, Price: eur(8990), CompareAt: ptr(int64(12000)), Stock: ptr(3)},
			{Code: "39", Options: []string{"39"}, Price: eur(8990)},
		},
	}
}

// refused fails unless err is a fault of this kind at this field.
func refused(t *testing.T, what string, err error, kind fault.Kind, field string) {
	t.Helper()
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != kind || f.Field != field {
		t.Errorf("%s: %v, want %v at %q", what, err, kind, field)
	}
}

func TestCreate(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, m := open(t, nil)
	p, err := s.Create(ctx, m, shoes())
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Product(ctx, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got.Handle != "red-shoes" || got.Description != "Soft\nleather" || len(got.SKUs) != 2 || got.SKUs[0].Stock != 3 || got.SKUs[1].Stock != 0 || *got.SKUs[0].CompareAt != 12000 || got.Rev != 1 {
		t.Errorf("%+v", got)
	}
	if by, err := s.ProductByHandle(ctx, m, "red-shoes"); err != nil || by.ID != p.ID {
		t.Errorf("%v, %v", by.ID, err)
	}
	if by, err := s.ProductOfSKU(ctx, p.SKUs[1].ID); err != nil || by.ID != p.ID {
		t.Errorf("%v, %v", by.ID, err)
	}
	_, err = s.Create(ctx, m, shoes())
	refused(t, "the same handle", err, fault.Conflict, "handle")
	for field, change := range map[string]func(*catalogue.Draft){
		"title":             func(d *catalogue.Draft) { d.Title, d.Handle = " ", "x" },
		"handle":            func(d *catalogue.Draft) { d.Handle = "Red Shoes" },
		"description":       func(d *catalogue.Draft) { d.Description = strings.Repeat("x", 20_001) },
		"vendor":            func(d *catalogue.Draft) { d.Vendor = "a\x00b" },
		"options":           func(d *catalogue.Draft) { d.Options = nil },
		"options[1]":        func(d *catalogue.Draft) { d.Options = []string{"Size", "size"} },
		"skus":              func(d *catalogue.Draft) { d.SKUs = nil },
		"skus[0].id":        func(d *catalogue.Draft) { d.SKUs[0].ID = "sku_1" },
		"skus[0].options":   func(d *catalogue.Draft) { d.SKUs[0].Options = nil },
		"skus[1].options":   func(d *catalogue.Draft) { d.SKUs[1].Options = []string{"38"} },
		"skus[0].price":     func(d *catalogue.Draft) { d.SKUs[0].Price.Amount = 0 },
		"skus[1].price":     func(d *catalogue.Draft) { d.SKUs[1].Price.Currency = "CNY" },
		"skus[0].compareAt": func(d *catalogue.Draft) { d.SKUs[0].CompareAt = ptr(int64(8990)) },
		"skus[1].stock":     func(d *catalogue.Draft) { d.SKUs[1].Stock = ptr(-1) },
		"skus[1].image":     func(d *catalogue.Draft) { d.SKUs[1].Image = "img_0" },
	} {
		d := shoes()
		d.Handle = "other"
		change(&d)
		_, err := s.Create(ctx, m, d)
		refused(t, field, err, fault.Invalid, field)
	}
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, m := open(t, nil)
	var told []catalogue.ProductID
	s.OnChange(func(id catalogue.ProductID) { told = append(told, id) })
	p, err := s.Create(ctx, m, shoes())
	if err != nil {
		t.Fatal(err)
	}
	q, err := s.Update(ctx, p.ID, catalogue.Patch{Title: ptr("Redder Shoes"), Rev: 1})
	if err != nil || q.Title != "Redder Shoes" || q.Rev != 2 || q.Vendor != "Anna" {
		t.Fatalf("%+v, %v", q, err)
	}
	_, err = s.Update(ctx, p.ID, catalogue.Patch{Title: ptr("x"), Rev: 1})
	refused(t, "an old rev", err, fault.Conflict, "rev")
	// 38 goes, 39 comes first with its stock kept, 40 is new.
	q, err = s.Update(ctx, p.ID, catalogue.Patch{SKUs: []catalogue.SKUDraft{
		{ID: p.SKUs[1].ID, Code: "39", Options: []string{"39"}, Price: eur(7990)},
		{Options: []string{"40"}, Price: eur(8990), Stock: ptr(9)},
	}})
	if err != nil || len(q.SKUs) != 2 || q.SKUs[0].ID != p.SKUs[1].ID || q.SKUs[0].Price != eur(7990) || q.SKUs[1].Stock != 9 || q.SKUs[1].Position != 1 {
		t.Fatalf("%+v, %v", q, err)
	}
	_, err = s.ProductOfSKU(ctx, p.SKUs[0].ID)
	refused(t, "a removed choice", err, fault.NotFound, "")
	_, err = s.Update(ctx, p.ID, catalogue.Patch{SKUs: []catalogue.SKUDraft{{ID: p.SKUs[0].ID, Options: []string{"1"}, Price: eur(1)}}})
	refused(t, "a removed choice", err, fault.Invalid, "skus[0].id")
	_, err = s.Update(ctx, p.ID, catalogue.Patch{Options: []string{"Width"}})
	refused(t, "options alone", err, fault.Invalid, "skus")
	h, err := s.PriceHistory(ctx, p.SKUs[1].ID)
	if err != nil || len(h) != 2 || h[0].Price != eur(8990) || h[1].Price != eur(7990) {
		t.Errorf("history %+v, %v", h, err)
	}
	if q, err = s.Archive(ctx, p.ID); err != nil || !q.Archived {
		t.Error(q.Archived, err)
	}
	before := len(told)
	if again, err := s.Archive(ctx, p.ID); err != nil || again.Rev != q.Rev || len(told) != before {
		t.Errorf("archiving again: rev %d after %d, %v", again.Rev, q.Rev, err)
	}
	if ps, err := s.Products(ctx, m, catalogue.Filter{}); err != nil || len(ps) != 0 {
		t.Errorf("%d products, %v", len(ps), err)
	}
	if len(told) != 4 { // created, title, choices, archived
		t.Errorf("told %d times", len(told))
	}
}

func TestChangeSKU(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, m := open(t, nil)
	p, err := s.Create(ctx, m, shoes())
	if err != nil {
		t.Fatal(err)
	}
	id := p.SKUs[0].ID
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := s.AdjustStock(ctx, id, 2); err != nil {
				t.Error(err)
			}
			if _, err := s.AdjustStock(ctx, id, -1); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	q, err := s.SetPrice(ctx, id, 12000) // reaches the strike price
	if err != nil || q.SKUs[0].Stock != 23 || q.SKUs[0].Price != eur(12000) || q.SKUs[0].CompareAt != nil || q.Rev != 42 {
		t.Errorf("%+v, %v", q, err)
	}
	_, err = s.AdjustStock(ctx, id, -24)
	refused(t, "below zero", err, fault.Conflict, "adjust")
	_, err = s.SetPrice(ctx, id, 0)
	refused(t, "for nothing", err, fault.Invalid, "skus[0].price")
	_, err = s.ChangeSKU(ctx, id, catalogue.SKUPatch{Stock: ptr(1), Adjust: ptr(1)})
	refused(t, "both", err, fault.Invalid, "adjust")
	_, err = s.SetStock(ctx, "sku_none", 1)
	refused(t, "unknown", err, fault.NotFound, "")
	same, err := s.SetStock(ctx, id, 23)
	if err != nil || same.Rev != q.Rev {
		t.Errorf("the same stock made rev %d of %d, %v", same.Rev, q.Rev, err)
	}
}

func TestProducts(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, m := open(t, nil)
	for title, stock := range map[string]int{"Apple": 0, "Banana": 5, "Cherry_100%": 6, "樱桃": 50} {
		if _, err := s.Create(ctx, m, catalogue.Draft{Title: title, SKUs: []catalogue.SKUDraft{{Code: "C-" + title, Price: eur(100), Stock: &stock}}}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		f    catalogue.Filter
		want string
	}{
		{catalogue.Filter{}, "apple banana cherry-100 樱桃"},
		{catalogue.Filter{Limit: 2}, "apple banana"},
		{catalogue.Filter{Limit: 2, After: "banana"}, "cherry-100 樱桃"},
		{catalogue.Filter{LowStock: true}, "apple banana"},
		{catalogue.Filter{Query: "AN"}, "banana"},
		{catalogue.Filter{Query: "_1"}, "cherry-100"},
		{catalogue.Filter{Query: "%"}, "cherry-100"},
		{catalogue.Filter{Query: "c-b"}, "banana"},
		{catalogue.Filter{Query: "樱"}, "樱桃"},
		{catalogue.Filter{Query: `\`}, ""},
	} {
		ps, err := s.Products(ctx, m, c.f)
		var got []string
		for _, p := range ps {
			got = append(got, p.Handle)
		}
		if err != nil || strings.Join(got, " ") != c.want {
			t.Errorf("%+v: %v, %v; want %s", c.f, got, err, c.want)
		}
	}
	_, err := s.Products(ctx, m, catalogue.Filter{Limit: 501})
	refused(t, "limit", err, fault.Invalid, "limit")
	ps, _ := s.Products(ctx, m, catalogue.Filter{})
	got, err := s.ProductsByID(ctx, []catalogue.ProductID{ps[2].ID, "prd_none", ps[0].ID})
	if err != nil || len(got) != 2 || got[0].ID != ps[2].ID || got[1].ID != ps[0].ID {
		t.Errorf("by id: %+v, %v", got, err)
	}
}

func TestImages(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, m := open(t, nil)
	p, err := s.Create(ctx, m, shoes())
	if err != nil {
		t.Fatal(err)
	}
	p, first, err := s.AddImage(ctx, p.ID, bytes.NewReader(dot(30)), " Front ")
	if err != nil || first.Alt != "Front" || len(p.Images) != 1 || p.Images[0] != first {
		t.Fatalf("%+v, %+v, %v", p, first, err)
	}
	p, second, err := s.AddImage(ctx, p.ID, bytes.NewReader(dot(40)), "")
	if err != nil {
		t.Fatal(err)
	}
	p, err = s.Update(ctx, p.ID, catalogue.Patch{Images: []catalogue.ImageID{second.ID, first.ID}, SKUs: []catalogue.SKUDraft{
		{ID: p.SKUs[0].ID, Options: []string{"38"}, Price: eur(1), Image: first.ID}}})
	if err != nil || p.Images[0].ID != second.ID || p.SKUs[0].Image != first.ID {
		t.Fatalf("%+v, %v", p, err)
	}
	for _, ids := range [][]catalogue.ImageID{{first.ID}, {first.ID, first.ID}, {first.ID, "img_0"}, {first.ID, second.ID, "img_0"}, {}} {
		_, err = s.Update(ctx, p.ID, catalogue.Patch{Images: ids})
		refused(t, "another set of pictures", err, fault.Invalid, "images")
	}
	if p, err = s.RemoveImage(ctx, p.ID, first.ID); err != nil || len(p.Images) != 1 || p.SKUs[0].Image != "" {
		t.Errorf("%+v, %v", p, err)
	}
	_, err = s.Image(ctx, first.ID, true)
	refused(t, "removed", err, fault.NotFound, "")
	_, err = s.RemoveImage(ctx, p.ID, first.ID)
	refused(t, "removed", err, fault.NotFound, "")
	_, _, err = s.AddImage(ctx, "prd_none", bytes.NewReader(dot(1)), "")
	refused(t, "no product", err, fault.NotFound, "")
	_, _, err = s.AddImage(ctx, p.ID, strings.NewReader("not a picture"), "")
	refused(t, "text", err, fault.Invalid, "")
	for range 19 {
		if _, _, err := s.AddImage(ctx, p.ID, bytes.NewReader(dot(1)), ""); err != nil {
			t.Fatal(err)
		}
	}
	_, _, err = s.AddImage(ctx, p.ID, bytes.NewReader(dot(1)), "")
	refused(t, "the 21st", err, fault.TooLarge, "")
}

func TestConfig(t *testing.T) {
	t.Parallel()
	refused(t, "-1", catalogue.Config{LowStock: -1}.Validate(), fault.Invalid, "low_stock")
	if err := catalogue.DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
}

func BenchmarkImport(b *testing.B) {
	var file bytes.Buffer
	file.WriteString("handle,title,option1_name,option1_value,price,currency,stock\n")
	for i := range 500 {
		h := catalogue.HandleOf("product " + strings.Repeat("x", i%50) + string(rune('a'+i%26)) + string(rune('a'+i/26)))
		file.WriteString(h + ",A title,Size,S,10.00,EUR,5\n" + h + ",,,M,11.00,EUR,5\n")
	}
	for b.Loop() {
		s, m := open(b, nil)
		if r, err := s.Import(context.Background(), m, bytes.NewReader(file.Bytes()), catalogue.ImportOptions{}); err != nil || r.Refused > 0 {
			b.Fatal(r, err)
		}
	}
	b.ReportMetric(float64(1000*b.N)/b.Elapsed().Seconds(), "rows/s")
}
