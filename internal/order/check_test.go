package order

import (
	"strings"
	"testing"
	"unicode"
)

func TestPhones(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"+49 (0)151 123-45.67": true, "13800138000": true, "12345": true, "1234": false, "1234567890123456": false,
		"49+151123": false, "０１２３４５": false, "abc12345": false, "": false,
	} {
		if got := isPhone(s); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
}

// FuzzClean: whatever a buyer types is refused or comes out printable, and cleaning it again changes nothing.
func FuzzClean(f *testing.F) {
	f.Add("Li Na", "+49 151 1234567", "a@example.com", "Hauptstr. 1", "Berlin", "de", "note\r\nline")
	f.Add("=cmd|x", "123", "A <a@b.c>", "\x00", "\u202e", "D", "\xff")
	f.Fuzz(func(t *testing.T, name, phone, email, line1, city, country, note string) {
		r, err := clean(Request{
			IdempotencyKey: "12345678", Items: []Item{{"sku", 1}}, Note: note,
			Contact: Contact{Name: name, Phone: phone, Email: email}, Address: Address{Line1: line1, City: city, Country: country},
		})
		if err != nil {
			return
		}
		if strings.ContainsFunc(r.Contact.Name+r.Contact.Email+r.Address.Line1+r.Address.City, unicode.IsControl) {
			t.Errorf("%+v", r)
		}
		again, err := clean(r)
		if err != nil || again.hash() != r.hash() {
			t.Errorf("%+v became %+v, %v", r, again, err)
		}
	})
}
