package catalogue

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"livesrv/internal/fault"
)

// merge puts the rows of a product into p and says whether anything changed. Rows that cannot be taken are refused
// one by one; an error is of the whole product.
func (im *importer) merge(g *group, p *Product, isNew bool) (changed bool, err error) {
	head := g.lines[0]
	if i := slices.IndexFunc(g.lines, func(l *line) bool { return l.cells[fTitle] != "" }); i >= 0 {
		head = g.lines[i]
	}
	for _, l := range g.lines {
		l.Result, l.Taken = Unchanged, nil
	}
	if isNew && head.cells[fTitle] == "" {
		return false, fault.New(fault.Invalid, "a new product needs a title")
	}
	im.mergeTexts(head, p)
	if err := mergeOptions(g, head, p); err != nil {
		return false, err
	}
	seen := map[string]int{}
	for _, l := range g.lines {
		if l == head || l.isChoice() {
			im.mergeChoice(l, p, seen)
		}
	}
	if isNew && len(p.SKUs) == 0 {
		return false, fault.New(fault.Invalid, "none of the product's choices could be taken")
	}
	if err := check(p); err != nil {
		return false, err
	}
	for _, l := range g.lines {
		changed = changed || l.Result == Updated || l.Result == Created
	}
	if isNew {
		head.Result = Created
		if head.Reason != "" { // its own choice was refused, but it names a product that has others
			head.warn("its own choice was refused: " + head.Reason)
			head.Reason, head.Hint = "", ""
		}
	}
	return changed || isNew, nil
}

// isChoice says whether the row is of a choice, and not only of a picture.
func (l *line) isChoice() bool {
	c := &l.cells
	return c[fPrice] != "" || c[fCode] != "" || c[fValue1] != "" || c[fStock] != ""
}

// mergeTexts takes the product's own columns from its first row with a title.
func (im *importer) mergeTexts(l *line, p *Product) {
	description := l.cells[fDescription]
	if im.sheet.html {
		description = plainText(description)
	}
	for _, f := range []struct {
		name  string
		of    field
		value string
		to    *string
	}{
		{"title", fTitle, l.cells[fTitle], &p.Title},
		{"description", fDescription, description, &p.Description},
		{"vendor", fVendor, l.cells[fVendor], &p.Vendor},
	} {
		value := strings.TrimSpace(strings.ReplaceAll(f.value, "\r\n", "\n"))
		if !im.sheet.has[f.of] || l.cells[fTitle] == "" || value == *f.to {
			continue
		}
		*f.to = value
		l.took(f.name)
	}
	archived := p.Archived
	switch s := strings.ToLower(l.cells[fArchived]); s {
	case "":
	case "true", "1", "yes", "archived", "draft", "unlisted":
		archived = true
		if s == "draft" || s == "unlisted" {
			l.warn("it is " + s + " there and archived here: bring it back when it may be sold")
		}
	case "false", "0", "no", "active":
		archived = false
	default:
		l.warn(fmt.Sprintf("%q is neither active nor archived; left as it is", s))
	}
	if archived != p.Archived {
		p.Archived = archived
		l.took("archived")
	}
}

// mergeOptions takes the names of the options from the first row that has any.
func mergeOptions(g *group, head *line, p *Product) error {
	var names []string
	for _, l := range g.lines {
		if names = optionNames(l); len(names) > 0 {
			head = l
			break
		}
	}
	// Shopify says 'Title' and 'Default Title' of a product without choices.
	if len(names) == 1 && strings.EqualFold(names[0], "title") && strings.EqualFold(head.cells[fValue1], "default title") {
		for _, l := range g.lines {
			l.cells[fValue1] = ""
		}
		names = nil
	}
	if len(names) == 0 || slices.Equal(names, p.Options) {
		return nil
	}
	if len(p.SKUs) > 0 && len(names) != len(p.Options) {
		return fault.New(fault.Invalid, "the product has %d options, the file %d", len(p.Options), len(names)).
			WithHint("change the options of the product by hand, then import again")
	}
	p.Options = names
	head.took("options")
	return nil
}

func optionNames(l *line) (names []string) {
	for f := fName1; f <= fName3; f++ {
		if n := l.cells[f]; n != "" {
			names = append(names, n)
		}
	}
	return names
}

// mergeChoice takes one row's choice, or refuses the row.
func (im *importer) mergeChoice(l *line, p *Product, seen map[string]int) {
	values := []string{}
	for i := range p.Options {
		values = append(values, l.cells[fValue1+field(i)])
	}
	for i, v := range values {
		if v == "" {
			l.refuse(fmt.Sprintf("there is no value for the option %q", p.Options[i]), "every choice has a value for every option")
			return
		}
	}
	key := optionKey(values)
	if first, ok := seen[key]; ok {
		if len(values) == 0 {
			l.refuse(fmt.Sprintf("the product has no options, and its price is in line %d already", first), "name an option to choose by, like Size")
		} else {
			l.refuse(fmt.Sprintf("the choice %q is in line %d already", strings.Join(values, " / "), first), "")
		}
		return
	}
	seen[key] = l.Line
	i := findSKU(p, key, l.cells[fCode])
	sku := SKU{ID: SKUID(NewID("sku")), Product: p.ID, Options: values, Position: len(p.SKUs)}
	if i >= 0 {
		sku = p.SKUs[i]
	}
	taken, err := im.mergeCells(l, &sku, p, i < 0)
	if err == nil && i >= 0 && !slices.Equal(values, sku.Options) {
		sku.Options, taken = values, append(taken, "choice")
	}
	if err == nil {
		err = checkSKU(&sku, p, "")
	}
	if err != nil {
		l.refuseFor(err)
		l.Reason = strings.TrimPrefix(l.Reason, ".")
		return
	}
	l.sku = sku.ID
	if i >= 0 {
		p.SKUs[i] = sku
	} else {
		p.SKUs = append(p.SKUs, sku)
		l.Result = Created
	}
	for _, t := range taken {
		l.took(t)
	}
}

// findSKU finds the choice by its values, else by its code; -1 when it is new.
func findSKU(p *Product, key, code string) int {
	if i := slices.IndexFunc(p.SKUs, func(s SKU) bool { return optionKey(s.Options) == key }); i >= 0 {
		return i
	}
	if code == "" {
		return -1
	}
	return slices.IndexFunc(p.SKUs, func(s SKU) bool { return s.Code == code })
}

// mergeCells takes a choice's own columns and names those that it set or changed.
func (im *importer) mergeCells(l *line, s *SKU, p *Product, isNew bool) (taken []string, err error) {
	if code := l.cells[fCode]; im.sheet.has[fCode] && code != s.Code {
		s.Code, taken = code, append(taken, "sku")
	}
	price, err := im.price(l, s, p, isNew)
	if err != nil {
		return nil, err
	}
	if price != s.Price {
		s.Price, taken = price, append(taken, "price")
	}
	compare, err := im.compareAt(l, s)
	if err != nil {
		return nil, err
	}
	if !sameAmount(compare, s.CompareAt) {
		s.CompareAt, taken = compare, append(taken, "compare_at_price")
	}
	if on := strings.ToLower(l.cells[fOversell]); on == "continue" || on == "true" {
		l.warn("selling more than there is in stock is not done here")
	}
	stock, err := im.stock(l, s, isNew)
	if err != nil {
		return nil, err
	}
	if stock != s.Stock {
		s.Stock, taken = stock, append(taken, "stock")
	}
	return taken, nil
}

func (im *importer) price(l *line, s *SKU, p *Product, isNew bool) (Money, error) {
	if l.cells[fPrice] == "" && !isNew {
		return s.Price, nil
	}
	currency := l.cells[fCurrency]
	if currency == "" {
		currency = im.opts.Currency
	}
	if currency == "" {
		return Money{}, fault.New(fault.Invalid, "the row names no currency").At("currency").WithHint("like EUR")
	}
	m, err := ParseMoney(l.cells[fPrice], currency)
	if err != nil {
		if f, ok := err.(*fault.Error); ok && f.Field == "" {
			return m, f.At("price")
		}
		return m, err
	}
	for _, other := range p.SKUs {
		if other.ID != s.ID && other.Price.Currency != currency {
			return m, fault.New(fault.Invalid, "the product's prices are in %s, this one in %s", other.Price.Currency, currency).
				At("currency").WithHint("one currency a product")
		}
	}
	return m, nil
}

func (im *importer) compareAt(l *line, s *SKU) (*int64, error) {
	cell := l.cells[fCompareAt]
	if !im.sheet.has[fCompareAt] {
		cell = ""
		if s.CompareAt != nil && *s.CompareAt > s.Price.Amount {
			return s.CompareAt, nil
		}
	}
	if cell == "" {
		return nil, nil
	}
	m, err := ParseMoney(cell, s.Price.Currency)
	if err != nil {
		return nil, err.(*fault.Error).At("compare_at_price")
	}
	if m.Amount <= s.Price.Amount {
		if m.Amount > 0 {
			l.warn("the price to strike through is not higher than the price; left out")
		}
		return nil, nil
	}
	return &m.Amount, nil
}

func (im *importer) stock(l *line, s *SKU, isNew bool) (int, error) {
	cell := l.cells[fStock]
	if cell == "" {
		if isNew {
			l.warn("the file says no quantity: the stock is 0")
		}
		return s.Stock, nil
	}
	n, err := strconv.Atoi(cell)
	if err != nil {
		return 0, fault.New(fault.Invalid, "%q is not a whole number", cell).At("stock")
	}
	if n < 0 {
		l.warn(fmt.Sprintf("a stock of %d counts as 0", n))
		n = 0
	}
	if !isNew && !im.opts.SetStock && n != s.Stock {
		l.warn(fmt.Sprintf("the stock stays at %d, the file says %d: import with 'set stock' to write it", s.Stock, n))
		return s.Stock, nil
	}
	return n, nil
}
