package catalogue

import (
	"context"
	"encoding/csv"
	"io"
	"strconv"
	"strings"
)

// exportHeader is the header of our own dialect.
var exportHeader = []string{"handle", "title", "description", "vendor", "archived", "option1_name", "option1_value", "option2_name",
	"option2_value", "option3_name", "option3_value", "sku", "price", "compare_at_price", "currency", "stock", "image", "image_alt", "sku_image"}

// guarded are the first characters by which a spreadsheet takes a cell for a formula
// (owasp.org/www-community/attacks/CSV_Injection), and the apostrophe that Export puts before them.
const guarded = "=+-@\t\r'"

// Export writes all of a merchant's products as CSV that Import reads back to 'unchanged': one row for each choice, and
// more for further pictures. It begins with a UTF-8 byte order mark, without which Excel does not read other alphabets.
// A cell that begins like a formula gets an apostrophe, which Import takes off again.
func (s *Service) Export(ctx context.Context, m MerchantID, w io.Writer) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	if err := out.Write(exportHeader); err != nil {
		return err
	}
	f := Filter{Archived: true, Limit: 500}
	for {
		page, err := s.deps.Products.Products(ctx, Selection{Merchant: m, Filter: f})
		if err != nil {
			return err
		}
		for _, p := range page {
			if err := s.exportProduct(ctx, out, p); err != nil {
				return err
			}
		}
		out.Flush()
		if err := out.Error(); err != nil || len(page) < f.Limit {
			return err
		}
		f.After = page[len(page)-1].Handle
	}
}

func (s *Service) exportProduct(ctx context.Context, out *csv.Writer, p Product) error {
	address := map[ImageID]string{}
	if len(p.Images) > 0 {
		sources, err := s.deps.Images.ImageSources(ctx, p.ID)
		if err != nil {
			return err
		}
		for source, id := range sources {
			address[id] = source
		}
		for _, img := range p.Images { // one that was uploaded has its id only
			if address[img.ID] == "" {
				address[img.ID] = string(img.ID)
			}
		}
	}
	for i := range max(len(p.SKUs), len(p.Images)) {
		row := make([]string, len(exportHeader))
		row[0] = p.Handle
		if i == 0 {
			row[1], row[2], row[3], row[4] = p.Title, p.Description, p.Vendor, strconv.FormatBool(p.Archived)
			for j, o := range p.Options {
				row[5+2*j] = o
			}
		}
		if i < len(p.SKUs) {
			exportSKU(row, p.SKUs[i], address)
		}
		if i < len(p.Images) {
			row[16], row[17] = address[p.Images[i].ID], p.Images[i].Alt
		}
		for j, cell := range row {
			if cell != "" && strings.IndexByte(guarded, cell[0]) >= 0 {
				row[j] = "'" + cell
			}
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	return nil
}

func exportSKU(row []string, s SKU, address map[ImageID]string) {
	for j, v := range s.Options {
		row[6+2*j] = v
	}
	row[11], row[12], row[14], row[15] = s.Code, s.Price.Decimal(), s.Price.Currency, strconv.Itoa(s.Stock)
	if s.CompareAt != nil {
		row[13] = Money{*s.CompareAt, s.Price.Currency}.Decimal()
	}
	row[18] = address[s.Image]
}
