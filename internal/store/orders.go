package store

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"livesrv/internal/catalogue"
	"livesrv/internal/fault"
	"livesrv/internal/order"
)

// Orders implements the Stores of package order.
type Orders struct{ db *DB }

// Orders gives the orders' part of the database.
func (db *DB) Orders() *Orders { return &Orders{db} }

var (
	_ order.Book     = (*Orders)(nil)
	_ order.Ledger   = (*Orders)(nil)
	_ order.Sums     = (*Orders)(nil)
	_ order.Products = (*Catalogue)(nil)
)

const orderColumns = `id, merchant, number, show, pin, total, currency, name, phone, email, line1, line2, city, region,
	postcode, country, note, way, instructions, status, reason, token, created, updated, expires`

func orders(q querier, query string, args ...any) ([]order.Order, error) {
	var out []order.Order
	var ids []order.ID
	index := map[order.ID]int{}
	err := each(q, func(r *sql.Rows) error {
		var o order.Order
		c, a := &o.Contact, &o.Address
		err := r.Scan(&o.ID, &o.Merchant, &o.Number, &o.Show, &o.Pin, &o.Total.Amount, &o.Total.Currency, &c.Name, &c.Phone, &c.Email,
			&a.Line1, &a.Line2, &a.City, &a.Region, &a.Postcode, &a.Country, &o.Note, &o.Way, &o.Instructions, &o.Status, &o.Reason, &o.Token,
			when{&o.Created}, when{&o.Updated}, when{&o.Expires})
		index[o.ID] = len(out)
		ids = append(ids, o.ID)
		out = append(out, o)
		return err
	}, query, args...)
	if err != nil || len(out) == 0 {
		return nil, err
	}
	err = each(q, func(r *sql.Rows) error {
		var l order.Line
		var of order.ID
		if err := r.Scan(&of, &l.SKU, &l.Product, &l.Title, &l.Code, list[string]{&l.Options}, &l.Quantity, &l.Unit.Amount); err != nil {
			return err
		}
		o := &out[index[of]]
		l.Unit.Currency = o.Total.Currency
		l.Total = catalogue.Money{Amount: l.Unit.Amount * int64(l.Quantity), Currency: o.Total.Currency}
		o.Lines = append(o.Lines, l)
		return nil
	}, `SELECT "order", sku, product, title, code, options, quantity, amount FROM order_lines
		WHERE "order" IN (SELECT value FROM json_each(?)) ORDER BY "order", position`, text(ids))
	return out, err
}

func orderByID(q querier, id order.ID) (order.Order, error) {
	os, err := orders(q, "SELECT "+orderColumns+" FROM orders WHERE id = ?", id)
	if err != nil {
		return order.Order{}, err
	}
	if len(os) == 0 {
		return order.Order{}, fault.New(fault.NotFound, "there is no order %q", id)
	}
	return os[0], nil
}

// Place implements order.Book.
func (s *Orders) Place(ctx context.Context, o order.Order, key string, h [32]byte) (placed order.Order, replay bool, err error) {
	err = s.db.writer.do(ctx, func(t *tx) error {
		first, was, err := orderByKey(t, o.Show, key)
		switch {
		case err == nil && was != h:
			return order.KeyUsed()
		case err == nil:
			placed, replay = first, true
			return nil
		case fault.KindOf(err) != fault.NotFound:
			return err
		}
		if err := takeStock(t, o); err != nil {
			return err
		}
		if err := insertOrder(t, o); err != nil {
			return err
		}
		_, err = t.exec(`INSERT INTO order_keys (show, key, hash, "order") VALUES (?, ?, ?, ?)`, o.Show, key, h[:], o.ID)
		placed = o
		return err
	})
	if err != nil {
		return order.Order{}, false, err
	}
	return placed, replay, nil
}

// takeStock takes all lines' stock or fails. The lines are taken in the order of their SKU ids: with one writer any
// order would do, with many (PostgreSQL) it is what keeps two baskets from waiting for each other.
func takeStock(t *tx, o order.Order) error {
	lines := slices.SortedFunc(slices.Values(o.Lines), func(a, b order.Line) int { return strings.Compare(string(a.SKU), string(b.SKU)) })
	for _, l := range lines {
		n, err := t.exec(`UPDATE skus SET stock = stock - ? WHERE id = ? AND stock >= ? AND amount = ? AND currency = ?
			AND NOT (SELECT archived FROM products WHERE id = skus.product)`,
			l.Quantity, l.SKU, l.Quantity, l.Unit.Amount, l.Unit.Currency)
		if err != nil {
			return err
		}
		if n == 0 {
			return whyNot(t, l)
		}
	}
	return touchProducts(t, o, o.Created)
}

// whyNot says why a line's stock could not be taken.
func whyNot(t *tx, l order.Line) error {
	var left int
	var price catalogue.Money
	found, err := one(t, `SELECT s.stock, s.amount, s.currency FROM skus s JOIN products p ON p.id = s.product
		WHERE s.id = ? AND NOT p.archived`, []any{l.SKU}, &left, &price.Amount, &price.Currency)
	switch {
	case err != nil:
		return err
	case !found || left >= l.Quantity: // gone, or its price has changed: a new quote tells
		return order.ErrStale
	}
	return order.SoldOut(order.Shortage{SKU: l.SKU, Asked: l.Quantity, Left: left}, l.Title)
}

// touchProducts gives every product of the order its next revision.
func touchProducts(t *tx, o order.Order, at time.Time) error {
	done := map[catalogue.ProductID]bool{}
	for _, l := range o.Lines {
		if done[l.Product] {
			continue
		}
		done[l.Product] = true
		if _, err := t.exec("UPDATE products SET rev = rev + 1, updated = ? WHERE id = ?", ms(at), l.Product); err != nil {
			return err
		}
	}
	return nil
}

func insertOrder(t *tx, o order.Order) error {
	c, a := o.Contact, o.Address
	_, err := t.exec("INSERT INTO orders ("+orderColumns+`)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		o.ID, o.Merchant, o.Number, o.Show, o.Pin, o.Total.Amount, o.Total.Currency, c.Name, c.Phone, c.Email,
		a.Line1, a.Line2, a.City, a.Region, a.Postcode, a.Country, o.Note, o.Way, o.Instructions, o.Status, o.Reason, o.Token,
		ms(o.Created), ms(o.Updated), ms(o.Expires))
	if taken(err) { // the number; ids have 80 random bits
		return order.ErrStale
	}
	if err != nil {
		return err
	}
	for i, l := range o.Lines {
		_, err := t.exec(`INSERT INTO order_lines ("order", position, sku, product, title, code, options, quantity, amount)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`, o.ID, i, l.SKU, l.Product, l.Title, l.Code, text(l.Options), l.Quantity, l.Unit.Amount)
		if err != nil {
			return err
		}
	}
	return nil
}

// Settle implements order.Book.
func (s *Orders) Settle(ctx context.Context, id order.ID, to order.Settlement) (o order.Order, changed bool, err error) {
	err = s.db.writer.do(ctx, func(t *tx) error {
		changed = false
		// The status in the condition is what makes it happen exactly once, whoever else tries.
		n, err := t.exec(`UPDATE orders SET status = ?, reason = ?, updated = ? WHERE id = ?
			AND (status = 'awaiting_merchant' OR (status = 'confirmed' AND ?)) AND (? OR expires <= ?)`,
			to.To, to.Reason, ms(to.At), id, to.To == order.Cancelled, to.Due.IsZero(), ms(to.Due))
		if err != nil {
			return err
		}
		if o, err = orderByID(t, id); err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
		changed = true
		if to.To == order.Confirmed {
			return nil
		}
		for _, l := range o.Lines { // a SKU that was removed since takes nothing back
			if _, err := t.exec("UPDATE skus SET stock = stock + ? WHERE id = ?", l.Quantity, l.SKU); err != nil {
				return err
			}
		}
		return touchProducts(t, o, to.At)
	})
	return o, changed, err
}

// Order implements order.Ledger.
func (s *Orders) Order(ctx context.Context, id order.ID) (o order.Order, err error) {
	err = s.db.view(ctx, func(q querier) (err error) {
		o, err = orderByID(q, id)
		return err
	})
	return o, err
}

// Orders implements order.Ledger.
func (s *Orders) Orders(ctx context.Context, f order.Filter) (out []order.Order, err error) {
	err = s.db.view(ctx, func(q querier) (err error) {
		out, err = orders(q, "SELECT "+orderColumns+` FROM orders
			WHERE (? = '' OR merchant = ?) AND (? = '' OR show = ?)
			AND (? OR status IN (SELECT value FROM json_each(?)))
			AND (? = '' OR seq < (SELECT seq FROM orders WHERE id = ?))
			ORDER BY seq DESC LIMIT ?`,
			f.Merchant, f.Merchant, f.Show, f.Show, len(f.Statuses) == 0, text(f.Statuses), f.After, f.After, f.Limit)
		return err
	})
	return out, err
}

// Due implements order.Ledger.
func (s *Orders) Due(ctx context.Context, now time.Time, limit int) (out []order.ID, err error) {
	err = s.db.view(ctx, func(q querier) error {
		return each(q, func(r *sql.Rows) error {
			var id order.ID
			err := r.Scan(&id)
			out = append(out, id)
			return err
		}, "SELECT id FROM orders WHERE status = 'awaiting_merchant' AND expires <= ? ORDER BY expires LIMIT ?", ms(now), limit)
	})
	return out, err
}

// ByKey implements order.Ledger.
func (s *Orders) ByKey(ctx context.Context, show, key string) (o order.Order, h [32]byte, err error) {
	err = s.db.view(ctx, func(q querier) (err error) {
		o, h, err = orderByKey(q, show, key)
		return err
	})
	return o, h, err
}

func orderByKey(q querier, show, key string) (o order.Order, h [32]byte, err error) {
	var id order.ID
	var b []byte
	found, err := one(q, `SELECT "order", hash FROM order_keys WHERE show = ? AND key = ?`, []any{show, key}, &id, &b)
	if err != nil {
		return o, h, err
	}
	if !found {
		return o, h, fault.New(fault.NotFound, "no order was placed with this key")
	}
	copy(h[:], b)
	o, err = orderByID(q, id)
	return o, h, err
}

// Totals implements order.Sums.
func (s *Orders) Totals(ctx context.Context, show string) (sum order.Totals, err error) {
	err = s.db.view(ctx, func(q querier) error {
		_, err := one(q, `WITH sold AS (SELECT id, status, total, currency FROM orders WHERE show = ? AND status IN ('awaiting_merchant', 'confirmed'))
			SELECT count(*), coalesce(sum(status = 'awaiting_merchant'), 0), coalesce(sum(total), 0), coalesce(max(currency), ''),
			(SELECT coalesce(sum(quantity), 0) FROM order_lines WHERE "order" IN (SELECT id FROM sold)) FROM sold`,
			[]any{show}, &sum.Orders, &sum.Open, &sum.Revenue.Amount, &sum.Revenue.Currency, &sum.Units)
		return err
	})
	return sum, err
}
