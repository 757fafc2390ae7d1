package order

import (
	"fmt"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"livesrv/internal/fault"
)

// The bounds of a cart.
const (
	maxItems    = 50
	maxQuantity = 99
)

// cleanItems checks a cart and adds up repeated SKUs.
func cleanItems(items []Item) ([]Item, error) {
	if len(items) == 0 {
		return nil, fault.New(fault.Invalid, "the cart is empty").At("items").WithHint("choose something first")
	}
	if len(items) > maxItems {
		return nil, fault.New(fault.Invalid, "the cart has %d lines; %d is the most", len(items), maxItems).At("items").WithHint("order in two parts")
	}
	out := make([]Item, 0, len(items))
	at := map[string]int{}
	for i, it := range items {
		if it.SKU == "" {
			return nil, fault.New(fault.Invalid, "which product?").At(fmt.Sprintf("items[%d].sku", i))
		}
		if it.Quantity < 1 || it.Quantity > maxQuantity {
			return nil, quantity(i, it.Quantity)
		}
		j, again := at[string(it.SKU)]
		if !again {
			at[string(it.SKU)] = len(out)
			out = append(out, it)
			continue
		}
		if out[j].Quantity += it.Quantity; out[j].Quantity > maxQuantity {
			return nil, quantity(i, out[j].Quantity)
		}
	}
	return out, nil
}

func quantity(i, n int) error {
	return fault.New(fault.Invalid, "%d is not a quantity from 1 to %d", n, maxQuantity).At(fmt.Sprintf("items[%d].quantity", i))
}

// clean trims and checks what can be checked without looking anything up.
func clean(r Request) (Request, error) {
	if n := len(r.IdempotencyKey); n < 8 || n > 255 || strings.ContainsFunc(r.IdempotencyKey, func(c rune) bool { return c < '!' || c > '~' }) {
		return r, fault.New(fault.Invalid, "the idempotency key must be 8 to 255 printable ASCII characters without spaces").At("idempotencyKey").
			WithHint("send a random one, the same again when you repeat the request")
	}
	var err error
	if r.Items, err = cleanItems(r.Items); err != nil {
		return r, err
	}
	r.Address.Country = strings.ToUpper(r.Address.Country)
	for _, f := range []struct {
		name  string
		value *string
		max   int
		lines bool
	}{
		{"contact.name", &r.Contact.Name, 100, false},
		{"contact.phone", &r.Contact.Phone, 30, false},
		{"contact.email", &r.Contact.Email, 254, false},
		{"address.line1", &r.Address.Line1, 200, false},
		{"address.line2", &r.Address.Line2, 200, false},
		{"address.city", &r.Address.City, 100, false},
		{"address.region", &r.Address.Region, 100, false},
		{"address.postcode", &r.Address.Postcode, 20, false},
		{"address.country", &r.Address.Country, 2, false},
		{"note", &r.Note, 500, true},
		{"way", &r.Way, 40, false},
		{"pin", &r.Pin, 40, false},
	} {
		if err := cleanText(f.name, f.value, f.max, f.lines); err != nil {
			return r, err
		}
	}
	if err := checkContact(r.Contact); err != nil {
		return r, err
	}
	return r, checkAddress(r.Address)
}

// cleanText trims a text and refuses what is too long or cannot be printed.
func cleanText(name string, s *string, limit int, lines bool) error {
	*s = strings.TrimSpace(strings.ReplaceAll(*s, "\r\n", "\n"))
	if n := utf8.RuneCountInString(*s); n > limit {
		return fault.New(fault.Invalid, "%d characters are too many; %d is the most", n, limit).At(name)
	}
	bad := func(c rune) bool { return unicode.IsControl(c) && (!lines || c != '\n') }
	if !utf8.ValidString(*s) || strings.ContainsFunc(*s, bad) {
		return fault.New(fault.Invalid, "there is a character that cannot be printed").At(name).WithHint("type it again without copying")
	}
	return nil
}

func checkContact(c Contact) error {
	if c.Name == "" {
		return fault.New(fault.Invalid, "a name is needed").At("contact.name")
	}
	if c.Phone == "" && c.Email == "" {
		return fault.New(fault.Invalid, "a phone number or an email address is needed").At("contact.phone").WithHint("so that the merchant can reach you")
	}
	if c.Phone != "" && !isPhone(c.Phone) {
		return fault.New(fault.Invalid, "%q is not a phone number", c.Phone).At("contact.phone").WithHint("5 to 15 digits, with + and the country's code from abroad")
	}
	if c.Email != "" && !isEmail(c.Email) {
		return fault.New(fault.Invalid, "%q is not an email address", c.Email).At("contact.email").WithHint("like name@example.com")
	}
	return nil
}

// isPhone takes what people write, and at most the 15 digits of E.164.
func isPhone(s string) bool {
	digits := 0
	for i, c := range s {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c == '+' && i == 0, strings.ContainsRune(" ()-./", c):
		default:
			return false
		}
	}
	return digits >= 5 && digits <= 15
}

func isEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s { // a display name or a comment is not part of an address
		return false
	}
	_, domain, _ := strings.Cut(s, "@")
	return strings.Contains(domain, ".") && !strings.Contains(domain, "..") && !strings.HasSuffix(domain, ".")
}

func checkAddress(a Address) error {
	if a.Line1 == "" {
		return fault.New(fault.Invalid, "a street and number, or a place, is needed").At("address.line1")
	}
	if a.City == "" {
		return fault.New(fault.Invalid, "a town is needed").At("address.city")
	}
	if c := a.Country; c != "" && (len(c) != 2 || c[0] < 'A' || c[0] > 'Z' || c[1] < 'A' || c[1] > 'Z') {
		return fault.New(fault.Invalid, "%q is not a country's two letters", c).At("address.country").WithHint("like DE or CN (ISO 3166)")
	}
	return nil
}
