package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"

	"livesrv/internal/catalogue"
	"livesrv/internal/fault"
	"livesrv/internal/order"
	"livesrv/internal/show"
)

// Shows implements the Stores of package show, and what package order asks of shows.
type Shows struct{ db *DB }

// Shows gives the shows' part of the database.
func (db *DB) Shows() *Shows { return &Shows{db} }

var (
	_ show.Store    = (*Shows)(nil)
	_ show.KeyStore = (*Shows)(nil)
	_ show.PinStore = (*Shows)(nil)
	_ order.Shows   = (*Shows)(nil)
)

const showColumns = `slug, merchant, title, description, poster, starts_at, started_at, ended_at, end_reason, status, on_air, silent,
	off_air_since, stream_key, embed_origins, currency, ways, payment_note, lineup, created, updated, rev`

func scanShow(r *sql.Rows) (s show.Show, err error) {
	err = r.Scan(&s.Slug, &s.Merchant, &s.Title, &s.Description, &s.Poster, when{&s.StartsAt}, whenp{&s.StartedAt}, whenp{&s.EndedAt},
		&s.EndReason, &s.Status, &s.OnAir, &s.Silent, whenp{&s.OffAirSince}, &s.StreamKey, list[string]{&s.EmbedOrigins}, &s.Currency, list[string]{&s.Ways}, &s.PaymentNote,
		list[catalogue.ProductID]{&s.Lineup}, when{&s.Created}, when{&s.Updated}, &s.Rev)
	return s, err
}

func shows(q querier, query string, args ...any) (out []show.Show, err error) {
	err = each(q, func(r *sql.Rows) error {
		s, err := scanShow(r)
		out = append(out, s)
		return err
	}, query, args...)
	return out, err
}

func showBySlug(q querier, slug show.Slug) (show.Show, error) {
	ss, err := shows(q, "SELECT "+showColumns+" FROM shows WHERE slug = ?", slug)
	if err != nil {
		return show.Show{}, err
	}
	if len(ss) == 0 {
		return show.Show{}, fault.New(fault.NotFound, "there is no show %q", slug)
	}
	return ss[0], nil
}

// Show implements show.Store.
func (s *Shows) Show(ctx context.Context, slug show.Slug) (out show.Show, err error) {
	err = s.db.view(ctx, func(q querier) (err error) {
		out, err = showBySlug(q, slug)
		return err
	})
	return out, err
}

// Shows implements show.Store.
func (s *Shows) Shows(ctx context.Context, f show.Filter) (out []show.Show, err error) {
	err = s.db.view(ctx, func(q querier) (err error) {
		out, err = shows(q, "SELECT "+showColumns+` FROM shows
			WHERE (? = '' OR merchant = ?) AND (? OR status IN (SELECT value FROM json_each(?)))
			ORDER BY CASE status WHEN 'live' THEN 0 WHEN 'scheduled' THEN 1 ELSE 2 END,
				CASE status WHEN 'scheduled' THEN starts_at WHEN 'live' THEN -started_at ELSE -ended_at END, slug
			LIMIT ?`, f.Merchant, f.Merchant, len(f.Statuses) == 0, text(f.Statuses), f.Limit)
		return err
	})
	return out, err
}

// AddShow implements show.Store.
func (s *Shows) AddShow(ctx context.Context, sh show.Show) error {
	return s.db.writer.do(ctx, func(t *tx) error {
		_, err := t.exec("INSERT INTO shows ("+showColumns+`, key_hash)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			sh.Slug, sh.Merchant, sh.Title, sh.Description, sh.Poster, ms(sh.StartsAt), msp(sh.StartedAt), msp(sh.EndedAt),
			sh.EndReason, sh.Status, sh.OnAir, sh.Silent, msp(sh.OffAirSince), sh.StreamKey, text(sh.EmbedOrigins), sh.Currency, text(sh.Ways),
			sh.PaymentNote, text(sh.Lineup), ms(sh.Created), ms(sh.Updated), sh.Rev, hash(sh.StreamKey))
		if !taken(err) {
			return err
		}
		if _, err := showBySlug(t, sh.Slug); err == nil {
			return fault.New(fault.Conflict, "there is a show %q already", sh.Slug).At("slug").WithHint("choose another address for the show")
		}
		return keyTaken()
	})
}

func keyTaken() error {
	return fault.New(fault.Conflict, "this stream key belongs to another show").At("streamKey").WithHint("leave it empty to get a random one")
}

// ChangeShow implements show.Store.
func (s *Shows) ChangeShow(ctx context.Context, slug show.Slug, f func(*show.Show) error) (out show.Show, err error) {
	err = s.db.writer.do(ctx, func(t *tx) error {
		old, err := showBySlug(t, slug)
		if err != nil {
			return err
		}
		sh := old
		if err := f(&sh); errors.Is(err, show.ErrSame) {
			out = old
			return nil
		} else if err != nil {
			return err
		}
		sh.Slug, sh.Merchant, sh.Created, sh.Rev = old.Slug, old.Merchant, old.Created, old.Rev+1
		_, err = t.exec(`UPDATE shows SET title = ?, description = ?, poster = ?, starts_at = ?, started_at = ?, ended_at = ?,
			end_reason = ?, status = ?, on_air = ?, silent = ?, off_air_since = ?, stream_key = ?, embed_origins = ?, currency = ?, ways = ?, payment_note = ?, lineup = ?,
			updated = ?, rev = ?, key_hash = ? WHERE slug = ?`,
			sh.Title, sh.Description, sh.Poster, ms(sh.StartsAt), msp(sh.StartedAt), msp(sh.EndedAt),
			sh.EndReason, sh.Status, sh.OnAir, sh.Silent, msp(sh.OffAirSince), sh.StreamKey, text(sh.EmbedOrigins), sh.Currency, text(sh.Ways),
			sh.PaymentNote, text(sh.Lineup),
			ms(sh.Updated), sh.Rev, hash(sh.StreamKey), slug)
		if taken(err) {
			return keyTaken()
		}
		if err == nil {
			out, err = showBySlug(t, slug)
		}
		return err
	})
	return out, err
}

// ShowByKeyHash implements show.KeyStore.
func (s *Shows) ShowByKeyHash(ctx context.Context, h [sha256.Size]byte) (out show.Show, err error) {
	err = s.db.view(ctx, func(q querier) error {
		ss, err := shows(q, "SELECT "+showColumns+" FROM shows WHERE key_hash = ?", h[:])
		if err == nil && len(ss) == 0 {
			return fault.New(fault.NotFound, "there is no show with this stream key")
		}
		if err == nil {
			out = ss[0]
		}
		return err
	})
	return out, err
}

// Terms implements order.Shows.
func (s *Shows) Terms(ctx context.Context, name string) (order.Terms, error) {
	sh, err := s.Show(ctx, show.Slug(name))
	return order.Terms{
		Show: name, Merchant: sh.Merchant, Currency: sh.Currency, Ways: sh.Ways, PaymentNote: sh.PaymentNote,
		Ended: sh.EndedAt, Lineup: sh.Lineup,
	}, err
}
