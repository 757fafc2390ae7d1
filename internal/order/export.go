package order

import (
	"context"
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"
)

var exportHeader = []string{"number", "order", "status", "created", "show", "pin", "sku", "code", "title", "options", "quantity",
	"unit_price", "line_total", "order_total", "currency", "way", "name", "phone", "email", "line1", "line2", "city", "region",
	"postcode", "country", "note", "reason"}

// ExportCSV writes the orders of the filter (its Limit and After are ignored), newest first, one row for each line of an
// order. It begins with a UTF-8 byte order mark, without which Excel does not read names in other alphabets.
func (s *Service) ExportCSV(ctx context.Context, f Filter, w io.Writer) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	if err := out.Write(exportHeader); err != nil {
		return err
	}
	f.After, f.Limit = "", 500
	for {
		page, err := s.deps.Ledger.Orders(ctx, f)
		if err != nil {
			return err
		}
		for _, o := range page {
			for _, l := range o.Lines {
				if err := out.Write(row(o, l)); err != nil {
					return err
				}
			}
		}
		out.Flush()
		if err := out.Error(); err != nil || len(page) < f.Limit {
			return err
		}
		f.After = page[len(page)-1].ID
	}
}

func row(o Order, l Line) []string {
	c, a := o.Contact, o.Address
	r := []string{o.Number, string(o.ID), string(o.Status), o.Created.Format(time.RFC3339), o.Show, o.Pin, string(l.SKU), l.Code,
		l.Title, strings.Join(l.Options, " / "), strconv.Itoa(l.Quantity), l.Unit.Decimal(), l.Total.Decimal(), o.Total.Decimal(),
		o.Total.Currency, o.Way, c.Name, c.Phone, c.Email, a.Line1, a.Line2, a.City, a.Region, a.Postcode, a.Country, o.Note, o.Reason}
	for i := range r {
		r[i] = harmless(r[i])
	}
	return r
}

// harmless keeps a spreadsheet from running what a buyer typed: a cell that begins like a formula gets an apostrophe
// (owasp.org/www-community/attacks/CSV_Injection).
func harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n", rune(s[0])) {
		return "'" + s
	}
	return s
}
