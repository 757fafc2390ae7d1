package store

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"livesrv/internal/catalogue"
	"livesrv/internal/fault"
)

// Catalogue implements the Stores of package catalogue.
type Catalogue struct{ db *DB }

// Catalogue gives the catalogue's part of the database.
func (db *DB) Catalogue() *Catalogue { return &Catalogue{db} }

var (
	_ catalogue.MerchantStore = (*Catalogue)(nil)
	_ catalogue.ProductStore  = (*Catalogue)(nil)
	_ catalogue.PriceStore    = (*Catalogue)(nil)
	_ catalogue.ImageStore    = (*Catalogue)(nil)
)

// Merchants implements catalogue.MerchantStore.
func (c *Catalogue) Merchants(ctx context.Context) (out []catalogue.Merchant, err error) {
	err = c.db.view(ctx, func(q querier) error {
		return each(q, func(r *sql.Rows) error {
			var m catalogue.Merchant
			err := r.Scan(&m.ID, &m.Name, when{&m.Created})
			out = append(out, m)
			return err
		}, "SELECT id, name, created FROM merchants ORDER BY created, id")
	})
	return out, err
}

// AddMerchant implements catalogue.MerchantStore.
func (c *Catalogue) AddMerchant(ctx context.Context, m catalogue.Merchant, only bool) error {
	return c.db.writer.do(ctx, func(t *tx) error {
		n, err := t.exec("INSERT INTO merchants (id, name, created) SELECT ?, ?, ? WHERE ? OR NOT EXISTS (SELECT 1 FROM merchants)",
			m.ID, m.Name, ms(m.Created), !only)
		if err == nil && n == 0 {
			return fault.New(fault.Conflict, "there is a merchant already")
		}
		return err
	})
}

const productColumns = "p.id, p.merchant, p.handle, p.title, p.description, p.vendor, p.options, p.archived, p.created, p.updated, p.rev"

// products reads products by a query whose columns are productColumns, then all their SKUs and images: three queries
// for any number of them.
func products(q querier, query string, args ...any) ([]catalogue.Product, error) {
	var out []catalogue.Product
	var ids []catalogue.ProductID
	index := map[catalogue.ProductID]int{}
	err := each(q, func(r *sql.Rows) error {
		p := catalogue.Product{Images: []catalogue.Image{}, SKUs: []catalogue.SKU{}}
		err := r.Scan(&p.ID, &p.Merchant, &p.Handle, &p.Title, &p.Description, &p.Vendor, list[string]{&p.Options},
			&p.Archived, when{&p.Created}, when{&p.Updated}, &p.Rev)
		index[p.ID] = len(out)
		ids = append(ids, p.ID)
		out = append(out, p)
		return err
	}, query, args...)
	if err != nil || len(out) == 0 {
		return nil, err
	}
	err = each(q, func(r *sql.Rows) error {
		var s catalogue.SKU
		err := r.Scan(&s.ID, &s.Product, &s.Code, list[string]{&s.Options}, &s.Price.Amount, &s.Price.Currency,
			&s.CompareAt, &s.Stock, &s.Image, &s.Position)
		p := &out[index[s.Product]]
		p.SKUs = append(p.SKUs, s)
		return err
	}, `SELECT id, product, code, options, amount, currency, compare_at, stock, image, position FROM skus
		WHERE product IN (SELECT value FROM json_each(?)) ORDER BY product, position`, text(ids))
	if err != nil {
		return nil, err
	}
	err = each(q, func(r *sql.Rows) error {
		var i catalogue.Image
		var of catalogue.ProductID
		err := r.Scan(&i.ID, &of, &i.Alt, &i.Width, &i.Height)
		p := &out[index[of]]
		p.Images = append(p.Images, i)
		return err
	}, `SELECT id, product, alt, width, height FROM images
		WHERE product IN (SELECT value FROM json_each(?)) ORDER BY product, position`, text(ids))
	return out, err
}

func product(q querier, id catalogue.ProductID) (catalogue.Product, error) {
	ps, err := products(q, "SELECT "+productColumns+" FROM products p WHERE p.id = ?", id)
	if err != nil {
		return catalogue.Product{}, err
	}
	if len(ps) == 0 {
		return catalogue.Product{}, fault.New(fault.NotFound, "there is no product %q", id)
	}
	return ps[0], nil
}

// Product implements catalogue.ProductStore.
func (c *Catalogue) Product(ctx context.Context, id catalogue.ProductID) (p catalogue.Product, err error) {
	err = c.db.view(ctx, func(q querier) (err error) {
		p, err = product(q, id)
		return err
	})
	return p, err
}

// Products implements catalogue.ProductStore.
func (c *Catalogue) Products(ctx context.Context, sel catalogue.Selection) (out []catalogue.Product, err error) {
	err = c.db.view(ctx, func(q querier) (err error) {
		switch {
		case sel.IDs != nil:
			out, err = products(q, "SELECT "+productColumns+" FROM products p JOIN json_each(?) j ON j.value = p.id ORDER BY j.key", text(sel.IDs))
		case sel.SKU != "":
			out, err = products(q, "SELECT "+productColumns+" FROM products p JOIN skus s ON s.product = p.id WHERE s.id = ?", sel.SKU)
		case sel.Handle != "":
			out, err = products(q, "SELECT "+productColumns+" FROM products p WHERE p.merchant = ? AND p.handle = ?", sel.Merchant, sel.Handle)
		default:
			f := sel.Filter
			out, err = products(q, "SELECT "+productColumns+` FROM products p
				WHERE p.merchant = ? AND p.handle > ? AND (? OR NOT p.archived)
				AND (? = '' OR p.title LIKE ? ESCAPE '\' OR p.handle LIKE ? ESCAPE '\'
					OR EXISTS (SELECT 1 FROM skus s WHERE s.product = p.id AND s.code LIKE ? ESCAPE '\'))
				AND (NOT ? OR EXISTS (SELECT 1 FROM skus s WHERE s.product = p.id AND s.stock <= ?))
				ORDER BY p.handle LIMIT ?`,
				sel.Merchant, f.After, f.Archived, f.Query, like(f.Query), like(f.Query), like(f.Query),
				f.LowStock, sel.LowStock, f.Limit)
		}
		return err
	})
	return out, err
}

// like is a pattern for 'contains'.
func like(s string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(s) + "%"
}

// ProductsOfSKUs implements order.Products.
func (c *Catalogue) ProductsOfSKUs(ctx context.Context, ids []catalogue.SKUID) (out []catalogue.Product, err error) {
	err = c.db.view(ctx, func(q querier) (err error) {
		out, err = products(q, "SELECT "+productColumns+` FROM products p WHERE p.id IN
			(SELECT s.product FROM skus s JOIN json_each(?) j ON j.value = s.id)`, text(ids))
		return err
	})
	return out, err
}

// AddProduct implements catalogue.ProductStore.
func (c *Catalogue) AddProduct(ctx context.Context, p catalogue.Product) error {
	return c.db.writer.do(ctx, func(t *tx) error {
		_, err := t.exec(`INSERT INTO products (id, merchant, handle, title, description, vendor, options, archived, created, updated, rev)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)`,
			p.ID, p.Merchant, p.Handle, p.Title, p.Description, p.Vendor, text(p.Options), p.Archived, ms(p.Created), ms(p.Updated))
		if err != nil {
			return handleTaken(err, p)
		}
		for i, s := range p.SKUs {
			s.Position = i
			if err := addSKU(t, p, s); err != nil {
				return err
			}
		}
		return nil
	})
}

func handleTaken(err error, p catalogue.Product) error {
	if taken(err) {
		return fault.New(fault.Conflict, "the handle %q is taken by another product", p.Handle).At("handle").
			WithHint("choose another handle, or change the product that has it")
	}
	return err
}

func addSKU(t *tx, p catalogue.Product, s catalogue.SKU) error {
	_, err := t.exec(`INSERT INTO skus (id, product, code, options, amount, currency, compare_at, stock, image, position)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		s.ID, p.ID, s.Code, text(s.Options), s.Price.Amount, s.Price.Currency, s.CompareAt, s.Stock, s.Image, s.Position)
	if err != nil {
		return err
	}
	return addPrice(t, p, s)
}

func addPrice(t *tx, p catalogue.Product, s catalogue.SKU) error {
	_, err := t.exec("INSERT INTO prices (sku, amount, currency, compare_at, at) VALUES (?, ?, ?, ?, ?)",
		s.ID, s.Price.Amount, s.Price.Currency, s.CompareAt, ms(p.Updated))
	return err
}

// ChangeProduct implements catalogue.ProductStore.
func (c *Catalogue) ChangeProduct(ctx context.Context, id catalogue.ProductID, f func(*catalogue.Product) error) (out catalogue.Product, err error) {
	err = c.db.writer.do(ctx, func(t *tx) error {
		old, err := product(t, id)
		if err != nil {
			return err
		}
		p := old
		p.Options, p.Images, p.SKUs = slices.Clone(old.Options), slices.Clone(old.Images), slices.Clone(old.SKUs)
		if err := f(&p); err == catalogue.ErrSame {
			out = old
			return nil
		} else if err != nil {
			return err
		}
		p.ID, p.Merchant, p.Created, p.Rev = old.ID, old.Merchant, old.Created, old.Rev+1
		_, err = t.exec(`UPDATE products SET handle = ?, title = ?, description = ?, vendor = ?, options = ?, archived = ?, updated = ?, rev = ?
			WHERE id = ?`, p.Handle, p.Title, p.Description, p.Vendor, text(p.Options), p.Archived, ms(p.Updated), p.Rev, p.ID)
		if err != nil {
			return handleTaken(err, p)
		}
		if err := changeSKUs(t, old, p); err != nil {
			return err
		}
		if err := changeImages(t, old, p); err != nil {
			return err
		}
		out, err = product(t, id)
		return err
	})
	return out, err
}

// changeSKUs writes the difference between two lists of SKUs.
func changeSKUs(t *tx, old, p catalogue.Product) error {
	for _, s := range old.SKUs {
		if _, ok := p.SKU(s.ID); !ok {
			if _, err := t.exec("DELETE FROM skus WHERE id = ?", s.ID); err != nil {
				return err
			}
		}
	}
	for i, s := range p.SKUs {
		s.Position = i
		was, ok := old.SKU(s.ID)
		if !ok {
			if err := addSKU(t, p, s); err != nil {
				return err
			}
			continue
		}
		_, err := t.exec(`UPDATE skus SET code = ?, options = ?, amount = ?, currency = ?, compare_at = ?, stock = ?, image = ?, position = ?
			WHERE id = ?`, s.Code, text(s.Options), s.Price.Amount, s.Price.Currency, s.CompareAt, s.Stock, s.Image, s.Position, s.ID)
		if err != nil {
			return err
		}
		if was.Price != s.Price || !same(was.CompareAt, s.CompareAt) {
			if err := addPrice(t, p, s); err != nil {
				return err
			}
		}
	}
	return nil
}

func same(a, b *int64) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// changeImages writes a new order and new words; which images there are is AddImage's and RemoveImage's affair.
func changeImages(t *tx, old, p catalogue.Product) error {
	if slices.Equal(old.Images, p.Images) {
		return nil
	}
	for i, img := range p.Images {
		if _, err := t.exec("UPDATE images SET alt = ?, position = ? WHERE id = ? AND product = ?", img.Alt, i, img.ID, p.ID); err != nil {
			return err
		}
	}
	return nil
}

// PriceHistory implements catalogue.PriceStore.
func (c *Catalogue) PriceHistory(ctx context.Context, id catalogue.SKUID, limit int) (out []catalogue.PriceChange, err error) {
	err = c.db.view(ctx, func(q querier) error {
		return each(q, func(r *sql.Rows) error {
			p := catalogue.PriceChange{SKU: id}
			err := r.Scan(&p.Price.Amount, &p.Price.Currency, &p.CompareAt, when{&p.At})
			out = append(out, p)
			return err
		}, "SELECT amount, currency, compare_at, at FROM prices WHERE sku = ? ORDER BY at DESC, rowid DESC LIMIT ?", id, limit)
	})
	slices.Reverse(out)
	return out, err
}
