package catalogue_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"

	"livesrv/internal/catalogue"
	"livesrv/internal/fault"
	"livesrv/internal/store"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var quiet = slog.New(slog.DiscardHandler)

// open makes a catalogue on a real database and gives a merchant of it.
func open(tb testing.TB, f catalogue.Fetcher) (*catalogue.Service, catalogue.MerchantID) {
	tb.Helper()
	ctx := context.Background()
	db, err := store.Open(ctx, store.Config{Path: filepath.Join(tb.TempDir(), "shop.db")}, quiet)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	})
	c := db.Catalogue()
	s, err := catalogue.New(catalogue.DefaultConfig(), catalogue.Deps{Merchants: c, Products: c, Prices: c, Images: c, Fetcher: f, Log: quiet})
	if err != nil {
		tb.Fatal(err)
	}
	m, err := s.DefaultMerchant(ctx, "Shop")
	if err != nil {
		tb.Fatal(err)
	}
	return s, m.ID
}

// all gives all products without what differs from run to run.
func all(tb testing.TB, s *catalogue.Service, m catalogue.MerchantID) []catalogue.Product {
	tb.Helper()
	ps, err := s.Products(context.Background(), m, catalogue.Filter{Archived: true, Limit: 500})
	if err != nil {
		tb.Fatal(err)
	}
	return ps
}

var volatile = cmp.Options{
	cmpopts.IgnoreFields(catalogue.Product{}, "ID", "Merchant", "Created", "Updated", "Rev"),
	cmpopts.IgnoreFields(catalogue.SKU{}, "ID", "Product"), cmpopts.EquateEmpty(),
}

// TestImportFiles reads each file of testdata/import and compares the report and the products with the golden file;
// the same file again changes nothing; what Export then writes is read back to 'unchanged'.
func TestImportFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/import/*.csv")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	ctx := context.Background()
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s, m := open(t, nil)
			opts := catalogue.ImportOptions{}
			if strings.HasPrefix(filepath.Base(file), "shopify") {
				opts.Currency = "EUR"
			}
			dry := opts
			dry.DryRun = true
			foretold, err := s.Import(ctx, m, bytes.NewReader(data), dry)
			if err != nil {
				t.Fatal(err)
			}
			if ps := all(t, s, m); len(ps) != 0 {
				t.Fatalf("a dry run made %d products", len(ps))
			}
			report, err := s.Import(ctx, m, bytes.NewReader(data), opts)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(report, foretold, cmpopts.IgnoreFields(catalogue.Report{}, "DryRun")); d != "" {
				t.Errorf("the dry run foretold something else:\n%s", d)
			}
			golden(t, strings.TrimSuffix(file, ".csv")+".golden", describe(report, all(t, s, m)))

			before := all(t, s, m)
			again, err := s.Import(ctx, m, bytes.NewReader(data), opts)
			if err != nil {
				t.Fatal(err)
			}
			onlyUnchanged(t, again, len(before), report.Refused)
			if d := cmp.Diff(before, all(t, s, m)); d != "" {
				t.Errorf("the same file again changed something:\n%s", d)
			}
			roundTrip(t, s, m)
		})
	}
}

func onlyUnchanged(t *testing.T, r catalogue.Report, products, refused int) {
	t.Helper()
	if r.Created != 0 || r.Updated != 0 || r.Unchanged != products || r.Refused != refused {
		b, _ := json.MarshalIndent(r, "", " ")
		t.Errorf("want %d products unchanged and %d rows refused, got %s", products, refused, b)
	}
}

// roundTrip exports, imports into the same catalogue (unchanged) and into an empty one (the same products).
func roundTrip(t *testing.T, s *catalogue.Service, m catalogue.MerchantID) {
	t.Helper()
	ctx := context.Background()
	var out bytes.Buffer
	if err := s.Export(ctx, m, &out); err != nil {
		t.Fatal(err)
	}
	before := all(t, s, m)
	r, err := s.Import(ctx, m, bytes.NewReader(out.Bytes()), catalogue.ImportOptions{SetStock: true})
	if err != nil {
		t.Fatal(err)
	}
	onlyUnchanged(t, r, len(before), 0)
	s2, m2 := open(t, nil)
	if _, err := s2.Import(ctx, m2, bytes.NewReader(out.Bytes()), catalogue.ImportOptions{}); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(before, all(t, s2, m2), volatile); d != "" {
		t.Errorf("what was exported came back otherwise:\n%s", d)
	}
}

// describe writes a report and products for people.
func describe(r catalogue.Report, ps []catalogue.Product) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d created, %d updated, %d unchanged, %d rows refused; ignored %q\n", r.Dialect, r.Created, r.Updated, r.Unchanged, r.Refused, r.Ignored)
	for _, row := range r.Rows {
		fmt.Fprintf(&b, "line %d %q %s %q\n", row.Line, row.Handle, row.Result, row.Taken)
		if row.Reason != "" {
			fmt.Fprintf(&b, "    because %s (%s)\n", row.Reason, row.Hint)
		}
		for _, w := range row.Warnings {
			fmt.Fprintf(&b, "    but %s\n", w)
		}
	}
	for _, p := range ps {
		fmt.Fprintf(&b, "%s: %q by %q, options %q, archived %v\n  %q\n", p.Handle, p.Title, p.Vendor, p.Options, p.Archived, p.Description)
		for _, s := range p.SKUs {
			fmt.Fprintf(&b, "  %q %q %v, %d pieces", s.Code, s.Options, s.Price, s.Stock)
			if s.CompareAt != nil {
				fmt.Fprintf(&b, ", was %v", catalogue.Money{Amount: *s.CompareAt, Currency: s.Price.Currency})
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got; -update writes it):\n%s", file, d)
	}
}

// TestImportRefused is about whole files.
func TestImportRefused(t *testing.T) {
	t.Parallel()
	s, m := open(t, nil)
	long := "handle,title,price,currency\n" + strings.Repeat("a,A,1,EUR\n", 50_001)
	for name, c := range map[string]struct {
		file string
		opts catalogue.ImportOptions
		kind fault.Kind
		says string
	}{
		"empty":       {"", catalogue.ImportOptions{}, fault.Invalid, "empty"},
		"bom only":    {"\ufeff\n\n", catalogue.ImportOptions{}, fault.Invalid, "empty"},
		"utf-16":      {"\xff\xfeh\x00", catalogue.ImportOptions{}, fault.Invalid, "UTF-16"},
		"foreign":     {"a,b,c\n1,2,3\n", catalogue.ImportOptions{}, fault.Invalid, "columns"},
		"no currency": {"Handle,Title,Variant Price\na,A,1\n", catalogue.ImportOptions{}, fault.Invalid, "currency"},
		"no such":     {"Handle,Title,Variant Price\na,A,1\n", catalogue.ImportOptions{Currency: "EURO"}, fault.Invalid, "EURO"},
		"rows":        {long, catalogue.ImportOptions{}, fault.TooLarge, "50000"},
		"bytes":       {"handle,title,price,currency\na,\"" + strings.Repeat("x", 32<<20), catalogue.ImportOptions{}, fault.TooLarge, "32 MB"},
		"long header": {strings.Repeat("handle,", 20_000) + "\n", catalogue.ImportOptions{}, fault.Invalid, "first line"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.Import(context.Background(), m, strings.NewReader(c.file), c.opts)
			if fault.KindOf(err) != c.kind || err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %v with %q", err, c.kind, c.says)
			}
		})
	}
	if ps := all(t, s, m); len(ps) != 0 {
		t.Errorf("refused files made %d products", len(ps))
	}
}

// TestImportChanges imports a second state of a list over the first.
func TestImportChanges(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, m := open(t, nil)
	imp := func(o catalogue.ImportOptions, rows ...string) catalogue.Report {
		t.Helper()
		r, err := s.Import(ctx, m, strings.NewReader("handle,title,vendor,option1_name,option1_value,sku,price,currency,stock\n"+strings.Join(rows, "\n")), o)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	imp(catalogue.ImportOptions{}, "a,A,V,Size,S,A-S,10,EUR,5", "a,,,,M,A-M,10,EUR,5", "b,B,V,,,B,7,EUR,1")
	p := all(t, s, m)[0]
	if _, err := s.SetStock(ctx, p.SKUs[0].ID, 2); err != nil { // three were sold since
		t.Fatal(err)
	}
	r := imp(catalogue.ImportOptions{}, "a,A,V,Size,S,A-S,11,EUR,5", "a,,,,Medium,A-M,10,EUR,5", "a,,,,L,A-L,12,EUR,9")
	if r.Updated != 1 || r.Rows[0].Result != catalogue.Updated || r.Rows[1].Result != catalogue.Updated || r.Rows[2].Result != catalogue.Created {
		t.Errorf("%+v", r)
	}
	if len(r.Rows[0].Warnings) != 1 || !strings.Contains(r.Rows[0].Warnings[0], "stays at 2") {
		t.Errorf("no word about the stock that was left: %q", r.Rows[0].Warnings)
	}
	got := all(t, s, m)[0]
	if got.SKUs[0].ID != p.SKUs[0].ID || got.SKUs[0].Price.Amount != 1100 || got.SKUs[0].Stock != 2 {
		t.Errorf("S: %+v", got.SKUs[0])
	}
	if got.SKUs[1].ID != p.SKUs[1].ID || got.SKUs[1].Options[0] != "Medium" {
		t.Errorf("M was not found by its code: %+v", got.SKUs[1])
	}
	if len(got.SKUs) != 3 || got.SKUs[2].Stock != 9 || len(all(t, s, m)) != 2 {
		t.Errorf("%+v", got)
	}
	r = imp(catalogue.ImportOptions{SetStock: true}, "a,A,V,Size,S,A-S,11,EUR,5")
	if got = all(t, s, m)[0]; got.SKUs[0].Stock != 5 || r.Rows[0].Taken[0] != "stock" {
		t.Errorf("stock was not set: %+v %+v", got.SKUs[0], r)
	}
	h, err := s.PriceHistory(ctx, p.SKUs[0].ID)
	if err != nil || len(h) != 2 || h[0].Price.Amount != 1000 || h[1].Price.Amount != 1100 {
		t.Errorf("history %+v, %v", h, err)
	}
}
