package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"livesrv/internal/fault"
	"livesrv/internal/show"
)

const pinColumns = "id, show, product, sku, started, ended, media, amount, currency, rev"

func pins(q querier, query string, args ...any) (out []show.Pin, err error) {
	err = each(q, func(r *sql.Rows) error {
		var p show.Pin
		err := r.Scan(&p.ID, &p.Show, &p.Product, &p.SKU, when{&p.Start}, whenp{&p.End}, &p.Media, &p.Price.Amount, &p.Price.Currency, &p.Rev)
		out = append(out, p)
		return err
	}, query, args...)
	return out, err
}

// AddPin implements show.PinStore.
func (s *Shows) AddPin(ctx context.Context, p show.Pin, limit int) error {
	return s.db.writer.do(ctx, func(t *tx) error {
		sh, err := showBySlug(t, p.Show)
		if err != nil {
			return err
		}
		if sh.Status != show.Live { // it may have ended since the caller looked
			return show.NotLive(sh)
		}
		open, err := pins(t, "SELECT "+pinColumns+" FROM pins WHERE show = ? AND ended IS NULL", p.Show)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(open, func(o show.Pin) bool { return o.Product == p.Product }) {
			return fault.New(fault.Conflict, "this product is on screen already").WithHint("unpin it first, or pin another one")
		}
		if len(open) >= limit {
			return fault.New(fault.Conflict, "%d products are on screen, which is all there is room for", len(open)).WithHint("unpin one first")
		}
		_, err = t.exec("INSERT INTO pins ("+pinColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			p.ID, p.Show, p.Product, p.SKU, ms(p.Start), msp(p.End), p.Media, p.Price.Amount, p.Price.Currency, p.Rev)
		return err
	})
}

// ChangePin implements show.PinStore.
func (s *Shows) ChangePin(ctx context.Context, slug show.Slug, id show.PinID, f func(*show.Pin) error) (out show.Pin, err error) {
	err = s.db.writer.do(ctx, func(t *tx) error {
		ps, err := pins(t, "SELECT "+pinColumns+" FROM pins WHERE id = ? AND show = ?", id, slug)
		if err != nil {
			return err
		}
		if len(ps) == 0 {
			return fault.New(fault.NotFound, "the show has no pin %q", id)
		}
		p := ps[0]
		if err := f(&p); errors.Is(err, show.ErrSame) {
			out = ps[0]
			return nil
		} else if err != nil {
			return err
		}
		p.Rev = ps[0].Rev + 1
		if _, err := t.exec("UPDATE pins SET started = ?, ended = ?, media = ?, rev = ? WHERE id = ?", ms(p.Start), msp(p.End), p.Media, p.Rev, id); err != nil {
			return err
		}
		ps, err = pins(t, "SELECT "+pinColumns+" FROM pins WHERE id = ?", id)
		if err == nil {
			out = ps[0]
		}
		return err
	})
	return out, err
}

// RemovePin implements show.PinStore.
func (s *Shows) RemovePin(ctx context.Context, slug show.Slug, id show.PinID) error {
	return s.db.writer.do(ctx, func(t *tx) error {
		_, err := t.exec("DELETE FROM pins WHERE id = ? AND show = ?", id, slug)
		return err
	})
}

// Pins implements show.PinStore.
func (s *Shows) Pins(ctx context.Context, slug show.Slug, openOnly bool) (out []show.Pin, err error) {
	err = s.db.view(ctx, func(q querier) (err error) {
		out, err = pins(q, "SELECT "+pinColumns+` FROM pins WHERE show = ? AND (NOT ? OR ended IS NULL)
			ORDER BY started DESC, id DESC LIMIT 1000`, slug, openOnly)
		return err
	})
	slices.Reverse(out)
	return out, err
}
