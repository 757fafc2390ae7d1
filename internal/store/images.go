package store

import (
	"context"
	"database/sql"
	"time"

	"livesrv/internal/catalogue"
	"livesrv/internal/fault"
)

// AddImage implements catalogue.ImageStore.
func (c *Catalogue) AddImage(ctx context.Context, p catalogue.ProductID, img catalogue.NewImage, limit int, at time.Time) (out catalogue.Product, err error) {
	err = c.db.writer.do(ctx, func(t *tx) error {
		if err := touch(t, p, at); err != nil {
			return err
		}
		var n int
		if _, err := one(t, "SELECT count(*) FROM images WHERE product = ?", []any{p}, &n); err != nil {
			return err
		}
		if n >= limit {
			return fault.New(fault.TooLarge, "the product has %d pictures, which is all it can have", n).WithHint("remove one first")
		}
		_, err := t.exec(`INSERT INTO images (id, product, alt, width, height, source, position)
			SELECT ?, ?, ?, ?, ?, ?, coalesce(max(position) + 1, 0) FROM images WHERE product = ?`,
			img.ID, p, img.Alt, img.Width, img.Height, img.Source, p)
		if err != nil {
			return err
		}
		if _, err := t.exec("INSERT INTO image_bytes (image, large, thumb) VALUES (?, ?, ?)", img.ID, img.Large, img.Thumb); err != nil {
			return err
		}
		out, err = product(t, p)
		return err
	})
	return out, err
}

// RemoveImage implements catalogue.ImageStore.
func (c *Catalogue) RemoveImage(ctx context.Context, p catalogue.ProductID, id catalogue.ImageID, at time.Time) (out catalogue.Product, err error) {
	err = c.db.writer.do(ctx, func(t *tx) error {
		n, err := t.exec("DELETE FROM images WHERE id = ? AND product = ?", id, p) // its bytes go with it
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.NotFound, "the product has no picture %q", id)
		}
		if _, err := t.exec("UPDATE skus SET image = '' WHERE product = ? AND image = ?", p, id); err != nil {
			return err
		}
		if err := touch(t, p, at); err != nil {
			return err
		}
		out, err = product(t, p)
		return err
	})
	return out, err
}

// touch gives a product its next revision.
func touch(t *tx, p catalogue.ProductID, at time.Time) error {
	n, err := t.exec("UPDATE products SET rev = rev + 1, updated = ? WHERE id = ?", ms(at), p)
	if err == nil && n == 0 {
		return fault.New(fault.NotFound, "there is no product %q", p)
	}
	return err
}

// ImageBytes implements catalogue.ImageStore.
func (c *Catalogue) ImageBytes(ctx context.Context, id catalogue.ImageID, thumb bool) (b []byte, err error) {
	query := "SELECT large FROM image_bytes WHERE image = ?"
	if thumb {
		query = "SELECT thumb FROM image_bytes WHERE image = ?"
	}
	err = c.db.view(ctx, func(q querier) error {
		found, err := one(q, query, []any{id}, &b)
		if err == nil && !found {
			return fault.New(fault.NotFound, "there is no picture %q", id)
		}
		return err
	})
	return b, err
}

// ImageSources implements catalogue.ImageStore.
func (c *Catalogue) ImageSources(ctx context.Context, p catalogue.ProductID) (map[string]catalogue.ImageID, error) {
	out := map[string]catalogue.ImageID{}
	err := c.db.view(ctx, func(q querier) error {
		return each(q, func(r *sql.Rows) error {
			var source string
			var id catalogue.ImageID
			err := r.Scan(&source, &id)
			out[source] = id
			return err
		}, "SELECT source, id FROM images WHERE product = ? AND source <> ''", p)
	})
	return out, err
}
