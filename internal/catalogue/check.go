package catalogue

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"livesrv/internal/fault"
)

// The bounds of a product.
const (
	maxImages      = 20
	maxOptions     = 3
	maxSKUs        = 250
	maxStock       = 1_000_000
	maxTitle       = 255
	maxDescription = 20_000
)

// check trims a product's texts and refuses what cannot be sold, naming the field.
func check(p *Product) error {
	if p.Merchant == "" {
		return fault.New(fault.Invalid, "a product needs a merchant").At("merchant")
	}
	if !isHandle(p.Handle) {
		return fault.New(fault.Invalid, "%q cannot be a handle", p.Handle).At("handle").
			WithHint("up to 255 bytes of small letters, digits, - and _, like red-shoes")
	}
	if err := checkText(&p.Title, "title", 1, maxTitle, false); err != nil {
		return err
	}
	if err := checkText(&p.Description, "description", 0, maxDescription, true); err != nil {
		return err
	}
	if err := checkText(&p.Vendor, "vendor", 0, 255, false); err != nil {
		return err
	}
	if len(p.Options) > maxOptions {
		return fault.New(fault.Invalid, "%d options are too many; %d is the most", len(p.Options), maxOptions).At("options")
	}
	for i := range p.Options {
		at := fmt.Sprintf("options[%d]", i)
		if err := checkText(&p.Options[i], at, 1, 60, false); err != nil {
			return err
		}
		if slices.ContainsFunc(p.Options[:i], func(o string) bool { return strings.EqualFold(o, p.Options[i]) }) {
			return fault.New(fault.Invalid, "the option %q is there twice", p.Options[i]).At(at)
		}
	}
	return checkSKUs(p)
}

func checkSKUs(p *Product) error {
	switch n := len(p.SKUs); {
	case n == 0:
		return fault.New(fault.Invalid, "a product needs a price").At("skus").WithHint("give it one choice at least")
	case n > maxSKUs:
		return fault.New(fault.Invalid, "%d choices are too many; %d is the most", n, maxSKUs).At("skus")
	case n > 1 && len(p.Options) == 0:
		return fault.New(fault.Invalid, "a product with several choices needs an option to choose by").At("options").WithHint("like Size")
	}
	seen := map[string]bool{}
	for i := range p.SKUs {
		s := &p.SKUs[i]
		at := fmt.Sprintf("skus[%d]", i)
		if err := checkSKU(s, p, at); err != nil {
			return err
		}
		key := optionKey(s.Options)
		if seen[key] {
			return fault.New(fault.Invalid, "the choice %q is there twice", strings.Join(s.Options, " / ")).At(at + ".options")
		}
		seen[key] = true
		if c := p.SKUs[0].Price.Currency; s.Price.Currency != c {
			return fault.New(fault.Invalid, "the price is in %s, another in %s", s.Price.Currency, c).At(at + ".price").WithHint("one currency a product")
		}
	}
	return nil
}

func checkSKU(s *SKU, p *Product, at string) error {
	if err := checkText(&s.Code, at+".code", 0, 100, false); err != nil {
		return err
	}
	if len(s.Options) != len(p.Options) {
		return fault.New(fault.Invalid, "%d values for %d options", len(s.Options), len(p.Options)).At(at + ".options")
	}
	for j := range s.Options {
		if err := checkText(&s.Options[j], fmt.Sprintf("%s.options[%d]", at, j), 1, 100, false); err != nil {
			return err
		}
	}
	if err := checkPrice(s.Price, at+".price"); err != nil {
		return err
	}
	if c := s.CompareAt; c != nil && (*c <= s.Price.Amount || *c > MaxAmount) {
		return fault.New(fault.Invalid, "the price to strike through is not higher than the price").At(at + ".compareAt").WithHint("leave it out when there is no reduction")
	}
	if s.Stock < 0 || s.Stock > maxStock {
		return fault.New(fault.Invalid, "%d is not a stock from 0 to %d", s.Stock, maxStock).At(at + ".stock")
	}
	if s.Image != "" && !slices.ContainsFunc(p.Images, func(i Image) bool { return i.ID == s.Image }) {
		return fault.New(fault.Invalid, "the product has no picture %q", s.Image).At(at + ".image").WithHint("add the picture to the product first")
	}
	return nil
}

// checkText trims a text and refuses what is too short, too long or cannot be shown.
func checkText(s *string, field string, least, most int, lines bool) error {
	*s = strings.TrimSpace(strings.ReplaceAll(*s, "\r\n", "\n"))
	n := utf8.RuneCountInString(*s)
	switch {
	case n < least:
		return fault.New(fault.Invalid, "there is nothing").At(field).WithHint("write something")
	case n > most:
		return fault.New(fault.Invalid, "%d characters are too many; %d is the most", n, most).At(field)
	case !utf8.ValidString(*s) || strings.ContainsFunc(*s, func(r rune) bool { return unicode.IsControl(r) && (!lines || r != '\n' && r != '\t') }):
		return fault.New(fault.Invalid, "there is a character that cannot be shown").At(field).WithHint("save the text as UTF-8, or type it again")
	}
	return nil
}

// optionKey is equal for the same choice, however it is written.
func optionKey(values []string) string { return strings.ToLower(strings.Join(values, "\x00")) }

func isHandle(s string) bool {
	return s != "" && len(s) <= 255 && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return r != '-' && r != '_' && !unicode.IsDigit(r) && (!unicode.IsLetter(r) || unicode.IsUpper(r))
	})
}

// HandleOf makes a handle from a title: small letters and digits of any alphabet, everything else one hyphen.
func HandleOf(title string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(title) {
		if b.Len() > 100 {
			break
		}
		switch {
		case r == utf8.RuneError || unicode.IsUpper(r):
		case unicode.IsLetter(r), unicode.IsDigit(r):
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	return strings.TrimSuffix(b.String(), "-")
}
