package catalogue

import (
	"context"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"livesrv/internal/fault"
)

// ImportOptions steer an import.
type ImportOptions struct {
	DryRun   bool   // report only, change nothing
	Currency string // for files that do not name one (Shopify's do not): ISO 4217; required then
	SetStock bool   // write the file's stock over that of choices that exist; new ones always get it
	NoFetch  bool   // leave pictures on other machines alone
}

// RowResult says what became of a row.
type RowResult string

// The results.
const (
	Created   RowResult = "created"
	Updated   RowResult = "updated"
	Unchanged RowResult = "unchanged"
	Refused   RowResult = "refused"
)

// Row is the report of one row of the file.
type Row struct {
	Line     int       `json:"line"` // of the file, from 1, where the row begins
	Handle   string    `json:"handle"`
	Result   RowResult `json:"result"`
	Taken    []string  `json:"taken,omitempty"` // the fields that were set or changed
	Reason   string    `json:"reason,omitempty"`
	Hint     string    `json:"hint,omitempty"`
	Warnings []string  `json:"warnings,omitempty"`
}

// Report is what an import did, or would do.
type Report struct {
	Dialect   string   `json:"dialect"` // "livesrv", "shopify", "shopify-legacy"
	DryRun    bool     `json:"dryRun"`
	Created   int      `json:"created"` // products
	Updated   int      `json:"updated"`
	Unchanged int      `json:"unchanged"`
	Refused   int      `json:"refused"` // rows
	Ignored   []string `json:"ignored"` // columns that mean nothing to us
	Rows      []Row    `json:"rows"`
}

// importer is one import under way.
type importer struct {
	*Service
	merchant MerchantID
	sheet    *sheet
	opts     ImportOptions
	pictures *pictures

	mu     sync.Mutex
	report Report
}

// group is the rows of one product.
type group struct {
	handle string
	lines  []*line
}

// Import reads a CSV file: ours or one of Shopify's two dialects, told by its header; comma, semicolon or tab.
// Products are found by their handle, choices by their option values, or by their code when the values are new.
//
// It adds and changes, and removes nothing: what the file does not name stays. A column that is not there changes
// nothing; a cell of a column that is there counts, also when it is empty, but for title, price and the pictures.
// Stock is live, the file is not: it is set for new choices, and for others only with SetStock. The same file again
// changes nothing. Each row is taken or refused by itself and the report says why; an error is of the whole file.
func (s *Service) Import(ctx context.Context, m MerchantID, r io.Reader, o ImportOptions) (Report, error) {
	sh, err := readSheet(r)
	if err != nil {
		return Report{}, err
	}
	if o.Currency != "" || !sh.has[fCurrency] {
		if err := CheckCurrency(o.Currency); err != nil {
			if o.Currency == "" {
				return Report{}, fault.New(fault.Invalid, "the file does not say in which currency its prices are").At("currency").WithHint("say it with the import, like EUR")
			}
			return Report{}, err
		}
	}
	im := &importer{Service: s, merchant: m, sheet: sh, opts: o, pictures: &pictures{failed: map[string]int{}}}
	im.report = Report{Dialect: sh.name, DryRun: o.DryRun, Ignored: append([]string{}, sh.ignored...)}
	defer s.deps.Fetcher.Done()
	g, ctx := errgroup.WithContext(ctx)
	// More than there are processors: their writes share the store's commits, their fetches wait for others.
	g.SetLimit(max(8, 2*runtime.GOMAXPROCS(0)))
	for _, grp := range sh.groups() {
		g.Go(func() error { return im.product(ctx, grp) })
	}
	err = g.Wait()
	for _, l := range sh.lines {
		if l.Result == "" { // an error came first
			l.refuse("the import was broken off before this row", "import the file again")
		}
		if l.Result == Refused {
			im.report.Refused++
		}
		im.report.Rows = append(im.report.Rows, l.Row)
	}
	s.deps.Log.Info("products imported", "merchant", m, "dialect", sh.name, "dry", o.DryRun, "rows", len(sh.lines),
		"created", im.report.Created, "updated", im.report.Updated, "unchanged", im.report.Unchanged, "refused", im.report.Refused)
	return im.report, err
}

// groups gathers the rows of each product, in the order of the file. A row without handle and title goes on with the
// product before it; one with a title alone gets the title's handle.
func (sh *sheet) groups() []*group {
	var out []*group
	index := map[string]*group{}
	last := ""
	for _, l := range sh.lines {
		if l.Result == Refused {
			continue
		}
		h := strings.ToLower(l.cells[fHandle])
		if h == "" && l.cells[fTitle] != "" {
			h = HandleOf(l.cells[fTitle])
		}
		if h == "" {
			h = last
		}
		if last = h; !isHandle(h) {
			l.refuse("the row names no product", "give it a handle of letters, digits and hyphens, or a title")
			continue
		}
		l.Handle = h
		if index[h] == nil {
			index[h] = &group{handle: h}
			out = append(out, index[h])
		}
		index[h].lines = append(index[h].lines, l)
	}
	return out
}

// product takes one product. Its errors end the import.
func (im *importer) product(ctx context.Context, g *group) error {
	found, err := im.deps.Products.Products(ctx, Selection{Merchant: im.merchant, Handle: g.handle})
	if err != nil {
		return err
	}
	var p Product
	result := Created
	if len(found) == 0 {
		p, err = im.add(ctx, g)
	} else {
		p, result, err = im.update(ctx, g, found[0])
	}
	if kind := fault.KindOf(err); err != nil && (kind == fault.Internal || kind == fault.Unavailable) {
		return err
	}
	if err != nil { // the product as a whole cannot be
		for _, l := range g.lines {
			if l.Result != Refused {
				l.refuseFor(err)
			}
		}
		return nil
	}
	if im.addPictures(ctx, g, p) && result == Unchanged {
		result = Updated
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if slices.ContainsFunc(g.lines, func(l *line) bool { return l.Result != Refused }) {
		im.count(result)
	}
	return nil
}

func (im *importer) count(r RowResult) {
	im.mu.Lock()
	defer im.mu.Unlock()
	switch r {
	case Created:
		im.report.Created++
	case Updated:
		im.report.Updated++
	case Unchanged:
		im.report.Unchanged++
	}
}

func (im *importer) add(ctx context.Context, g *group) (Product, error) {
	now := im.now()
	p := Product{ID: ProductID(NewID("prd")), Merchant: im.merchant, Handle: g.handle, Options: []string{}, Images: []Image{}, Created: now, Updated: now, Rev: 1}
	if _, err := im.merge(g, &p, true); err != nil {
		return p, err
	}
	if im.opts.DryRun {
		return p, nil
	}
	err := im.deps.Products.AddProduct(ctx, p)
	if err == nil {
		im.Changed(p.ID)
	}
	return p, err
}

func (im *importer) update(ctx context.Context, g *group, old Product) (p Product, result RowResult, err error) {
	result = Unchanged
	f := func(p *Product) error {
		changed, err := im.merge(g, p, false)
		if err != nil {
			return err
		}
		if !changed {
			return ErrSame
		}
		result = Updated
		return nil
	}
	if im.opts.DryRun {
		p = old
		p.SKUs = slices.Clone(old.SKUs)
		if err = f(&p); err == ErrSame {
			err = nil
		}
		return p, result, err
	}
	p, err = im.change(ctx, old.ID, f)
	return p, result, err
}
