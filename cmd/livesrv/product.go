package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"livesrv/internal/catalogue"
	"livesrv/internal/fault"
)

func newProduct(con console) *cobra.Command {
	export := newDownload(con, download{
		use:   "export",
		short: "Write all products as CSV",
		long: `Writes all products as CSV: one row a SKU. 'product import' reads the file back, so it can be changed in a
spreadsheet in between.`,
		example: "  livesrv product export > products.csv",
		method:  http.MethodGet,
		path:    "/api/products/export",
	})
	return newGroup("product", "Bring products in and out", newProductImport(con), export)
}

func newProductImport(con console) *cobra.Command {
	var currency string
	var dryRun, stock, noFetch, verbose bool
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Read products from CSV: ours or Shopify's",
		Long: `Reads products from a CSV file ('-' is the standard input) in our own form ('product export' writes it) or one of
Shopify's two; which one is told by the header. Reading the same file again changes nothing. Reports every row that
was refused, with the reason; exits with 1 when there was one.`,
		Example: `  livesrv product import products.csv --dry-run
  livesrv product import shopify_export.csv --currency EUR
  livesrv product import products.csv --set-stock --json`,
		Args: words(1, 1),
	}
	f := cmd.Flags()
	f.BoolVar(&dryRun, "dry-run", false, "only say what would happen")
	f.StringVar(&currency, "currency", "", "`CODE` for files that name none (Shopify's), such as EUR")
	f.BoolVar(&stock, "set-stock", false, "write the file's stock over that of products that are there already")
	f.BoolVar(&noFetch, "no-pictures", false, "leave the pictures that the file links to alone")
	f.BoolVarP(&verbose, "verbose", "v", false, "show every row, not only refusals and warnings")
	asJSON := jsonFlag(cmd)
	return con.asks(cmd, func(c *client, args []string) error {
		in, err := openInput(con, args[0])
		if err != nil {
			return err
		}
		defer in.Close()
		p := progress{w: con.err, verb: "sent"}
		q := request{method: http.MethodPost, path: "/api/products/import", kind: "text/csv",
			body: io.TeeReader(in, &p), query: url.Values{}}
		set := func(name string, on bool) {
			if on {
				q.query.Set(name, "true")
			}
		}
		set("dryRun", dryRun)
		set("setStock", stock)
		set("noFetch", noFetch)
		if currency != "" {
			q.query.Set("currency", strings.ToUpper(currency))
		}
		var raw json.RawMessage
		err = c.do(cmd.Context(), q, &raw)
		p.end()
		if err != nil {
			return err
		}
		return reportImport(con, raw, *asJSON, verbose)
	})
}

// openInput opens a file, or the standard input for "-".
func openInput(con console, name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(con.in), nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fault.New(fault.Invalid, "%s cannot be read", name).Because(err)
	}
	return f, nil
}

// reportImport prints what became of the rows; refused rows make it an error.
func reportImport(con console, raw json.RawMessage, asJSON, verbose bool) error {
	var rep catalogue.Report
	if err := json.Unmarshal(raw, &rep); err != nil {
		return fault.New(fault.Internal, "the server's report is not understood").Because(err)
	}
	if asJSON {
		if err := printJSON(con.out, raw); err != nil {
			return err
		}
	} else {
		printRows(con.out, rep, verbose)
	}
	if rep.Refused > 0 {
		return fault.New(fault.Invalid, "%d rows were refused", rep.Refused).WithHint("mend them in the file and import it again: the rest stays as it is")
	}
	return nil
}

func printRows(w io.Writer, rep catalogue.Report, verbose bool) {
	for _, row := range rep.Rows {
		if !verbose && row.Result != catalogue.Refused && len(row.Warnings) == 0 {
			continue
		}
		fmt.Fprintf(w, "line %d  %s  %s", row.Line, row.Result, oneLine(row.Handle))
		if row.Reason != "" {
			fmt.Fprintf(w, ": %s", oneLine(row.Reason))
		}
		if row.Hint != "" {
			fmt.Fprintf(w, " (%s)", oneLine(row.Hint))
		}
		fmt.Fprintln(w)
		for _, warning := range row.Warnings {
			fmt.Fprintf(w, "    %s\n", oneLine(warning))
		}
	}
	would := ""
	if rep.DryRun {
		would = " (nothing was written)"
	}
	fmt.Fprintf(w, "%s: products: %d created, %d updated, %d unchanged; rows refused: %d%s\n",
		rep.Dialect, rep.Created, rep.Updated, rep.Unchanged, rep.Refused, would)
}
