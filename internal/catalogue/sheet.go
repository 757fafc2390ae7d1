package catalogue

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"livesrv/internal/fault"
)

// The bounds of a file that is imported.
const (
	maxImportBytes = 32 << 20
	maxImportRows  = 50_000
)

// field is what a column means, whatever a dialect calls it.
type field int

const (
	fHandle field = iota
	fTitle
	fDescription
	fVendor
	fArchived
	fName1 // the three options' names, then their values
	fName2
	fName3
	fValue1
	fValue2
	fValue3
	fCode
	fPrice
	fCompareAt
	fCurrency
	fStock
	fOversell
	fImage
	fAlt
	fSKUImage
	numFields
)

// dialect is one way to lay products out in rows.
type dialect struct {
	name    string
	columns map[string]field // header, in small letters
	marks   []string         // headers of which one tells this dialect
	html    bool             // descriptions are HTML
}

// ours is what Export writes. Shopify's two are read as its own documentation and files lay them out.
var ours = &dialect{
	name:  "livesrv",
	marks: []string{"currency", "option1_name", "compare_at_price", "sku_image"},
	columns: map[string]field{
		"handle": fHandle, "title": fTitle, "description": fDescription, "vendor": fVendor, "archived": fArchived,
		"option1_name": fName1, "option1_value": fValue1, "option2_name": fName2, "option2_value": fValue2,
		"option3_name": fName3, "option3_value": fValue3, "sku": fCode, "price": fPrice, "compare_at_price": fCompareAt,
		"currency": fCurrency, "stock": fStock, "image": fImage, "image_alt": fAlt, "sku_image": fSKUImage,
	},
}

var shopifyLegacy = &dialect{
	name: "shopify-legacy", html: true,
	marks: []string{"variant price", "variant sku", "body (html)", "image src", "variant inventory qty"},
	columns: map[string]field{
		"handle": fHandle, "title": fTitle, "body (html)": fDescription, "vendor": fVendor, "status": fArchived,
		"option1 name": fName1, "option1 value": fValue1, "option2 name": fName2, "option2 value": fValue2,
		"option3 name": fName3, "option3 value": fValue3, "variant sku": fCode, "variant price": fPrice,
		"variant compare at price": fCompareAt, "variant inventory qty": fStock, "variant inventory policy": fOversell,
		"image src": fImage, "image alt text": fAlt, "variant image": fSKUImage,
	},
}

var shopify = &dialect{
	name: "shopify", html: true,
	marks: []string{"url handle", "inventory quantity", "product image url", "compare-at price", "title"},
	columns: map[string]field{
		"url handle": fHandle, "title": fTitle, "description": fDescription, "vendor": fVendor, "status": fArchived,
		"option1 name": fName1, "option1 value": fValue1, "option2 name": fName2, "option2 value": fValue2,
		"option3 name": fName3, "option3 value": fValue3, "sku": fCode, "price": fPrice, "compare-at price": fCompareAt,
		"inventory quantity": fStock, "continue selling when out of stock": fOversell, "product image url": fImage,
		"image alt text": fAlt, "variant image url": fSKUImage,
	},
}

// line is one row of the file and what becomes of it.
type line struct {
	Row
	cells [numFields]string
	sku   SKUID // the choice it was taken for
}

// sheet is a whole file.
type sheet struct {
	*dialect
	has     [numFields]bool // the columns that are there
	ignored []string        // headers that mean nothing to us
	lines   []*line
}

// readSheet reads a file up to its bounds. Errors are of the whole file; what is wrong with a row is in its line.
func readSheet(r io.Reader) (*sheet, error) {
	limited := &limitedReader{r: r, left: maxImportBytes}
	in := bufio.NewReaderSize(limited, 64<<10)
	first, skipped, err := firstLine(in)
	if err != nil {
		return nil, err
	}
	c := csv.NewReader(io.MultiReader(strings.NewReader(first), in))
	c.Comma, c.FieldsPerRecord, c.ReuseRecord = delimiter(first), -1, true
	header, err := c.Read()
	if err != nil {
		return nil, fault.New(fault.Invalid, "the first line cannot be read").WithHint("it must name the columns").Because(err)
	}
	sh := &sheet{}
	columns, err := sh.mapColumns(header)
	if err != nil {
		return nil, err
	}
	rows := 0
	for {
		rec, err := c.Read()
		if err == io.EOF {
			return sh, nil
		}
		if rows++; rows > maxImportRows {
			return nil, fault.New(fault.TooLarge, "the file has over %d rows", maxImportRows).WithHint("divide it; keep the rows of a product together")
		}
		l, err := sh.readLine(c, rec, err, columns)
		if err != nil {
			return nil, err
		}
		l.Line += skipped
		if l.Result == Refused || l.cells != [numFields]string{} { // a spreadsheet leaves rows of nothing but commas
			sh.lines = append(sh.lines, l)
		}
	}
}

// limitedReader is an io.LimitReader that says when it cut something off.
type limitedReader struct {
	r    io.Reader
	left int64
}

func (l *limitedReader) Read(b []byte) (int, error) {
	if l.left < 0 {
		return 0, fault.New(fault.TooLarge, "the file is over %d MB", maxImportBytes>>20).WithHint("divide it; keep the rows of a product together")
	}
	if int64(len(b)) > l.left+1 {
		b = b[:l.left+1]
	}
	n, err := l.r.Read(b)
	if l.left -= int64(n); l.left < 0 {
		return l.Read(nil)
	}
	return n, err
}

// firstLine reads the header's line, over a byte order mark and Excel's "sep=;". skipped counts what is before it.
func firstLine(in *bufio.Reader) (first string, skipped int, err error) {
	if b, _ := in.Peek(3); bytes.Equal(b, []byte("\ufeff")) {
		_, _ = in.Discard(3)
	} else if bytes.HasPrefix(b, []byte("\xff\xfe")) || bytes.HasPrefix(b, []byte("\xfe\xff")) {
		return "", 0, fault.New(fault.Invalid, "the file is in UTF-16").WithHint("save it as 'CSV UTF-8'")
	}
	for {
		first, err = in.ReadString('\n')
		switch {
		case err != nil && err != io.EOF:
			return "", 0, wholeFile(err)
		case len(first) > 64<<10:
			return "", 0, fault.New(fault.Invalid, "the first line is too long").WithHint("is this a CSV file?")
		case strings.TrimSpace(first) != "" && !strings.HasPrefix(first, "sep="):
			return first, skipped, nil
		case err == io.EOF:
			return "", 0, fault.New(fault.Invalid, "the file is empty").WithHint("the first line names the columns")
		}
		skipped++
	}
}

// wholeFile makes sure that an error of reading is one to show.
func wholeFile(err error) error {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f
	}
	return fault.New(fault.Invalid, "the file did not arrive whole").WithHint("send it again").Because(err)
}

// delimiter is the most frequent of the three outside quotes.
func delimiter(header string) rune {
	counts := map[rune]int{}
	quoted := false
	for _, r := range header {
		if r == '"' {
			quoted = !quoted
		} else if !quoted {
			counts[r]++
		}
	}
	best := ','
	for _, r := range []rune{';', '\t'} {
		if counts[r] > counts[best] {
			best = r
		}
	}
	return best
}

// mapColumns tells the dialect by the header and gives the field of each column, -1 for none.
func (sh *sheet) mapColumns(header []string) ([]field, error) {
	names := make([]string, len(header))
	for i, h := range header {
		names[i] = strings.ToLower(strings.Join(strings.Fields(h), " "))
	}
	for _, d := range []*dialect{shopifyLegacy, ours, shopify} {
		if slices.ContainsFunc(d.marks, func(m string) bool { return slices.Contains(names, m) }) {
			sh.dialect = d
			break
		}
	}
	if sh.dialect == nil || !slices.Contains(names, "title") && !slices.Contains(names, "handle") && !slices.Contains(names, "url handle") {
		return nil, fault.New(fault.Invalid, "the columns are of no list of products that we know").
			WithHint("ours begins with handle,title,description,vendor (export one to see); Shopify's product exports are read too")
	}
	columns := make([]field, len(names))
	for i, n := range names {
		f, ok := sh.columns[n]
		if !ok || sh.has[f] {
			columns[i] = -1
			if n != "" {
				sh.ignored = append(sh.ignored, strings.TrimSpace(header[i]))
			}
			continue
		}
		columns[i], sh.has[f] = f, true
	}
	return columns, nil
}

// readLine turns a record, or the error in its place, into a line.
func (sh *sheet) readLine(c *csv.Reader, rec []string, err error, columns []field) (*line, error) {
	l := &line{}
	if p, ok := errors.AsType[*csv.ParseError](err); ok {
		l.Line = p.StartLine
		l.refuse("the quotes in this row do not match", "a quote inside a quoted cell is written twice")
		return l, nil
	} else if err != nil {
		return nil, wholeFile(err)
	}
	l.Line, _ = c.FieldPos(0)
	for i, cell := range rec {
		cell = strings.TrimSpace(cell)
		switch {
		case i >= len(columns):
			if cell != "" {
				l.refuse("the row has more cells than there are columns", "put quotes around a cell that has the delimiter in it")
			}
		case columns[i] < 0:
		case !utf8.ValidString(cell):
			l.refuse("the text is not UTF-8", "save the file as 'CSV UTF-8'")
		default:
			l.cells[columns[i]] = strings.Clone(sh.unguard(cell)) // rec is cut from one string, which would be kept
		}
	}
	l.Handle = l.cells[fHandle]
	return l, nil
}

// unguard takes off what Export puts before a cell that a spreadsheet would run.
func (sh *sheet) unguard(cell string) string {
	if sh.dialect == ours && len(cell) > 1 && cell[0] == '\'' && strings.IndexByte(guarded, cell[1]) >= 0 {
		return cell[1:]
	}
	return cell
}

func (l *line) refuse(reason, hint string) {
	l.Result, l.Reason, l.Hint, l.Taken = Refused, reason, hint, nil
}

// refuseFor is refuse with the words of an error.
func (l *line) refuseFor(err error) {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		reason := f.Msg
		if f.Field != "" {
			reason = f.Field + ": " + f.Msg
		}
		l.refuse(reason, f.Hint)
		return
	}
	l.refuse("it could not be saved", "try again")
}

func (l *line) warn(text string) { l.Warnings = append(l.Warnings, text) }

// took notes a field that was set or changed.
func (l *line) took(name string) {
	if l.Result == Unchanged {
		l.Result = Updated
	}
	l.Taken = append(l.Taken, name)
}
